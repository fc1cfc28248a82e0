package rpc

import (
	"context"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pause"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// maxFollowed is the most entries in one answer to a follower: they fit into a
// message.
const maxFollowed = 10_000

// accessStore is what access needs of a store.
type accessStore interface {
	housetable.Access
	housetable.Reader
}

type accessService struct {
	htsv1.UnimplementedAccessServiceServer
	store   accessStore
	options Options
}

// Grant gives grants.
func (s *accessService) Grant(ctx context.Context, r *htsv1.GrantRequest) (*htsv1.GrantResponse, error) {
	if err := s.change(ctx, r, false); err != nil {
		return nil, err
	}
	return &htsv1.GrantResponse{}, nil
}

// Revoke takes grants away. Who asks to wait is answered by settled.
func (s *accessService) Revoke(ctx context.Context, r *htsv1.RevokeRequest) (*htsv1.RevokeResponse, error) {
	if err := s.change(ctx, r, true); err != nil {
		return nil, err
	}
	return &htsv1.RevokeResponse{}, nil
}

// grantChange is what both requests say.
type grantChange interface {
	GetGrants() []*htsv1.Grant
	GetPrincipal() string
	GetRequestId() string
}

func (s *accessService) change(ctx context.Context, r grantChange, revoke bool) error {
	c := housetable.GrantChange{Revoke: revoke, RequestID: r.GetRequestId()}
	var err error
	if c.Warehouse, c.Grants, err = fromGrants(r.GetGrants()); err != nil {
		return err
	}
	if err := firstError(checkText("principal", r.GetPrincipal(), maxTextBytes), checkText("request_id", r.GetRequestId(), maxTextBytes)); err != nil {
		return err
	}
	if c.Principal, err = s.options.principal(ctx, "principal", r.GetPrincipal()); err != nil {
		return err
	}
	if c.RequestID == "" {
		c.RequestID = telemetry.RequestID(ctx)
	}
	_, err = s.store.ChangeGrants(ctx, c)
	return err
}

// settled waits, after a revocation that asks for it, until nobody decides by
// what was revoked: no snapshot is used for longer than the lag.
func (o Options) settled(ctx context.Context, request any) error {
	r, is := request.(*htsv1.RevokeRequest)
	if !is || !r.GetWait() || o.Settling == 0 {
		return nil
	}
	if err := pause.For(ctx, o.Settling); err != nil {
		return fault.Wrap(fault.UnknownOutcome, err, "the grants are revoked, but may be decided by for %s", o.Settling)
	}
	return nil
}

// ListGrants returns a page.
func (s *accessService) ListGrants(ctx context.Context, r *htsv1.ListGrantsRequest) (*htsv1.ListGrantsResponse, error) {
	warehouse, object, err := fromAccessObject("object", r.GetObject())
	if err != nil {
		return nil, err
	}
	q := housetable.GrantQuery{Warehouse: warehouse, Object: &object}
	if q.Grantee, err = checkGrantee(r.GetGrantee()); err != nil {
		return nil, err
	}
	if r.GetWithin() {
		if object.Kind != authz.KindServer && object.Kind != authz.KindWarehouse {
			return nil, fault.Field("within", "is of a server or a warehouse, and object.kind is %q", object.Kind)
		}
		q.Object = nil
	}
	of := list("grants", warehouse, object, r.GetWithin(), q.Grantee)
	if q.Page, err = readPage(of, r.GetPageSize(), r.GetPageToken()); err != nil {
		return nil, err
	}
	grants, next, err := s.store.ListGrants(ctx, q)
	if err != nil {
		return nil, err
	}
	response := &htsv1.ListGrantsResponse{NextPageToken: pageToken(of, next)}
	for _, g := range grants {
		response.Grants = append(response.Grants, toGrant(warehouse, g))
	}
	return response, nil
}

func checkGrantee(text string) (authz.Grantee, error) {
	if text == "" {
		return "", nil
	}
	return authz.ParseGrantee("grantee", text)
}

// CreateRole creates a role.
func (s *accessService) CreateRole(ctx context.Context, r *htsv1.CreateRoleRequest) (*htsv1.CreateRoleResponse, error) {
	role := r.GetRole()
	if err := firstError(authz.CheckRoleName("role.name", role.GetName()), checkText("role.description", role.GetDescription(), maxTextBytes)); err != nil {
		return nil, err
	}
	stored, err := s.store.CreateRole(ctx, housetable.Role{Name: role.GetName(), Description: role.GetDescription()})
	if err != nil {
		return nil, err
	}
	if err := created(ctx); err != nil {
		return nil, err
	}
	return &htsv1.CreateRoleResponse{Role: toRole(stored)}, nil
}

// GetRole returns one role.
func (s *accessService) GetRole(ctx context.Context, r *htsv1.GetRoleRequest) (*htsv1.GetRoleResponse, error) {
	if err := authz.CheckRoleName("name", r.GetName()); err != nil {
		return nil, err
	}
	role, err := s.store.Role(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	return &htsv1.GetRoleResponse{Role: toRole(role)}, nil
}

// ListRoles returns a page.
func (s *accessService) ListRoles(ctx context.Context, r *htsv1.ListRolesRequest) (*htsv1.ListRolesResponse, error) {
	of := list("roles")
	page, err := readPage(of, r.GetPageSize(), r.GetPageToken())
	if err != nil {
		return nil, err
	}
	roles, next, err := s.store.ListRoles(ctx, page)
	if err != nil {
		return nil, err
	}
	response := &htsv1.ListRolesResponse{NextPageToken: pageToken(of, next)}
	for _, role := range roles {
		response.Roles = append(response.Roles, toRole(role))
	}
	return response, nil
}

// DeleteRole deletes a role that nothing is granted to.
func (s *accessService) DeleteRole(ctx context.Context, r *htsv1.DeleteRoleRequest) (*htsv1.DeleteRoleResponse, error) {
	if err := authz.CheckRoleName("name", r.GetName()); err != nil {
		return nil, err
	}
	if err := s.store.DeleteRole(ctx, r.GetName()); err != nil {
		return nil, err
	}
	return &htsv1.DeleteRoleResponse{}, nil
}

// FollowAccess returns what changed.
func (s *accessService) FollowAccess(ctx context.Context, r *htsv1.FollowAccessRequest) (*htsv1.FollowAccessResponse, error) {
	warehouse := r.GetWarehouse()
	if warehouse != housetable.ServersPart {
		if err := checkWarehouse("warehouse", warehouse); err != nil {
			return nil, err
		}
	}
	limit := int(r.GetPageSize())
	switch {
	case limit < 0:
		return nil, fault.Field("page_size", "must not be negative")
	case limit == 0 || limit > maxFollowed:
		limit = maxFollowed
	}
	changes, err := s.store.FollowAccess(ctx, warehouse, r.GetPosition(), limit)
	if err != nil {
		return nil, err
	}
	return toChanges(changes)
}

// settlingMargin is what clocks and the network may add to the lag.
const settlingMargin = 250 * time.Millisecond

// Settling is for how long after a revocation somebody may still decide by what
// was revoked, where decisions lag behind by so much.
func Settling(lag time.Duration) time.Duration { return lag + settlingMargin }
