package rpc

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

type visibilityKey struct{}

// visibleTo is what a call's list may show: what its rule found, or what whoever
// is trusted asks for.
func visibleTo(ctx context.Context, asked *htsv1.Visibility) (*housetable.Visibility, error) {
	v := shownTo(ctx)
	if v == nil {
		return fromVisibility(asked)
	}
	if asked != nil {
		return nil, fault.New(fault.Forbidden, "visibility is for callers who may act for others: see trusted-service")
	}
	return v, nil
}

// shownTo is what a call's list may show by its rule; nil is everything.
func shownTo(ctx context.Context) *housetable.Visibility {
	v, _ := ctx.Value(visibilityKey{}).(*housetable.Visibility)
	return v
}

// shows lets a list show what the caller may describe of a container. Who may
// describe nothing in it is not told whether it exists. Where it cannot be told in
// advance what that is, a list is for who may read all of it.
func (a asking) shows(ctx context.Context, warehouse, databaseID string) (context.Context, error) {
	o := authz.Container(warehouse, databaseID)
	v, err := a.by.Visible(ctx, a.who, o)
	switch {
	case err != nil:
		return nil, err
	case v.All:
		return ctx, nil
	case v.Each:
		return ctx, a.need(ctx, authz.Select, o)
	}
	visible := toVisible(v)
	passes, err := a.passes(ctx, warehouse, databaseID, visible)
	switch {
	case err != nil:
		return nil, err
	case !passes:
		return nil, a.refuse(authz.List, o)
	}
	return context.WithValue(ctx, visibilityKey{}, &visible), nil
}

func toVisible(v authz.Visibility) housetable.Visibility {
	visible := housetable.Visibility{Owner: v.Owner, DatabaseIDs: v.DatabaseIDs, UUIDs: make([]housetable.UUID, len(v.UUIDs))}
	for i, id := range v.UUIDs {
		visible.UUIDs[i] = housetable.UUID(id)
	}
	return visible
}

// passes reports whether there is something in a container to be shown, or the
// container was granted to be listed.
func (a asking) passes(ctx context.Context, warehouse, databaseID string, v housetable.Visibility) (bool, error) {
	if allowed, err := a.may(ctx, authz.List, authz.Container(warehouse, databaseID)); err != nil || allowed {
		return allowed, err
	}
	if databaseID == "" {
		n, err := a.store.CountNamespaces(ctx, housetable.NamespaceQuery{Warehouse: warehouse, Visible: &v})
		return n > 0, unlessMissing(err)
	}
	passes, err := a.store.NamespaceVisible(ctx, warehouse, databaseID, v)
	return passes, unlessMissing(err)
}

// unlessMissing is no error of what does not exist.
func unlessMissing(err error) error {
	if fault.Is(err, fault.NoSuchNamespace) || fault.Is(err, fault.NoSuchWarehouse) {
		return nil
	}
	return err
}

// listOf shows of the namespace, or the warehouse, that a request names what the
// caller may describe.
func listOf[R inWarehouse](databaseID func(R) string) rule {
	return as(func(ctx context.Context, a asking, r R) (context.Context, error) {
		warehouse, err := warehouseOr(r.GetWarehouse())
		if err := firstError(err, checkText("database_id", databaseID(r), maxDatabaseIDBytes)); err != nil {
			return nil, err
		}
		return a.shows(ctx, warehouse, databaseID(r))
	})
}

// getNamespace shows a namespace to who may describe it, or something in it.
func getNamespace(ctx context.Context, a asking, r *htsv1.GetNamespaceRequest) error {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkDatabaseID("database_id", r.GetDatabaseId())); err != nil {
		return err
	}
	o := authz.Namespace(warehouse, r.GetDatabaseId())
	if allowed, err := a.may(ctx, authz.Describe, o); err != nil || allowed {
		return err
	}
	v, err := a.by.Visible(ctx, a.who, o)
	if err != nil {
		return err
	}
	if !v.Each {
		passes, err := a.store.NamespaceVisible(ctx, warehouse, r.GetDatabaseId(), toVisible(v))
		if err := unlessMissing(err); err != nil || passes {
			return err
		}
	}
	return a.refuse(authz.Describe, o)
}

// describedWarehouses leaves out of a list the warehouses that the caller may not
// describe. A page may have fewer and yet be continued.
func (a asking) describedWarehouses(ctx context.Context, found []housetable.Warehouse) ([]housetable.Warehouse, error) {
	questions := make([]authz.Question, len(found))
	for i, w := range found {
		questions[i] = authz.Question{Privilege: authz.Describe, Object: authz.Warehouse(w.Name)}
	}
	decisions, err := a.by.Decide(ctx, a.who, questions...)
	described := make([]housetable.Warehouse, 0, len(found))
	for i, d := range decisions {
		if d.Allowed {
			described = append(described, found[i])
		}
	}
	return described, err
}

type askingKey struct{}

// eachWarehouse lets a list show the warehouses that the caller may describe.
func eachWarehouse(ctx context.Context, a asking, _ any) (context.Context, error) {
	return context.WithValue(ctx, askingKey{}, a), nil
}

// described is what of a page of warehouses may be shown.
func described(ctx context.Context, found []housetable.Warehouse) ([]housetable.Warehouse, error) {
	a, bounded := ctx.Value(askingKey{}).(asking)
	if !bounded {
		return found, nil
	}
	return a.describedWarehouses(ctx, found)
}
