package removal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// pageSize is how many entries of a list are asked for at once.
const pageSize = 1000

// eachWarehouse calls do with every warehouse there is.
func (r *Remover) eachWarehouse(ctx context.Context, do func(catalog.Warehouse) error) error {
	return paged(func(page catalog.Page) ([]catalog.Warehouse, string, error) { return r.pointers.Warehouses(ctx, page) }, do)
}

// paged calls do with every entry of a list.
func paged[T any](list func(catalog.Page) ([]T, string, error), do func(T) error) error {
	page := catalog.Page{Paged: true, Size: pageSize}
	for {
		entries, next, err := list(page)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if err := do(entry); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		page.Token = next
	}
}

// eachPointer calls do with every table, view and function of a warehouse.
func (r *Remover) eachPointer(ctx context.Context, warehouse string, do func(catalog.Pointer) error) error {
	var within func(ns catalog.Namespace) error
	within = func(ns catalog.Namespace) error {
		if len(ns) > 0 {
			for _, kind := range []catalog.Kind{catalog.TableKind, catalog.ViewKind, catalog.FunctionKind} {
				err := paged(func(page catalog.Page) ([]catalog.Pointer, string, error) {
					return r.pointers.ListPointers(ctx, warehouse, ns, kind, page)
				}, do)
				if err != nil {
					return err
				}
			}
		}
		return paged(func(page catalog.Page) ([]catalog.Namespace, string, error) {
			return r.pointers.Namespaces(ctx, warehouse, ns, page)
		}, func(child catalog.Namespace) error {
			if err := within(child); !fault.Is(err, fault.NoSuchNamespace) {
				return err
			}
			return nil // dropped since
		})
	}
	return within(nil)
}

// surveyLife is how long it is relied upon where live tables lie.
const surveyLife = time.Minute

// surveys find out, now and again, where live tables lie: where tables may
// overlap no place is anybody's alone, and so all have to be asked.
type surveys struct {
	*Remover

	warehouse, location string
	live                *territory
	at                  time.Time
}

// ours leaves out the files that lie where a live table does.
func (s *surveys) ours(ctx context.Context, files []string) ([]string, error) {
	if s.live == nil || time.Since(s.at) > surveyLife {
		began := time.Now()
		live, err := s.survey(ctx)
		if err != nil {
			return nil, fmt.Errorf("look where live tables lie: %w", err)
		}
		s.live, s.at = live, began
	}
	if err := s.live.blind.to(s.warehouse); err != nil {
		s.live = nil // it is looked for again
		return nil, err
	}
	if owner := s.live.owner(s.location); owner != "" {
		return nil, occupied(s.location, owner)
	}
	return slices.DeleteFunc(files, s.live.holds), nil
}

// territory is where live tables lie.
type territory struct {
	// owners of the places, by their canonical locations.
	owners map[string]string
	// named are the metadata files that pointers name, in the same spelling.
	named map[string]bool
	blind blind
}

// survey finds out where everything lies that is live. Of a warehouse of which not
// all is seen it is where its tables may lie.
func (r *Remover) survey(ctx context.Context) (*territory, error) {
	t := &territory{owners: map[string]string{}, named: map[string]bool{}, blind: newBlind()}
	err := r.eachWarehouse(ctx, func(w catalog.Warehouse) error {
		t.blind.own[w.Name] = w.Storage != nil
		err := r.eachPointer(ctx, w.Name, func(p catalog.Pointer) error {
			location, err := r.locationOf(ctx, w.Name, p)
			if err := t.blind.miss(w.Name, err); err != nil {
				return err
			}
			t.owners[canonical(location)] = w.Name + ": " + p.Identifier.String()
			t.named[canonical(p.MetadataLocation)] = true
			return nil
		})
		if t.blind.why[w.Name] != nil {
			for _, root := range roots(w) {
				t.owners[canonical(root)] = w.Name
			}
		}
		return err
	})
	return t, err
}

// locationOf is where a live table lies. Of one whose metadata cannot be read,
// it is the place that such a file has by default; so it is, with an error, of one
// that is unseen.
func (r *Remover) locationOf(ctx context.Context, warehouse string, p catalog.Pointer) (string, error) {
	file := metadataFile{warehouse, p.MetadataLocation}
	if location, known := r.lies.GetIfPresent(file); known {
		return location, nil
	}
	d, err := r.look(ctx, warehouse, p.MetadataLocation)
	switch {
	case illegible(err):
		return defaultPlace(p), nil
	case err != nil:
		return defaultPlace(p), err
	}
	r.lies.Set(file, d.Location)
	return d.Location, nil
}

// canonical is one spelling for all spellings of a place, the schemes of one
// store among them; what cannot be spelled otherwise is itself.
func canonical(location string) string {
	if c, err := catalog.CanonicalLocation(location); err == nil {
		location = c
	}
	if scheme, rest, found := strings.Cut(location, ":"); found {
		if store := objectstore.StoreOf(location); store != "" {
			scheme = store
		}
		location = scheme + ":" + rest
	}
	return strings.TrimRight(location, "/")
}

// parent is the place that holds a location; "" when none does.
func parent(location string) string {
	return location[:max(strings.LastIndexByte(location, '/'), 0)]
}

// holds reports whether a file is a live table's, or may be: it lies where one
// lies, or is the one that a pointer names.
func (t *territory) holds(file string) bool {
	c := canonical(file)
	return t.named[c] || t.owner(parent(c)) != ""
}

// owner is whose place contains a location; "" when it is nobody's.
func (t *territory) owner(location string) string {
	for place := canonical(location); place != ""; place = parent(place) {
		if owner, taken := t.owners[place]; taken {
			return owner
		}
	}
	return ""
}
