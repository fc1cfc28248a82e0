package rpc

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/authz"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// changeGrants needs, for each grant, the right to give it.
func changeGrants[R grantChange](ctx context.Context, a asking, r R) error {
	warehouse, grants, err := fromGrants(r.GetGrants())
	if err != nil {
		return err
	}
	for _, g := range grants {
		if err := a.needObject(ctx, g.Privilege.Giver(), warehouse, g.Object); err != nil {
			return err
		}
	}
	return nil
}

// needObject needs a privilege on what something is granted on.
func (a asking) needObject(ctx context.Context, p authz.Privilege, warehouse string, o housetable.Object) error {
	if o.IsTable() {
		return a.needTable(ctx, p, warehouse, o.Key())
	}
	return a.need(ctx, p, authz.Object{Kind: o.Kind, Warehouse: warehouse, DatabaseID: o.DatabaseID, Role: o.Role})
}

// listGrants needs the right to manage grants, but of those to the caller.
func listGrants(ctx context.Context, a asking, r *htsv1.ListGrantsRequest) error {
	warehouse, object, err := fromAccessObject("object", r.GetObject())
	if err != nil {
		return err
	}
	p := authz.ManageGrants
	if r.GetGrantee() == string(authz.User(a.who.Principal())) {
		p = authz.Describe
	}
	return a.needObject(ctx, p, warehouse, object)
}

// explain needs the right to manage grants, but for what callers ask about
// themselves.
func explain(ctx context.Context, a asking, r *htsv1.ExplainRequest) error {
	warehouse, object, err := fromAccessObject("object", r.GetObject())
	if err != nil {
		return err
	}
	p := authz.ManageGrants
	if r.GetPrincipal() == "" {
		p = authz.Describe
	}
	return a.needObject(ctx, p, warehouse, object)
}

// followAccess is for who owns what the grants are of.
func followAccess(ctx context.Context, a asking, r *htsv1.FollowAccessRequest) error {
	if r.GetWarehouse() == housetable.ServersPart {
		return a.need(ctx, authz.Own, authz.Server())
	}
	return a.needWarehouse(ctx, authz.Own, r.GetWarehouse())
}
