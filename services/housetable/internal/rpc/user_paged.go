package rpc

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// PageUserTables is a page of the databases, of the tables of one, or of those
// that match.
func (s *userTableService) PageUserTables(ctx context.Context, r *htsv1.PageUserTablesRequest) (*htsv1.PageUserTablesResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkPagedQuery(r)); err != nil {
		return nil, err
	}
	orders := userOrders()
	if r.DatabaseId == nil {
		orders = map[string]housetable.Order{"databaseId": housetable.ByKey}
	}
	p, err := readUserPage(r, r.Size != nil, list("user", warehouse, r.DatabaseId == nil, r.GetDatabaseId(), r.GetTableId()), orders)
	if err != nil {
		return nil, err
	}
	var results *htsv1.UserTablePage
	if r.DatabaseId == nil {
		results, err = s.pageOfDatabases(ctx, warehouse, p)
	} else {
		q := housetable.TableQuery{
			Warehouse: warehouse, DatabaseID: r.GetDatabaseId(), Kind: housetable.KindTable, Match: nameMatch(r.GetTableId()), Visible: shownTo(ctx),
		}
		results, err = s.pageOfTables(ctx, q, p)
	}
	if err != nil {
		return nil, err
	}
	return &htsv1.PageUserTablesResponse{PageResults: results}, nil
}

func checkPagedQuery(r *htsv1.PageUserTablesRequest) error {
	if r.TableVersion != nil || r.MetadataLocation != nil || r.StorageType != nil || r.CreationTime != nil {
		return unsupportedFilter()
	}
	return checkUserFilter(r, r.DatabaseId != nil, r.TableId != nil)
}

// userOrders are the fields that user tables may be sorted by. One database's
// tables have the order of their ids under either id.
func userOrders() map[string]housetable.Order {
	return map[string]housetable.Order{
		"databaseId": housetable.ByKey, "tableId": housetable.ByKey, "version": housetable.ByVersion,
		"metadataLocation": housetable.ByMetadataLocation, "storageType": housetable.ByStorageType, "creationTime": housetable.ByCreationTime,
	}
}

func (s *userTableService) pageOfDatabases(ctx context.Context, warehouse string, p userPage) (*htsv1.UserTablePage, error) {
	q := housetable.NamespaceQuery{Warehouse: warehouse, Skip: p.skip(), Visible: shownTo(ctx), Page: p.part()}
	if err := p.count(func() (int64, error) { return s.store.CountNamespaces(ctx, q) }); err != nil {
		return nil, err
	}
	namespaces, next, err := s.store.ListNamespaces(ctx, q)
	if err != nil {
		return nil, err
	}
	return p.response(toUserDatabases(namespaces), next), nil
}

// pageOfTables is a page of a database; one that does not exist has none.
func (s *userTableService) pageOfTables(ctx context.Context, q housetable.TableQuery, p userPage) (*htsv1.UserTablePage, error) {
	if err := p.count(func() (int64, error) { return s.store.CountTables(ctx, q) }); err != nil {
		return nil, err
	}
	q.Order, q.Skip, q.Page = p.order, p.skip(), p.part()
	tables, next, err := s.store.ListTables(ctx, q)
	if err != nil && !fault.Is(err, fault.NoSuchNamespace) {
		return nil, err
	}
	return p.response(toUserTables(tables), next), nil
}
