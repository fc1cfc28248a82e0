package catalog

import (
	"context"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// RegisterTable makes a table of metadata that exists. With overwrite it points
// a table that exists to other metadata of its own.
func (c *Catalog) RegisterTable(ctx context.Context, request Request, id TableIdentifier, location string, overwrite bool) (Loaded, error) {
	return c.register(ctx, request, id, TableKind, location, overwrite)
}

// RegisterFunction makes a function of metadata that exists. With overwrite it
// points a function that exists to other metadata of its own.
func (c *Catalog) RegisterFunction(ctx context.Context, request Request, id TableIdentifier, location string, overwrite bool) (Loaded, error) {
	return c.register(ctx, request, id, FunctionKind, location, overwrite)
}

// RegisterView makes a view of metadata that exists.
func (c *Catalog) RegisterView(ctx context.Context, request Request, id TableIdentifier, location string) (Loaded, error) {
	return c.register(ctx, request, id, ViewKind, location, false)
}

func (c *Catalog) register(ctx context.Context, request Request, id TableIdentifier, kind Kind, location string, overwrite bool) (Loaded, error) {
	if err := id.Validate(); err != nil {
		return Loaded{}, err
	}
	create := c.to(authz.Create, namespaceObject(request.Warehouse, id.Namespace))
	outcome, err := c.mutate(ctx, request, create, func(ctx context.Context, m *mutation) (plan, error) {
		if _, err := c.pointers.Namespace(ctx, request.Warehouse, id.Namespace); err != nil {
			return plan{}, err
		}
		d, err := m.foreign(ctx, kind, location)
		if err != nil {
			return plan{}, err
		}
		if overwrite {
			return m.overwritePlan(ctx, id, kind, d, location)
		}
		if _, err := m.vacant(ctx, request.Warehouse, id, kind); err != nil {
			return plan{}, err
		}
		holds, err := m.holds(kind, nil, d)
		return pointerPlan(id, kind, location, holds), err
	})
	if err != nil {
		return Loaded{}, err
	}
	return c.render(ctx, request.Warehouse, id, kind, outcome)
}

// foreign reads metadata that a client names. It must lie, and place its files,
// where this warehouse's tables may lie: to register is not a way to read.
func (m *mutation) foreign(ctx context.Context, kind Kind, location string) (document, error) {
	w, err := m.pointers.Warehouse(ctx, m.request.Warehouse)
	if err != nil {
		return nil, err
	}
	if err := m.checkLocation(w, location); err != nil {
		return nil, err
	}
	d, err := m.metadata.load(ctx, m.request.Warehouse, kind, location)
	switch known := fault.KindOf(err); {
	case err == nil:
	case known == fault.Invalid || known == fault.Unsupported:
		return nil, err
	default:
		return nil, fault.Wrap(fault.Invalid, err, "the file at %s cannot be read", location)
	}
	if err := d.validate(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the file at %s is not %s metadata that can be used", location, strings.ToLower(kind.word()))
	}
	if kind == FunctionKind {
		return d, nil // no file of its own is ever written
	}
	if err := m.checkLocation(w, d.Location()); err != nil {
		return nil, err
	}
	return d, m.checkMetadataFolder(w, d)
}

// overwritePlan swaps a pointer. Other metadata of the same table is a way back
// in time; another table's would be a way to lose one.
func (m *mutation) overwritePlan(ctx context.Context, id TableIdentifier, kind Kind, d document, location string) (plan, error) {
	p, err := m.standing(ctx, m.request.Warehouse, id, kind)
	switch {
	case err != nil:
		return plan{}, err
	case p == nil:
		holds, err := m.holds(kind, nil, d)
		return pointerPlan(id, kind, location, holds), err
	case p.Kind != kind:
		return plan{}, nameTaken(kind, id, p)
	}
	if err := m.allow(ctx, authz.Write, pointerObject(m.request.Warehouse, id, *p)); err != nil {
		return plan{}, err
	}
	// A table whose metadata cannot be read may be repaired by any.
	base, err := m.metadata.load(ctx, m.request.Warehouse, kind, p.MetadataLocation)
	if err == nil && base.UUID() != d.UUID() {
		return plan{}, fault.New(fault.AlreadyExists, "%s already exists: %s, with UUID %s; the metadata to register is of %s", kind.word(), id, base.UUID(), d.UUID())
	}
	holds, err := m.holds(kind, base, d)
	return plan{
		outcome: Outcome{Status: statusOK, MetadataLocations: []string{location}},
		changes: []Change{SwapPointer{
			Identifier: id, Expect: Expectation{UUID: p.UUID, Version: p.Version, Kind: kind}, MetadataLocation: location, Holds: holds,
		}},
		lost: func(conflicts []Conflict) error { return heldRefusal(conflicts[0], holds) }, // whatever else changed: look again
	}, err
}

// UnregisterTable takes a table away and returns its last metadata; all of its
// files stay. No commit can come between the two.
func (c *Catalog) UnregisterTable(ctx context.Context, request Request, id TableIdentifier) (Loaded, error) {
	if err := id.Validate(); err != nil {
		return Loaded{}, err
	}
	gone := &target{id: id, kind: TableKind}
	drop := c.toTarget(authz.Drop, request.Warehouse, gone)
	outcome, err := c.mutate(ctx, request, drop, func(ctx context.Context, m *mutation) (plan, error) {
		p, err := m.targeted(ctx, gone)
		if err != nil {
			return plan{}, err
		}
		if _, err := m.metadata.load(ctx, m.request.Warehouse, TableKind, p.MetadataLocation); err != nil {
			return plan{}, stored(p.MetadataLocation, err)
		}
		return plan{
			outcome: Outcome{Status: statusOK, MetadataLocations: []string{p.MetadataLocation}},
			changes: []Change{DropPointer{Identifier: id, Expect: Expectation{UUID: p.UUID, Version: p.Version, Kind: TableKind}}},
			lost:    func([]Conflict) error { return nil }, // committed to meanwhile, or gone: look again
		}, nil
	})
	if err != nil {
		return Loaded{}, err
	}
	return c.render(ctx, request.Warehouse, id, TableKind, outcome)
}
