package authz

import (
	"maps"
	"sync/atomic"

	"github.com/google/uuid"
)

// Snapshot is the grants of a warehouse, or the server's own, as they were at
// some time. It never changes.
//
// A grant of a house table takes about 110 bytes, of which a quarter is for the
// way back from the grantee.
type Snapshot struct {
	// id is no other snapshot's in this process.
	id uint64
	// folded is whether namespaces are found whatever their case.
	folded bool
	// self are the grants on the warehouse or the server.
	self grants
	// named are those on namespaces by their keys, or on roles by their names.
	named *sharded[string, grants]
	// tables are those on house tables.
	tables *sharded[uuid.UUID, grants]
	// grantees lead back from whom something is granted to.
	grantees *sharded[Grantee, *holding]
	// size is how many grants there are.
	size int
}

var lastID atomic.Uint64

// Len is how many grants there are.
func (s *Snapshot) Len() int { return s.size }

// grant is all that one grantee was given on one object.
type grant struct {
	grantee uint32
	given   set
}

// grants are those on one object. As a rule there is but one; of more, one is
// zero.
type grants struct {
	one  grant
	more *crowd
}

// crowd are the grants on one object by their grantees.
type crowd struct {
	given map[uint32]set
	// round is that of the builder whose own it is.
	round uint64
}

// given is what was given to one grantee.
func (g grants) given(grantee uint32) set {
	switch {
	case g.more != nil:
		return g.more.given[grantee]
	case g.one.grantee == grantee:
		return g.one.given
	default:
		return 0
	}
}

// all are the grants by their grantees, as they are now.
func (g grants) all() map[uint32]set {
	if g.more != nil {
		return maps.Clone(g.more.given)
	}
	return map[uint32]set{g.one.grantee: g.one.given}
}

func (g grants) none() bool { return g.one.given == 0 && (g.more == nil || len(g.more.given) == 0) }

// have is all that somebody has who is each of some grantees.
func (g grants) have(grantees []uint32) set {
	var have set
	for _, grantee := range grantees {
		have |= closures[g.given(grantee)]
	}
	return have
}

// closures are, of what was given, what that includes.
var closures = func() (all [1 << (Member + 1)]set) {
	for given := range all {
		for p := List; p.sound(); p++ {
			if set(given).has(p) {
				all[given] |= privileges[p].includes
			}
		}
	}
	return all
}()

// holding is what leads from a grantee to the objects of its grants.
type holding struct {
	id uint32
	// tables and named may still have objects of which nothing is left, and some
	// twice: as many as are stale at most.
	tables []uuid.UUID
	named  []string
	// live are how many objects there are, the warehouse or server among them.
	live, stale int
	// round is that of the builder whose own it is.
	round uint64
}
