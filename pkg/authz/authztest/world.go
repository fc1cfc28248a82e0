package authztest

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
)

// World is all that there is and is granted, for decisions by the book: slow, and
// in the words of the rules.
type World struct {
	Warehouses []WorldWarehouse
	Roles      []string
	// Server are the grants on the server and on roles.
	Server []authz.Entry
	// Administrators own the server.
	Administrators []authz.Grantee
}

// WorldWarehouse is a warehouse with all that is in it.
type WorldWarehouse struct {
	Name            string
	CaseInsensitive bool
	// Namespaces are database ids; the ones above each are there too.
	Namespaces []string
	// Tables are house tables.
	Tables []authz.Object
	Grants []authz.Entry
}

// Journal is a source of what is granted.
func (w World) Journal() *Journal {
	j := &Journal{}
	j.Write("", w.Server...)
	for _, wh := range w.Warehouses {
		j.Create(wh.Name, wh.CaseInsensitive)
		j.Write(wh.Name, wh.Grants...)
	}
	return j
}

// Objects are all there are.
func (w World) Objects() []authz.Object {
	objects := []authz.Object{authz.Server()}
	for _, role := range w.Roles {
		objects = append(objects, authz.Role(role))
	}
	for _, wh := range w.Warehouses {
		objects = append(objects, authz.Warehouse(wh.Name))
		for _, ns := range wh.Namespaces {
			objects = append(objects, authz.Namespace(wh.Name, ns))
		}
		objects = append(objects, wh.Tables...)
	}
	return objects
}

// Is are all grantees that somebody is.
func (w World) Is(who authn.Identity) []authz.Grantee {
	if who.Subject == "" {
		return nil
	}
	is := []authz.Grantee{authz.User(who.Principal()), authz.Everyone}
	for _, group := range who.Groups {
		is = append(is, authz.Group(who.Issuer, group))
	}
	for grown := true; grown; {
		grown = false
		for _, e := range w.Server {
			role := authz.Members(e.ID)
			if e.Kind == authz.KindRole && e.Privilege == authz.Member && slices.Contains(is, e.Grantee) && !slices.Contains(is, role) {
				is, grown = append(is, role), true
			}
		}
	}
	return is
}

// Given reports whether a privilege is given to somebody on an object, or on what
// it is in: all rules but that of passage.
func (w World) Given(who authn.Identity, p authz.Privilege, o authz.Object) bool {
	is := w.Is(who)
	if authz.Own.Includes(p) && slices.ContainsFunc(is, func(g authz.Grantee) bool { return slices.Contains(w.Administrators, g) }) {
		return true
	}
	if o.Table != nil && who.Subject != "" && o.Table.Owner == who.Principal() && authz.Own.Includes(p) {
		return true
	}
	covers := func(e authz.Entry, kind authz.Kind, id string) bool {
		return slices.Contains(is, e.Grantee) && e.Privilege.Includes(p) && covered(o, kind, id)
	}
	if slices.ContainsFunc(w.Server, func(e authz.Entry) bool {
		return covers(e, e.Kind, e.ID)
	}) {
		return true
	}
	i := slices.IndexFunc(w.Warehouses, func(wh WorldWarehouse) bool { return wh.Name == o.Warehouse })
	if i < 0 || o.Kind == authz.KindServer || o.Kind == authz.KindRole {
		return false
	}
	return slices.ContainsFunc(w.Warehouses[i].Grants, func(e authz.Entry) bool { return covers(e, e.Kind, e.ID) })
}

// covered reports whether what is granted on an object, named as in entries of
// its warehouse, holds for another one.
func covered(o authz.Object, kind authz.Kind, id string) bool {
	switch kind {
	case authz.KindServer:
		return true
	case authz.KindRole:
		return o.Kind == authz.KindRole && o.Role == id
	case authz.KindWarehouse:
		return true
	case authz.KindNamespace:
		return o.DatabaseID == id || strings.HasPrefix(o.DatabaseID, id+".")
	default:
		return o.Table != nil && o.Table.UUID.String() == id
	}
}

// Passes reports whether somebody has a privilege on something further down in a
// namespace or warehouse; with tables, house tables count.
func (w World) Passes(who authn.Identity, p authz.Privilege, in authz.Object, tables bool) bool {
	return slices.ContainsFunc(w.Objects(), func(o authz.Object) bool {
		return Within(o, in) && (tables || o.Table == nil) && w.Given(who, p, o)
	})
}

// Within reports whether an object is in a warehouse or namespace, at any depth.
func Within(o, in authz.Object) bool {
	if o.Warehouse != in.Warehouse || o.Kind == authz.KindWarehouse || o.Warehouse == "" {
		return false
	}
	switch {
	case in.Kind == authz.KindWarehouse:
		return true
	case in.Kind != authz.KindNamespace:
		return false
	case o.Table != nil && o.DatabaseID == in.DatabaseID:
		return true
	default:
		return strings.HasPrefix(o.DatabaseID, in.DatabaseID+".")
	}
}

// Shown reports whether a filter shows an object, as the house table service
// applies it to a page of what is in a container.
func (w World) Shown(v authz.Visibility, o authz.Object) bool {
	switch {
	case v.All:
		return true
	case o.Table != nil:
		return showsTable(v, o.Table)
	}
	if slices.ContainsFunc(v.DatabaseIDs, func(id string) bool {
		return id == o.DatabaseID || strings.HasPrefix(id, o.DatabaseID+".")
	}) {
		return true
	}
	return slices.ContainsFunc(w.Objects(), func(inside authz.Object) bool {
		return inside.Table != nil && Within(inside, o) && showsTable(v, inside.Table)
	})
}

func showsTable(v authz.Visibility, t *authz.TableRef) bool {
	return slices.Contains(v.UUIDs, t.UUID) || (v.Owner != "" && v.Owner == t.Owner)
}

// tableID is a uuid made of a number.
func tableID(n int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(n), byte(n >> 8)})
}
