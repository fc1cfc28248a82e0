package catalog

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// sought is allowed for who looks for something. Engines take a name for that of a table
// first, and then for that of a view, or of a metadata table of the one that it is below:
// "sales.orders.snapshots". They go on only where nothing is. So who may describe one of
// those is told so, whatever else the name stands for that they may not see.
func (c *Catalog) sought(ctx context.Context, privilege authz.Privilege, warehouse string, id TableIdentifier, kind Kind) (Pointer, error) {
	p, refused := c.allowed(ctx, privilege, warehouse, id, kind)
	if privilege != authz.Describe || !fault.Is(refused, fault.Forbidden) {
		return p, refused
	}
	for _, n := range neighbours(id, kind) {
		switch _, err := c.allowed(ctx, authz.Describe, warehouse, n.id, n.kind); {
		case err == nil:
			return Pointer{}, NoSuchPointer(kind, id)
		case !fault.Is(err, fault.Forbidden) && !notThere(err):
			return Pointer{}, err
		}
	}
	return p, refused
}

// neighbours are what engines take a name for as well.
func neighbours(id TableIdentifier, kind Kind) []target {
	switch last := len(id.Namespace) - 1; {
	case kind == ViewKind:
		return []target{{id: id, kind: TableKind}}
	case kind == TableKind && last > 0:
		of := TableIdentifier{Namespace: id.Namespace[:last], Name: id.Namespace[last]}
		return []target{{id: id, kind: ViewKind}, {id: of, kind: TableKind}}
	case kind == TableKind:
		return []target{{id: id, kind: ViewKind}}
	}
	return nil
}
