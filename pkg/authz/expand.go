package authz

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authn"
)

// maxDepth is how many roles may lead from a caller to a grant: beyond, nobody
// understands any more who has what.
const maxDepth = 16

// as is one of the grantees that somebody is, and how they came to be.
type as struct {
	grantee Grantee
	// from is the place in the list of who is a member of the role; -1 of none.
	from int
}

// expand lists all grantees that somebody is: user, groups, everyone, and the
// roles that these lead to by the server's grants, nearest first.
func expand(who authn.Identity, server *Snapshot) []as {
	if who.Subject == "" {
		return nil
	}
	all := make([]as, 0, len(who.Groups)+4)
	all = append(all, as{User(who.Principal()), -1}, as{Everyone, -1})
	for _, group := range who.Groups {
		all = append(all, as{Group(who.Issuer, group), -1})
	}
	seen := map[string]bool{}
	next := 0
	for range maxDepth {
		for end := len(all); next < end; next++ {
			for _, role := range server.rolesOf(all[next].grantee) {
				if !seen[role] {
					seen[role] = true
					all = append(all, as{Members(role), next})
				}
			}
		}
	}
	return all
}

// Roles are those that somebody has by the server's grants, nearest first.
func (s *Snapshot) Roles(who authn.Identity) []string {
	var roles []string
	for _, one := range expand(who, s) {
		if role, is := one.grantee.Role(); is {
			roles = append(roles, role)
		}
	}
	return roles
}

// rolesOf are the roles that a grantee is a member of, in their order.
func (s *Snapshot) rolesOf(grantee Grantee) []string {
	h, known := s.grantees.get(grantee)
	if !known {
		return nil
	}
	return sorted(h.named, strings.Compare, func(role string) bool {
		g, _ := s.named.get(role)
		return g.given(h.id).has(Member)
	})
}

// via are the roles that lead to one of the grantees.
func via(all []as, i int) []string {
	var roles []string
	for ; i >= 0; i = all[i].from {
		if role, is := all[i].grantee.Role(); is {
			roles = append(roles, role)
		}
	}
	slices.Reverse(roles)
	return roles
}

// expanded is what is kept of somebody for further decisions: all that does not
// depend on the object. It keeps no snapshot alive.
type expanded struct {
	who authn.Identity
	// server and warehouse are the ids of the snapshots that it is of.
	server, warehouse uint64
	// base is what they have on everything in the warehouse.
	base set
	// inServer are the numbers of who they are in the server's snapshot, inWarehouse
	// those in the warehouse's.
	inServer, inWarehouse []uint32
	// namespaces are the keys of those in the warehouse that they may describe by
	// grants on these themselves, sorted; listed are those that they may list.
	namespaces, listed []string
	// tables is whether anything is granted to them on some house table.
	tables bool
	weight uint32
}

// of reports whether it is of these snapshots and this caller.
func (e *expanded) of(who authn.Identity, server, warehouse *Snapshot) bool {
	return e.server == server.id && e.warehouse == warehouse.id &&
		e.who.Subject == who.Subject && e.who.Issuer == who.Issuer && slices.Equal(e.who.Groups, who.Groups)
}

func newExpanded(who authn.Identity, server, warehouse *Snapshot, administrator bool) *expanded {
	all := expand(who, server)
	e := &expanded{who: who, server: server.id, warehouse: warehouse.id}
	for _, one := range all {
		if h, known := server.grantees.get(one.grantee); known {
			e.inServer = append(e.inServer, h.id)
		}
		if h, known := warehouse.grantees.get(one.grantee); known {
			e.inWarehouse = append(e.inWarehouse, h.id)
			e.namespaces = append(e.namespaces, warehouse.having(h, Describe)...)
			e.listed = append(e.listed, warehouse.having(h, List)...)
			e.tables = e.tables || len(h.tables) > 0
		}
	}
	e.namespaces, e.listed = once(e.namespaces), once(e.listed)
	e.base = server.self.have(e.inServer) | warehouse.self.have(e.inWarehouse)
	if administrator {
		e.base |= privileges[Own].includes
	}
	e.weight = e.weigh()
	return e
}

// once are keys in their order, each once.
func once(keys []string) []string {
	slices.Sort(keys)
	return slices.Compact(keys)
}

// having are the namespaces that a holding gives a privilege on.
func (s *Snapshot) having(h *holding, p Privilege) []string {
	var keys []string
	for _, key := range h.named {
		if g, _ := s.named.get(key); closures[g.given(h.id)].has(p) {
			keys = append(keys, key)
		}
	}
	return keys
}

// weigh is about how many bytes it takes: the keys are the snapshot's.
func (e *expanded) weigh() uint32 {
	weight := 256 + 4*(len(e.inServer)+len(e.inWarehouse)) + 16*(len(e.namespaces)+len(e.listed))
	for _, group := range e.who.Groups {
		weight += 16 + len(group)
	}
	return uint32(weight)
}

// identityKey is what an expansion is kept under; another one may have the same.
func identityKey(who authn.Identity, warehouse string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, text := range [...]string{warehouse, who.Issuer, who.Subject} {
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0)
	}
	for _, group := range who.Groups {
		_, _ = h.WriteString(group)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}
