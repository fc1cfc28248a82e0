package rpc

import (
	"context"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// ExportTables returns a page of a whole warehouse.
func (s *tableService) ExportTables(ctx context.Context, r *htsv1.ExportTablesRequest) (*htsv1.ExportTablesResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	q := housetable.ExportQuery{Warehouse: warehouse, SoftDeleted: r.GetSoftDeleted()}
	of := list("export", warehouse, q.SoftDeleted)
	if q.Page, err = readPage(of, r.GetPageSize(), r.GetPageToken()); err != nil {
		return nil, err
	}
	tables, next, err := s.store.ExportTables(ctx, q)
	if err != nil {
		return nil, err
	}
	response := &htsv1.ExportTablesResponse{NextPageToken: pageToken(of, next)}
	for i := range tables {
		response.Tables = append(response.Tables, toExported(&tables[i]))
	}
	return response, nil
}

func toExported(t *housetable.ExportedTable) *htsv1.ExportedTable {
	exported := &htsv1.ExportedTable{Table: toTable(&t.Table), Location: t.Location}
	if t.MetadataUUID != nil {
		exported.MetadataUuid = t.MetadataUUID[:]
	}
	return exported
}

// GetLatestPosition waits until nothing can come before the newest event any more.
func (s *eventService) GetLatestPosition(ctx context.Context, r *htsv1.GetLatestPositionRequest) (*htsv1.GetLatestPositionResponse, error) {
	w, err := s.watch(&htsv1.WatchEventsRequest{Warehouse: r.GetWarehouse()})
	if err != nil {
		return nil, err
	}
	if err := w.beginLatest(ctx); err != nil {
		return nil, err
	}
	return &htsv1.GetLatestPositionResponse{Position: w.query.After.String()}, nil
}
