package housetable

import (
	"context"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// MaxGrants is the most grants that are given or revoked at once.
const MaxGrants = 100

// ServersPart is the warehouse of what is granted on the server and on roles. No
// warehouse has that name.
const ServersPart = ""

// Access keeps who may do what. What is granted on a house table stays with it
// through renames and soft deletions; what is dropped for good loses all grants.
type Access interface {
	// ChangeGrants gives grants, or takes them away, all or none, and returns how
	// many were not as they are to be already. NoSuchWarehouse, NoSuchNamespace,
	// NoSuchTable and NoSuchRole for objects and grantees that do not exist.
	ChangeGrants(ctx context.Context, c GrantChange) (int64, error)
	// ListGrants returns a page in the order of objects, grantees and privileges,
	// and the cursor that continues it; the kinds of ChangeGrants when the object
	// does not exist. What was soft-deleted is not in it.
	ListGrants(ctx context.Context, q GrantQuery) ([]Grant, string, error)
	// FollowAccess returns at most limit entries: see authz.Source.
	FollowAccess(ctx context.Context, warehouse, position string, limit int) (authz.Changes, error)
	// CreateRole returns it as stored; AlreadyExists when the name is taken.
	CreateRole(ctx context.Context, r Role) (Role, error)
	// Role returns one; NoSuchRole when there is none.
	Role(ctx context.Context, name string) (Role, error)
	// ListRoles returns a page in the order of names, and the cursor that continues it.
	ListRoles(ctx context.Context, page Page) ([]Role, string, error)
	// DeleteRole deletes a role with the grants on it; NotEmpty when something is
	// granted to it, NoSuchRole when there is none.
	DeleteRole(ctx context.Context, name string) error
}

// Object is what something is granted on: the server or a role in the server's
// part, all else in a warehouse.
type Object struct {
	Kind authz.Kind
	// DatabaseID is of a namespace, or of that of a house table.
	DatabaseID string
	// TableID is of a house table.
	TableID string
	// Role is of a role.
	Role string
}

// IsTable reports whether it is a house table.
func (o Object) IsTable() bool {
	return o.Kind == authz.KindTable || o.Kind == authz.KindView || o.Kind == authz.KindFunction
}

// Key of a house table.
func (o Object) Key() TableKey {
	return TableKey{DatabaseID: o.DatabaseID, TableID: o.TableID, Function: o.Kind == authz.KindFunction}
}

// TableKind of a house table.
func (o Object) TableKind() Kind {
	switch o.Kind {
	case authz.KindTable:
		return KindTable
	case authz.KindView:
		return KindView
	case authz.KindFunction:
		return KindFunction
	default:
		return AnyKind
	}
}

// Object is what a house table of the kind is among objects.
func (k Kind) Object() authz.Kind {
	switch k {
	case KindView:
		return authz.KindView
	case KindFunction:
		return authz.KindFunction
	default:
		return authz.KindTable
	}
}

// Missing is the error of an object that does not exist, in its warehouse.
func (o Object) Missing(warehouse string) error {
	switch o.Kind {
	case authz.KindNamespace:
		return NoSuchNamespace(o.DatabaseID)
	case authz.KindRole:
		return NoSuchRole(o.Role)
	case authz.KindTable, authz.KindView, authz.KindFunction:
		return fault.New(fault.NoSuchTable, "%s %s.%s does not exist", o.Kind, o.DatabaseID, o.TableID)
	default:
		return NoSuchWarehouse(warehouse)
	}
}

// Grant is one privilege of one grantee on one object.
type Grant struct {
	Object    Object
	Grantee   authz.Grantee
	Privilege authz.Privilege
	// GrantedBy is the principal who gave it, GrantedAt when.
	GrantedBy string
	GrantedAt time.Time
}

// GrantChange gives grants or takes them away, all of one warehouse or of the
// server's part.
type GrantChange struct {
	Warehouse string
	Grants    []Grant
	Revoke    bool
	// Principal and RequestID are for the history.
	Principal string
	RequestID string
}

// Action is what history calls the change.
func (c GrantChange) Action() Action {
	if c.Revoke {
		return ActionRevoke
	}
	return ActionGrant
}

// GrantQuery asks for a page of the grants of a warehouse or of the server's
// part: those on one object, to one grantee, or all.
type GrantQuery struct {
	Warehouse string
	// Object, when set, is the only one.
	Object *Object
	// Grantee, when not empty, is the only one.
	Grantee authz.Grantee
	Page
}

// Role is a name that privileges are granted to.
type Role struct {
	Name        string
	Description string
	CreatedAt   time.Time
}

// NoSuchRole is the error of everything that names a role which does not exist.
func NoSuchRole(name string) error {
	return fault.New(fault.NoSuchRole, "role %q does not exist", name)
}

// RoleExists is the error of a creation under a name that is taken.
func RoleExists(name string) error {
	return fault.New(fault.AlreadyExists, "role %q exists already", name)
}

// RoleInUse is the error of the deletion of a role that something is granted to.
func RoleInUse(name string) error {
	return fault.New(fault.NotEmpty, "role %q is still granted something: revoke it first, or restore and revoke what was soft-deleted", name)
}

// maxOwner is what fits a grantee.
const maxOwner = 500

// Owner is who owns what is created on behalf of a principal: nobody, when it is
// not known who that is.
func Owner(principal string) string {
	if principal == authn.Anonymous || len(principal) > maxOwner {
		return ""
	}
	return principal
}

// Position is what the page comes after: the kind, the id, the grantee and the
// privilege of a grant.
func (q GrantQuery) Position() (after [4]string, err error) {
	parts := strings.Split(q.After, "\n")
	if len(parts) != len(after) && q.After != "" {
		return after, fault.Field("page_token", "is not a token of this service")
	}
	copy(after[:], parts)
	return after, nil
}
