package hts

import (
	"context"
	"maps"
	"sync"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// Site implements catalog.Pointers.
func (p *Pointers) Site(ctx context.Context, warehouse string, id catalog.TableIdentifier, kind catalog.Kind) (catalog.Site, error) {
	answer, err := read(ctx, p.tables.BatchGetTables, &htsv1.BatchGetTablesRequest{
		Warehouse: warehouse, Keys: []*htsv1.TableKey{keyOf(id, kind)}, Sites: true,
	})
	switch {
	case err != nil:
		return catalog.Site{}, missing(err, warehouse, fault.NoSuchWarehouse, nil)
	case answer.GetWarehouse() == nil:
		return p.siteOfOld(ctx, warehouse, id, kind)
	case len(answer.GetNamespaces()) == 0:
		return catalog.Site{}, catalog.NoSuchNamespace(id.Namespace)
	}
	return siteOf(answer)
}

// siteOf copies what may be others' as well.
func siteOf(answer *htsv1.BatchGetTablesResponse) (catalog.Site, error) {
	site := catalog.Site{
		Warehouse:  WarehouseOf(answer.GetWarehouse()),
		Properties: maps.Clone(answer.GetNamespaces()[0].GetProperties()),
	}
	if len(answer.GetTables()) == 0 {
		return site, nil
	}
	standing, err := pointerOf(answer.GetTables()[0])
	site.Standing = &standing
	return site, err
}

// siteOfOld asks a service of an older version for one thing after the other, all at
// once.
func (p *Pointers) siteOfOld(ctx context.Context, warehouse string, id catalog.TableIdentifier, kind catalog.Kind) (site catalog.Site, err error) {
	find := p.Pointer
	if kind == catalog.FunctionKind {
		find = p.Function
	}
	var standing catalog.Pointer
	var unknown, homeless error
	var reads sync.WaitGroup
	reads.Go(func() { standing, unknown = find(ctx, warehouse, id) })
	reads.Go(func() { site.Warehouse, homeless = p.Warehouse(ctx, warehouse) })
	site.Properties, err = p.Namespace(ctx, warehouse, id.Namespace)
	reads.Wait()
	switch free := fault.Is(unknown, fault.NoSuchTable) || fault.Is(unknown, fault.NoSuchFunction); {
	case err != nil:
		return catalog.Site{}, err
	case unknown != nil && !free:
		return catalog.Site{}, unknown
	case !free:
		site.Standing = &standing
	}
	return site, homeless
}
