package rpc

import (
	"context"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

type namespaceService struct {
	htsv1.UnimplementedNamespaceServiceServer
	store housetable.Reader
}

// GetNamespace returns one namespace.
func (s *namespaceService) GetNamespace(ctx context.Context, r *htsv1.GetNamespaceRequest) (*htsv1.GetNamespaceResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkDatabaseID("database_id", r.GetDatabaseId())); err != nil {
		return nil, err
	}
	n, err := s.store.Namespace(ctx, warehouse, r.GetDatabaseId())
	if err != nil {
		return nil, err
	}
	return &htsv1.GetNamespaceResponse{Namespace: toNamespace(&n)}, nil
}

// ListNamespaces returns a page of direct children.
func (s *namespaceService) ListNamespaces(ctx context.Context, r *htsv1.ListNamespacesRequest) (*htsv1.ListNamespacesResponse, error) {
	q := housetable.NamespaceQuery{ParentID: r.GetParentDatabaseId()}
	var err error
	q.Warehouse, err = warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkText("parent_database_id", q.ParentID, maxDatabaseIDBytes)); err != nil {
		return nil, err
	}
	of := list("namespaces", q.Warehouse, q.ParentID)
	if q.Page, err = readPage(of, r.GetPageSize(), r.GetPageToken()); err != nil {
		return nil, err
	}
	namespaces, next, err := s.store.ListNamespaces(ctx, q)
	if err != nil {
		return nil, err
	}
	response := &htsv1.ListNamespacesResponse{NextPageToken: pageToken(of, next)}
	for i := range namespaces {
		response.Namespaces = append(response.Namespaces, toNamespace(&namespaces[i]))
	}
	return response, nil
}
