package catalog

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// enter is what the caller sees of a namespace, or without levels of a warehouse.
// It takes a privilege on it; or that it is passed through on the way to something
// inside that the caller may describe.
func (c *Catalog) enter(ctx context.Context, privilege authz.Privilege, warehouse string, ns Namespace) (authz.Visibility, error) {
	asked := authz.Question{Privilege: privilege, Object: namespaceObject(warehouse, ns)}
	seen, err := c.settings.Authorization.Visible(ctx, caller(ctx), asked.Object)
	switch {
	case fault.Is(err, fault.NoSuchWarehouse):
		return seen, c.hide(ctx, asked, authz.Server(), NoSuchWarehouse(warehouse))
	case err != nil || seen.All:
		return seen, err
	}
	answers, err := c.decide(ctx, asked)
	if err != nil || answers[0].Allowed {
		return seen, err
	}
	if !seen.Each && !seen.Nothing() {
		passage, err := c.passage(ctx, warehouse, ns, seen)
		if err != nil || passage {
			return seen, err
		}
	}
	return seen, c.closed(ctx, asked, warehouse, ns)
}

// passage reports whether anything visible is in a namespace, at any depth.
func (c *Catalog) passage(ctx context.Context, warehouse string, ns Namespace, seen authz.Visibility) (bool, error) {
	if len(ns) == 0 {
		found, _, err := c.pointers.Namespaces(ctx, warehouse, nil, Page{Paged: true, Size: 1, Visible: &seen})
		return len(found) > 0, orNone(err)
	}
	err := c.pointers.NamespaceVisible(ctx, warehouse, ns, seen)
	return err == nil, orNone(err)
}

// orNone takes what is not there for an answer.
func orNone(err error) error {
	if notThere(err) {
		return nil
	}
	return err
}

// closed is the refusal of a namespace, or that it is not there, to whom that is told.
func (c *Catalog) closed(ctx context.Context, asked authz.Question, warehouse string, ns Namespace) error {
	var err error
	in := authz.Server()
	if len(ns) == 0 {
		_, err = c.pointers.Warehouse(ctx, warehouse)
	} else {
		in = container(warehouse, ns)
		_, err = c.pointers.Namespace(ctx, warehouse, ns)
	}
	switch {
	case err == nil:
		return denial{error: authz.Refusal(caller(ctx), asked)}
	case notThere(err):
		return c.hide(ctx, asked, in, err)
	}
	return err
}

// Bounds of the filling of one page row by row.
const fillRounds = 32

// shown is a page of those rows that are seen. Where that can be told in advance
// the list leaves out the others; else keep does, and further rows take their
// places, for so many rounds: a page may be short, even empty, and not the last.
func shown[T any](page Page, seen authz.Visibility, list func(Page) ([]T, string, error), keep func([]T) ([]T, error)) ([]T, string, error) {
	if !seen.Each {
		if !seen.All {
			page.Visible = &seen
		}
		return paged(page, list)
	}
	return paged(page, func(page Page) ([]T, string, error) {
		kept := []T{}
		for range fillRounds {
			part := page
			part.Size -= len(kept)
			rows, next, err := list(part)
			if err != nil {
				return nil, "", err
			}
			if rows, err = keep(rows); err != nil {
				return nil, "", err
			}
			kept, page.Token = append(kept, rows...), next
			if next == "" || len(kept) == page.Size {
				break
			}
		}
		return kept, page.Token, nil
	})
}

// describable are those rows that the caller may describe.
func describable[T any](ctx context.Context, c *Catalog, rows []T, object func(T) authz.Object) ([]T, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	questions := make([]authz.Question, len(rows))
	for i, row := range rows {
		questions[i] = authz.Question{Privilege: authz.Describe, Object: object(row)}
	}
	answers, err := c.decide(ctx, questions...)
	if err != nil {
		return nil, err
	}
	kept := rows[:0]
	for i, row := range rows {
		if answers[i].Allowed {
			kept = append(kept, row)
		}
	}
	return kept, nil
}

func namesOf(pointers []Pointer) []string {
	names := make([]string, len(pointers))
	for i, p := range pointers {
		names[i] = p.Identifier.Name
	}
	return names
}
