package housetable

import (
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// AccessFacts are what a store found of the objects and roles that a change of
// grants names, by those names.
type AccessFacts struct {
	// Namespaces have their keys.
	Namespaces map[string]string
	Tables     map[TableKey]Table
	Roles      map[string]bool
}

// NewAccessFacts knows nothing yet.
func NewAccessFacts() AccessFacts {
	return AccessFacts{Namespaces: map[string]string{}, Tables: map[TableKey]Table{}, Roles: map[string]bool{}}
}

// AccessNames are what a change of grants names.
type AccessNames struct {
	Namespaces []string
	Tables     []TableKey
	Roles      []string
}

// Names are what has to be there for the change.
func (c GrantChange) Names() AccessNames {
	var n AccessNames
	for _, g := range c.Grants {
		n.add(g.Object)
		if role, is := g.Grantee.Role(); is {
			n.Roles = append(n.Roles, role)
		}
	}
	return n
}

// Names are what has to be there for the query.
func (q GrantQuery) Names() AccessNames {
	var n AccessNames
	if q.Object != nil {
		n.add(*q.Object)
	}
	return n
}

func (n *AccessNames) add(o Object) {
	switch {
	case o.Kind == authz.KindNamespace:
		n.Namespaces = append(n.Namespaces, o.DatabaseID)
	case o.Kind == authz.KindRole:
		n.Roles = append(n.Roles, o.Role)
	case o.IsTable():
		n.Tables = append(n.Tables, o.Key())
	}
}

// ID tells an object from others of its kind, whatever it is called later; it is
// an error that it does not exist.
func (f AccessFacts) ID(warehouse string, o Object) (string, error) {
	switch {
	case o.Kind == authz.KindNamespace:
		if key, exists := f.Namespaces[o.DatabaseID]; exists {
			return key, nil
		}
	case o.Kind == authz.KindRole:
		if f.Roles[o.Role] {
			return o.Role, nil
		}
	case o.IsTable():
		if t, exists := f.Tables[o.Key()]; exists && t.Kind == o.TableKind() {
			return t.UUID.String(), nil
		}
	default:
		return "", nil
	}
	return "", o.Missing(warehouse)
}

// GrantID is what no two grants of a warehouse share.
type GrantID struct {
	Kind, ID, Grantee, Privilege string
}

// IDs are those of the grants of a change with the first grant of each, in the
// order in which they come; it is an error that something does not exist.
func (f AccessFacts) IDs(c GrantChange) ([]GrantID, []Grant, error) {
	ids, grants := make([]GrantID, 0, len(c.Grants)), make([]Grant, 0, len(c.Grants))
	seen := map[GrantID]bool{}
	for _, g := range c.Grants {
		object, err := f.ID(c.Warehouse, g.Object)
		if err != nil {
			return nil, nil, err
		}
		if role, is := g.Grantee.Role(); is && !f.Roles[role] {
			return nil, nil, NoSuchRole(role)
		}
		id := GrantID{g.Object.Kind.String(), object, string(g.Grantee), g.Privilege.String()}
		if !seen[id] {
			ids, grants = append(ids, id), append(grants, g)
		}
		seen[id] = true
	}
	return ids, grants, nil
}

// Entry is what a follower is told of a grant.
func (g GrantID) Entry(revoked bool) (authz.Entry, error) {
	e := authz.Entry{ID: g.ID, Grantee: authz.Grantee(g.Grantee), Revoked: revoked}
	var err error
	if e.Kind, err = authz.ParseKind("object_kind", g.Kind); err != nil || g.Privilege == "" {
		return e, err
	}
	e.Privilege, err = authz.ParsePrivilege("privilege", g.Privilege)
	return e, err
}

// Fill completes a grant that was read with what its id tells.
func (g GrantID) Fill(grant *Grant) error {
	entry, err := g.Entry(false)
	grant.Object.Kind, grant.Grantee, grant.Privilege = entry.Kind, entry.Grantee, entry.Privilege
	if entry.Kind == authz.KindRole {
		grant.Object.Role = g.ID
	}
	return err
}

// Cursor continues a list behind the grant.
func (g GrantID) Cursor() string {
	return strings.Join([]string{g.Kind, g.ID, g.Grantee, g.Privilege}, "\n")
}
