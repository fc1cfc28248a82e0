package rpc

import (
	"context"
	"strconv"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// GetTableHistory returns a page of versions, newest first.
func (s *tableService) GetTableHistory(ctx context.Context, r *htsv1.GetTableHistoryRequest) (*htsv1.GetTableHistoryResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	q := housetable.HistoryQuery{Warehouse: warehouse}
	if q.UUID, err = historyOf(ctx, s.store, warehouse, r); err != nil {
		return nil, err
	}
	of := list("history", warehouse, q.UUID)
	page, err := readPage(of, r.GetPageSize(), r.GetPageToken())
	if err != nil {
		return nil, err
	}
	q.Limit = page.Limit
	if page.After != "" {
		if q.Before, err = strconv.ParseInt(page.After, 10, 64); err != nil {
			return nil, fault.Field("page_token", "is not a token of this service")
		}
	}
	versions, before, err := s.store.History(ctx, q)
	if err != nil {
		return nil, err
	}
	response := &htsv1.GetTableHistoryResponse{}
	if before > 0 {
		response.NextPageToken = pageToken(of, strconv.FormatInt(before, 10))
	}
	for i := range versions {
		response.Versions = append(response.Versions, toVersion(&versions[i]))
	}
	return response, nil
}

// GetTableVersion returns one version.
func (s *tableService) GetTableVersion(ctx context.Context, r *htsv1.GetTableVersionRequest) (*htsv1.GetTableVersionResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkAt(r)); err != nil {
		return nil, err
	}
	uuid, err := historyOf(ctx, s.store, warehouse, r)
	if err != nil {
		return nil, err
	}
	var version housetable.TableVersion
	if r.GetAsOf() != nil {
		version, err = housetable.VersionAsOf(ctx, s.store, warehouse, uuid, r.GetAsOf().AsTime())
	} else {
		version, err = housetable.VersionAt(ctx, s.store, warehouse, uuid, r.GetVersion())
	}
	if err != nil {
		return nil, err
	}
	return &htsv1.GetTableVersionResponse{TableVersion: toVersion(&version)}, nil
}

func checkAt(r *htsv1.GetTableVersionRequest) error {
	switch at := r.GetAt().(type) {
	case *htsv1.GetTableVersionRequest_Version:
		return nil
	case *htsv1.GetTableVersionRequest_AsOf:
		if err := at.AsOf.CheckValid(); err != nil {
			return fault.Field("as_of", "is not a time from year 1 to 9999")
		}
		return nil
	}
	return fault.Field("version", "or as_of must be given")
}

// ofTable is a request about one house table.
type ofTable interface {
	GetKey() *htsv1.TableKey
	GetUuid() []byte
}

// historyOf is the uuid whose history is asked for.
func historyOf(ctx context.Context, store housetable.Reader, warehouse string, r ofTable) (housetable.UUID, error) {
	if len(r.GetUuid()) > 0 {
		return checkUUID("uuid", r.GetUuid())
	}
	if err := checkKey("key", r.GetKey()); err != nil {
		return housetable.UUID{}, err
	}
	t, err := getTable(ctx, store, warehouse, fromKey(r.GetKey()))
	return t.UUID, err
}
