package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// NamespaceProperties is a namespace with its properties.
type NamespaceProperties struct {
	Namespace  Namespace         `json:"namespace"`
	Properties map[string]string `json:"properties"`
}

// PropertyChanges tells what became of the keys that an update named.
type PropertyChanges struct {
	Updated []string `json:"updated"`
	Removed []string `json:"removed"`
	Missing []string `json:"missing"`
}

// CreateNamespace creates a namespace whose parent exists.
func (c *Catalog) CreateNamespace(ctx context.Context, request Request, ns Namespace, properties map[string]string) (NamespaceProperties, error) {
	if err := ns.Validate(); err != nil {
		return NamespaceProperties{}, err
	}
	created := NamespaceProperties{Namespace: ns, Properties: properties}
	if created.Properties == nil {
		created.Properties = map[string]string{}
	}
	if err := checkProperties(properties); err != nil {
		return NamespaceProperties{}, err
	}
	create := c.to(authz.Create, container(request.Warehouse, ns))
	_, err := c.mutate(ctx, request, create, func(ctx context.Context, _ *mutation) (plan, error) {
		if err := c.checkNamespaceLocation(ctx, request.Warehouse, properties); err != nil {
			return plan{}, err
		}
		return plan{
			outcome: Outcome{Status: statusOK}, // all else follows from the request
			changes: []Change{CreateNamespace{Namespace: ns, Properties: properties}},
			lost: func(conflicts []Conflict) error {
				if conflicts[0].Reason == NamespaceMissing {
					return NoSuchNamespace(ns[:len(ns)-1])
				}
				return namespaceRefusal(ns, conflicts[0])
			},
		}, nil
	})
	if err != nil {
		return NamespaceProperties{}, err
	}
	return created, nil
}

// LoadNamespaceMetadata returns a namespace's properties.
func (c *Catalog) LoadNamespaceMetadata(ctx context.Context, warehouse string, ns Namespace) (NamespaceProperties, error) {
	if err := ns.Validate(); err != nil {
		return NamespaceProperties{}, err
	}
	if _, err := c.enter(ctx, authz.Describe, warehouse, ns); err != nil {
		return NamespaceProperties{}, err
	}
	properties, err := c.pointers.Namespace(ctx, warehouse, ns)
	if err != nil {
		return NamespaceProperties{}, err
	}
	return NamespaceProperties{Namespace: ns, Properties: properties}, nil
}

// NamespaceExists fails with fault.NoSuchNamespace when it does not.
func (c *Catalog) NamespaceExists(ctx context.Context, warehouse string, ns Namespace) error {
	_, err := c.LoadNamespaceMetadata(ctx, warehouse, ns)
	return err
}

// ListNamespaces lists those of the direct children of parent, or of the warehouse,
// that the caller may see.
func (c *Catalog) ListNamespaces(ctx context.Context, warehouse string, parent Namespace, page Page) ([]Namespace, string, error) {
	if len(parent) > 0 {
		if err := parent.Validate(); err != nil {
			return nil, "", err
		}
	}
	seen, err := c.enter(ctx, authz.List, warehouse, parent)
	if err != nil {
		return nil, "", err
	}
	return shown(page, seen, func(page Page) ([]Namespace, string, error) {
		return c.pointers.Namespaces(ctx, warehouse, parent, page)
	}, func(rows []Namespace) ([]Namespace, error) {
		return describable(ctx, c, rows, func(child Namespace) authz.Object { return namespaceObject(warehouse, child) })
	})
}

// DropNamespace drops an empty namespace.
func (c *Catalog) DropNamespace(ctx context.Context, request Request, ns Namespace) error {
	if err := ns.Validate(); err != nil {
		return err
	}
	drop := c.to(authz.Drop, namespaceObject(request.Warehouse, ns))
	_, err := c.mutate(ctx, request, drop, func(context.Context, *mutation) (plan, error) {
		return plan{
			outcome: Outcome{Status: statusNoContent},
			changes: []Change{DropNamespace{Namespace: ns}},
			lost:    func(conflicts []Conflict) error { return namespaceRefusal(ns, conflicts[0]) },
		}, nil
	})
	return err
}

// UpdateProperties sets and removes single properties of a namespace.
func (c *Catalog) UpdateProperties(ctx context.Context, request Request, ns Namespace, updates map[string]string, removals []string) (PropertyChanges, error) {
	if err := ns.Validate(); err != nil {
		return PropertyChanges{}, err
	}
	removals = slices.Compact(slices.Sorted(slices.Values(removals)))
	for _, key := range removals {
		if _, both := updates[key]; both {
			return PropertyChanges{}, fault.New(fault.Unprocessable, "Invalid namespace update: cannot simultaneously set and remove keys: [%s]", key)
		}
	}
	if len(removals) > maxRemovals {
		return PropertyChanges{}, fault.Field("removals", "has %d keys, at most %d are allowed", len(removals), maxRemovals)
	}
	if err := checkProperties(updates); err != nil {
		return PropertyChanges{}, err
	}
	write := c.to(authz.Write, namespaceObject(request.Warehouse, ns))
	outcome, err := c.mutate(ctx, request, write, func(ctx context.Context, _ *mutation) (plan, error) {
		if err := c.checkNamespaceLocation(ctx, request.Warehouse, updates); err != nil {
			return plan{}, err
		}
		current, err := c.pointers.Namespace(ctx, request.Warehouse, ns)
		if err != nil {
			return plan{}, err
		}
		p := plan{
			outcome: Outcome{Status: statusOK, Body: whichSet(current, removals)},
			lost:    func(conflicts []Conflict) error { return namespaceRefusal(ns, conflicts[0]) },
		}
		if len(updates)+len(removals) > 0 {
			p.changes = []Change{UpdateNamespace{Namespace: ns, Updates: updates, Removals: removals}}
		}
		return p, nil
	})
	if err != nil {
		return PropertyChanges{}, err
	}
	return propertyChanges(updates, removals, outcome.Body), nil
}

// checkProperties refuses properties that cannot be kept.
func checkProperties(properties map[string]string) error {
	for key, value := range properties {
		switch {
		case key == "":
			return fault.Field("properties", "has an empty key")
		case strings.ContainsRune(key, 0) || strings.ContainsRune(value, 0):
			return fault.Field("properties", "key or value of %q contains NUL", key)
		}
	}
	return nil
}

// maxRemovals is how many keys one update may remove: of each, one bit is kept.
const maxRemovals = 8 * maxOutcomeBody

// whichSet tells, a bit a key, which keys are set.
func whichSet(properties map[string]string, keys []string) []byte {
	bits := make([]byte, (len(keys)+7)/8)
	for i, key := range keys {
		if _, set := properties[key]; set {
			bits[i/8] |= 1 << (i % 8)
		}
	}
	return bits
}

// propertyChanges never leaves an array out: clients need all three. was tells
// which of the removals were set.
func propertyChanges(updates map[string]string, removals []string, was []byte) PropertyChanges {
	changes := PropertyChanges{Updated: []string{}, Removed: []string{}, Missing: []string{}}
	for key := range updates {
		changes.Updated = append(changes.Updated, key)
	}
	slices.Sort(changes.Updated)
	for i, key := range removals {
		if i/8 < len(was) && was[i/8]&(1<<(i%8)) != 0 {
			changes.Removed = append(changes.Removed, key)
		} else {
			changes.Missing = append(changes.Missing, key)
		}
	}
	return changes
}

func unmarshalOutcome(outcome Outcome, v any) error {
	if err := json.Unmarshal(outcome.Body, v); err != nil {
		return fmt.Errorf("read recorded outcome: %w", err)
	}
	return nil
}
