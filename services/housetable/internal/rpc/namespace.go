package rpc

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

type namespaceService struct {
	htsv1.UnimplementedNamespaceServiceServer
	store   housetable.Reader
	commits Committer
}

// GetNamespace returns one namespace.
func (s *namespaceService) GetNamespace(ctx context.Context, r *htsv1.GetNamespaceRequest) (*htsv1.GetNamespaceResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkDatabaseID("database_id", r.GetDatabaseId())); err != nil {
		return nil, err
	}
	v, err := visibleTo(ctx, r.GetVisibility())
	if err != nil {
		return nil, err
	}
	if err := seen(ctx, s.store, warehouse, r.GetDatabaseId(), v); err != nil {
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
	if q.Visible, err = visibleTo(ctx, r.GetVisibility()); err != nil {
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

// CreateNamespace is one commit with one creation.
func (s *namespaceService) CreateNamespace(ctx context.Context, r *htsv1.CreateNamespaceRequest) (*htsv1.CreateNamespaceResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	id := r.GetNamespace().GetDatabaseId()
	if err := firstError(err, checkDatabaseID("namespace.database_id", id),
		checkProperties("namespace.properties", r.GetNamespace().GetProperties())); err != nil {
		return nil, err
	}
	n, err := s.change(ctx, warehouse, "createNamespace", r, housetable.CreateNamespace{DatabaseID: id, Properties: r.GetNamespace().GetProperties()})
	if err != nil {
		return nil, err
	}
	if err := created(ctx); err != nil {
		return nil, err
	}
	return &htsv1.CreateNamespaceResponse{Namespace: toNamespace(n)}, nil
}

// UpdateNamespace is one commit with one update.
func (s *namespaceService) UpdateNamespace(ctx context.Context, r *htsv1.UpdateNamespaceRequest) (*htsv1.UpdateNamespaceResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkDatabaseID("database_id", r.GetDatabaseId()), checkUpdate("", r.GetUpdates(), r.GetRemovals())); err != nil {
		return nil, err
	}
	change := housetable.UpdateNamespace{DatabaseID: r.GetDatabaseId(), Updates: r.GetUpdates(), Removals: r.GetRemovals(), ExpectedVersion: r.GetExpectedVersion()}
	n, err := s.change(ctx, warehouse, "updateNamespace", r, change)
	if err != nil {
		return nil, err
	}
	return &htsv1.UpdateNamespaceResponse{Namespace: toNamespace(n)}, nil
}

// DropNamespace is one commit with one drop.
func (s *namespaceService) DropNamespace(ctx context.Context, r *htsv1.DropNamespaceRequest) (*htsv1.DropNamespaceResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkDatabaseID("database_id", r.GetDatabaseId())); err != nil {
		return nil, err
	}
	change := housetable.DropNamespace{DatabaseID: r.GetDatabaseId(), ExpectedVersion: r.GetExpectedVersion()}
	verdict, err := commitOne(ctx, s.commits, warehouse, "dropNamespace", r, change)
	if err != nil {
		return nil, err
	}
	switch v := verdict.(type) {
	case housetable.Committed, housetable.Replay:
		return &htsv1.DropNamespaceResponse{}, nil
	case housetable.Conflict:
		return nil, namespaceConflict(r.GetDatabaseId(), r.GetDatabaseId(), r.GetExpectedVersion(), v.Changes[0])
	case housetable.Refused:
		return nil, v.Err
	}
	return nil, expectNever(verdict)
}

// change makes a change after which the namespace is there.
func (s *namespaceService) change(ctx context.Context, warehouse, kind string, r proto.Message, change housetable.Change) (*housetable.Namespace, error) {
	verdict, err := commitOne(ctx, s.commits, warehouse, kind, r, change)
	if err != nil {
		return nil, err
	}
	id, needed, expected := names(change)
	switch v := verdict.(type) {
	case housetable.Committed:
		return v.Results[0].Namespace, nil
	case housetable.Replay:
		n, err := s.store.Namespace(ctx, warehouse, id)
		return &n, err
	case housetable.Conflict:
		return nil, namespaceConflict(id, needed, expected, v.Changes[0])
	case housetable.Refused:
		return nil, v.Err
	}
	return nil, expectNever(verdict)
}

// names are the namespace that a change is about, the one that it needs, and at
// which version.
func names(change housetable.Change) (id, needed string, expected int64) {
	switch c := change.(type) {
	case housetable.CreateNamespace:
		return c.DatabaseID, housetable.ParentID(c.DatabaseID), 0
	case housetable.UpdateNamespace:
		return c.DatabaseID, c.DatabaseID, c.ExpectedVersion
	}
	return "", "", 0
}

func namespaceConflict(id, needed string, expected int64, c housetable.ChangeConflict) error {
	switch c.Reason {
	case housetable.VersionMismatch:
		return housetable.StaleNamespace(id, expected, c.CurrentNamespace.Version)
	case housetable.NamespaceExists:
		return fault.New(fault.AlreadyExists, "namespace %q exists already", id)
	case housetable.NamespaceNotEmpty:
		return fault.New(fault.NotEmpty, "namespace %q is not empty", id)
	default:
		return housetable.NoSuchNamespace(needed)
	}
}
