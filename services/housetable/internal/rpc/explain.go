package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// maxGroups bounds the groups of one identity.
const maxGroups = 1000

// Explain tells whether somebody may do something, and why.
func (s *accessService) Explain(ctx context.Context, r *htsv1.ExplainRequest) (*htsv1.ExplainResponse, error) {
	who, err := explained(ctx, r)
	if err != nil {
		return nil, err
	}
	q := authz.Question{}
	if q.Privilege, err = authz.ParsePrivilege("privilege", r.GetPrivilege()); err != nil {
		return nil, err
	}
	if q.Object, err = s.resolved(ctx, r.GetObject()); err != nil {
		return nil, err
	}
	decision, err := s.options.decider().Explain(ctx, who, q)
	if err != nil {
		return nil, err
	}
	response := &htsv1.ExplainResponse{Allowed: decision.Allowed}
	for _, reason := range decision.Reasons {
		response.Reasons = append(response.Reasons, toReasonOf(reason))
	}
	return response, nil
}

// explained is who is asked about: the caller, unless somebody is named.
func explained(ctx context.Context, r *htsv1.ExplainRequest) (who authn.Identity, err error) {
	if r.GetPrincipal() == "" {
		if len(r.GetGroups()) > 0 {
			return who, fault.Field("groups", "are of a principal, which is not given")
		}
		return authn.From(ctx), nil
	}
	if n := len(r.GetGroups()); n > maxGroups {
		return who, fault.Field("groups", "has %d entries, %d are allowed", n, maxGroups)
	}
	if err := checkText("principal", r.GetPrincipal(), maxTextBytes); err != nil {
		return who, err
	}
	var named bool
	if who.Issuer, who.Subject, named = strings.Cut(r.GetPrincipal(), ":"); !named || who.Issuer == "" || who.Subject == "" {
		return who, fault.Field("principal", "%q is not ISSUER:SUBJECT", r.GetPrincipal())
	}
	for i, group := range r.GetGroups() {
		name, ofIssuer := strings.CutPrefix(group, who.Issuer+":")
		if !ofIssuer || name == "" {
			return who, fault.Field(fmt.Sprintf("groups[%d]", i), "%.200q is no group of %s, who vouches for the principal", group, who.Issuer)
		}
		who.Groups = append(who.Groups, name)
	}
	return who, nil
}

// resolved is an object as decisions need it: a house table with its uuid and its
// owner.
func (s *accessService) resolved(ctx context.Context, o *htsv1.AccessObject) (authz.Object, error) {
	warehouse, named, err := fromAccessObject("object", o)
	if err != nil {
		return authz.Object{}, err
	}
	object := authz.Object{Kind: named.Kind, Warehouse: warehouse, DatabaseID: named.DatabaseID, Role: named.Role}
	if !named.IsTable() {
		return object, nil
	}
	tables, err := s.store.Tables(ctx, warehouse, []housetable.TableKey{named.Key()})
	if err != nil {
		return object, err
	}
	if tables[0] == nil || tables[0].Kind != named.TableKind() {
		return object, named.Missing(warehouse)
	}
	object.Table = &authz.TableRef{UUID: uuid.UUID(tables[0].UUID), Owner: tables[0].Owner, Name: named.TableID}
	return object, nil
}

func toReasonOf(r authz.Reason) *htsv1.AccessReason {
	reason := &htsv1.AccessReason{Because: r.Kind.String(), Grantee: string(r.Grantee), Roles: slices.Clone(r.Via), Policy: r.Policy}
	if r.On.Kind != 0 {
		reason.Object = &htsv1.AccessObject{Kind: r.On.Kind.String(), Warehouse: r.On.Warehouse, DatabaseId: r.On.DatabaseID, Role: r.On.Role}
		if r.On.Table != nil {
			reason.Object.TableId = r.On.Table.Name
		}
	}
	if r.Privilege != 0 {
		reason.Privilege = r.Privilege.String()
	}
	return reason
}

// decider is who decides: without one everybody may do everything.
func (o Options) decider() authz.Decider {
	if o.Decider == nil {
		return authz.Open{}
	}
	return o.Decider
}
