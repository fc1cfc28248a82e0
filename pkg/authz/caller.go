package authz

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
)

// caller is somebody in a warehouse, or at the server.
type caller struct {
	*expanded

	server, there *Snapshot
}

// may reports whether a privilege is had on an object.
func (c caller) may(p Privilege, o Object) bool {
	switch {
	case !p.sound():
		return false
	case c.base.has(p):
		return true
	case o.Kind == KindServer:
		return false
	case o.Kind == KindRole:
		return c.there.namedHave(o.Role, c.inWarehouse).has(p)
	case o.Warehouse == "":
		return false
	case o.Kind == KindWarehouse:
		return c.passes(p, o, "")
	}
	key := c.there.Key(o.DatabaseID)
	return c.inNamespace(p, key) || c.onTable(p, o.Table) || c.passes(p, o, key)
}

// Key is the key of a namespace: what tells it from others of the warehouse.
func (s *Snapshot) Key(databaseID string) string {
	if s.folded {
		return strings.ToLower(databaseID)
	}
	return databaseID
}

// namedHave is what somebody has by grants on a namespace or role itself.
func (s *Snapshot) namedHave(name string, grantees []uint32) set {
	g, known := s.named.get(name)
	if !known {
		return 0
	}
	return g.have(grantees)
}

// inNamespace reports whether p is had on the namespace of a key, or on one that
// it is in.
func (c caller) inNamespace(p Privilege, key string) bool {
	if len(c.inWarehouse) == 0 {
		return false
	}
	for ; key != ""; key = parent(key) {
		if c.there.namedHave(key, c.inWarehouse).has(p) {
			return true
		}
	}
	return false
}

// parent is the key of the namespace around one, "" of an outermost one: a dot
// inside a level is escaped.
func parent(key string) string {
	return key[:max(strings.LastIndexByte(key, '.'), 0)]
}

// onTable reports whether p is had on a house table itself.
func (c caller) onTable(p Privilege, t *TableRef) bool {
	if t == nil || t.UUID == uuid.Nil {
		return false
	}
	if c.owns(t) && Own.Includes(p) {
		return true
	}
	g, known := c.there.tables.get(t.UUID)
	return known && g.have(c.inWarehouse).has(p)
}

// owns compares the parts that a principal is made of.
func (e *expanded) owns(t *TableRef) bool {
	owner, named := authn.Named(t.Owner)
	return named && owner.Subject == e.who.Subject && owner.Issuer == e.who.Issuer
}

// passes reports whether p is had on a container because something inside may be
// described; or listed, which every privilege on something inside leads to. It is not known here in which namespaces house tables are, so these
// lead to the warehouse alone; to the namespaces, Visible does.
func (c caller) passes(p Privilege, o Object, key string) bool {
	if p != List && p != Describe {
		return false
	}
	switch o.Kind {
	case KindWarehouse:
		return len(c.passable(p)) > 0 || (c.tables && len(c.describedTables(1)) > 0)
	case KindNamespace:
		return len(below(c.passable(p), key)) > 0
	default:
		return false
	}
}

// passable are the namespaces that lead to p, List or Describe, on what they are in.
func (e *expanded) passable(p Privilege) []string {
	if p == List {
		return e.listed
	}
	return e.namespaces
}

// below are those of sorted namespaces that are inside one, or in the warehouse.
func below(namespaces []string, key string) []string {
	if key == "" {
		return namespaces
	}
	first, _ := slices.BinarySearch(namespaces, key+".")
	last, _ := slices.BinarySearch(namespaces, key+"/") // '/' comes after '.'
	return namespaces[first:last]
}

// visible is what there is in a namespace, or in the warehouse, that is not
// visible as a whole.
func (c caller) visible(key string) Visibility {
	tables, namespaces := c.describedTables(MaxListed+1), below(c.namespaces, key)
	if len(tables) > MaxListed || len(namespaces) > MaxListed {
		return Visibility{Each: true}
	}
	v := Visibility{UUIDs: tables, DatabaseIDs: slices.Clone(namespaces)}
	if c.who.Subject != "" {
		v.Owner = c.who.Principal()
	}
	return v
}

// describedTables are house tables that may be described by grants on them, once
// each, and no more than a limit.
func (c caller) describedTables(limit int) []uuid.UUID {
	if !c.tables {
		return nil
	}
	found := map[uuid.UUID]bool{}
	var tables []uuid.UUID
	for _, one := range expand(c.who, c.server) {
		h, known := c.there.grantees.get(one.grantee)
		if !known {
			continue
		}
		for _, id := range h.tables {
			if g, _ := c.there.tables.get(id); !found[id] && closures[g.given(h.id)].has(Describe) {
				found[id], tables = true, append(tables, id)
			}
			if len(tables) == limit {
				return tables
			}
		}
	}
	return tables
}
