package rpc

import (
	"context"
	"fmt"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

type tableService struct {
	htsv1.UnimplementedTableServiceServer
	store housetable.Reader
}

// GetTable returns one house table.
func (s *tableService) GetTable(ctx context.Context, r *htsv1.GetTableRequest) (*htsv1.GetTableResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkKey("key", r.GetKey())); err != nil {
		return nil, err
	}
	t, err := getTable(ctx, s.store, warehouse, fromKey(r.GetKey()))
	if err != nil {
		return nil, err
	}
	return &htsv1.GetTableResponse{Table: toTable(&t)}, nil
}

func getTable(ctx context.Context, store housetable.Reader, warehouse string, key housetable.TableKey) (housetable.Table, error) {
	tables, err := store.Tables(ctx, warehouse, []housetable.TableKey{key})
	if err != nil {
		return housetable.Table{}, err
	}
	if tables[0] == nil {
		return housetable.Table{}, housetable.NoSuchTable(key)
	}
	return *tables[0], nil
}

// BatchGetTables returns those that exist.
func (s *tableService) BatchGetTables(ctx context.Context, r *htsv1.BatchGetTablesRequest) (*htsv1.BatchGetTablesResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	if n := len(r.GetKeys()); n > maxBatchGet {
		return nil, fault.Field("keys", "has %d entries, %d are allowed", n, maxBatchGet)
	}
	keys := make([]housetable.TableKey, len(r.GetKeys()))
	for i, k := range r.GetKeys() {
		if checkKey("keys", k) != nil {
			return nil, checkKey(fmt.Sprintf("keys[%d]", i), k)
		}
		keys[i] = fromKey(k)
	}
	if r.GetSites() {
		sites, err := s.store.Sites(ctx, warehouse, keys)
		return toSites(sites), err
	}
	tables, err := s.store.Tables(ctx, warehouse, keys)
	return toTables(tables), err
}

func toTables(tables []*housetable.Table) *htsv1.BatchGetTablesResponse {
	response := &htsv1.BatchGetTablesResponse{}
	for i, t := range tables {
		if t != nil {
			response.Tables = append(response.Tables, toTable(t))
			response.Indexes = append(response.Indexes, uint32(i))
		}
	}
	return response
}

func toSites(sites housetable.Sites) *htsv1.BatchGetTablesResponse {
	response := toTables(sites.Tables)
	response.Warehouse = toWarehouse(sites.Warehouse)
	for i := range sites.Namespaces {
		response.Namespaces = append(response.Namespaces, toNamespace(&sites.Namespaces[i]))
	}
	for _, place := range sites.NamespaceOf {
		response.NamespaceOf = append(response.NamespaceOf, uint32(place+1))
	}
	return response
}

// ListTables returns a page of one namespace and kind.
func (s *tableService) ListTables(ctx context.Context, r *htsv1.ListTablesRequest) (*htsv1.ListTablesResponse, error) {
	q := housetable.TableQuery{DatabaseID: r.GetDatabaseId(), Kind: fromKind(r.GetKind())}
	if q.Kind == housetable.AnyKind {
		q.Kind = housetable.KindTable
	}
	var err error
	q.Warehouse, err = warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkDatabaseID("database_id", r.GetDatabaseId())); err != nil {
		return nil, err
	}
	if q.Visible, err = visibleTo(ctx, r.GetVisibility()); err != nil {
		return nil, err
	}
	of := list("tables", q.Warehouse, q.DatabaseID, q.Kind)
	if q.Page, err = readPage(of, r.GetPageSize(), r.GetPageToken()); err != nil {
		return nil, err
	}
	if r.GetNamesOnly() {
		return s.listNames(ctx, q, r, of)
	}
	tables, next, err := s.store.ListTables(ctx, q)
	if err != nil {
		return nil, err
	}
	response := &htsv1.ListTablesResponse{NextPageToken: pageToken(of, next)}
	for i := range tables {
		response.Tables = append(response.Tables, toTable(&tables[i]))
	}
	return response, nil
}

// listNames returns a page of names, unless the caller knows them.
func (s *tableService) listNames(ctx context.Context, q housetable.TableQuery, r *htsv1.ListTablesRequest, of string) (*htsv1.ListTablesResponse, error) {
	mark := ""
	if r.Known != nil && q.Visible == nil {
		var same bool
		var err error
		if mark, same, err = s.store.ListMark(ctx, q.Warehouse, q.DatabaseID, openMark(of, r.GetKnown())); err != nil {
			return nil, err
		}
		if same {
			return &htsv1.ListTablesResponse{Mark: r.GetKnown(), Unchanged: true}, nil
		}
	}
	// Read behind the mark: what comes in between makes it listed once more.
	names, next, err := s.store.ListNames(ctx, q)
	if err != nil {
		return nil, err
	}
	response := toNames(names, r.GetInLines(), pageToken(of, next))
	response.Mark = sealMark(of, mark)
	return response, nil
}

// toNames is a page of names. As one text they cost a fraction, here and there.
func toNames(names []string, inLines bool, token string) *htsv1.ListTablesResponse {
	if inLines {
		return &htsv1.ListTablesResponse{Lines: strings.Join(names, "\n"), NextPageToken: token}
	}
	return &htsv1.ListTablesResponse{TableIds: names, NextPageToken: token}
}
