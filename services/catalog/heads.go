package catalog

import (
	"sync/atomic"
	"time"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// headsShare is what part of the cache of metadata the heads may take beside it.
const headsShare = 8

// Once a remembered head turned out to be old, so many swaps in a row have to succeed
// here before the next one is relied on: the more, the oftener that was in vain.
const (
	doubtAtFirst = 2
	doubtAtMost  = 16
)

// head is a table or view as a swap of this replica made it. It is never changed.
type head struct {
	Pointer

	principal, requestID string
	// row counts the swaps here between which nobody else's came, and doubt how many
	// it takes to rely on that.
	row, doubt uint8
}

// relied tells whether the next swap is likely to find the head as it was made.
func (h *head) relied() bool { return h.row >= h.doubt }

// heads remember what swaps of this replica made. Others may have changed it since:
// nothing is answered by a head that a swap, or a reading, has not borne out.
type heads struct {
	made         *recent[lineKey, *head]
	hits, misses atomic.Uint64
}

func newHeads(maxBytes int64) *heads { return &heads{made: newRecent(maxBytes, lineKey.weigh)} }

// weigh is about how much memory a head takes.
func (k lineKey) weigh(h *head) int64 {
	const entry = 512
	return int64(entry + len(k.warehouse) + 3*len(k.table) + len(h.MetadataLocation) + len(h.Owner) + len(h.principal) + len(h.requestID))
}

// likely are the heads that a commit to all of some tables or views may be tried on;
// nil where those are to be read.
func (s *heads) likely(keys ...lineKey) []*Pointer {
	found := make([]*Pointer, len(keys))
	for i, key := range keys {
		h, known := s.made.get(key)
		if !known || !h.relied() {
			s.misses.Add(uint64(len(keys)))
			return nil
		}
		found[i] = &h.Pointer
	}
	s.hits.Add(uint64(len(keys)))
	return found
}

// winner is who made a pointer, if that was a swap which is remembered.
func (s *heads) winner(key lineKey, p Pointer) (Winner, bool) {
	h, known := s.made.get(key)
	if !known || !h.is(p) {
		return Winner{}, false
	}
	return Winner{
		Version: h.Version, MetadataLocation: h.MetadataLocation, CommittedAt: h.UpdatedAt, Principal: h.principal, RequestID: h.requestID,
	}, true
}

func (h *head) is(p Pointer) bool {
	return h.UUID == p.UUID && h.Version == p.Version && h.MetadataLocation == p.MetadataLocation
}

// won notes what a swap of this replica has made of a pointer.
func (s *heads) won(key lineKey, from Pointer, by Winner) {
	next := &head{Pointer: *from.swappedBy(by), principal: by.Principal, requestID: by.RequestID}
	if last, known := s.made.get(key); known {
		next.row, next.doubt = min(last.row, doubtAtMost)+1, last.doubt
		if !last.is(from) {
			next.row, next.doubt = 0, max(last.doubt, doubtAtFirst)
		}
	}
	s.made.put(key.alone(), next)
}

// lost notes that a swap on what is remembered found something else.
func (s *heads) lost(key lineKey) {
	last, known := s.made.get(key)
	if !known {
		return
	}
	doubted := *last
	doubted.row, doubted.doubt = 0, min(max(2*last.doubt, doubtAtFirst), doubtAtMost)
	s.made.put(key.alone(), &doubted)
}

// forget is for what is not there any more, or not known to be.
func (s *heads) forget(key lineKey) { s.made.remove(key) }

// changed forgets what is otherwise now than it was made, or may be.
func (s *heads) changed(warehouse string, changes []Change) {
	for _, change := range changes {
		switch c := change.(type) {
		case SwapPointer:
			s.forget(keyOf(warehouse, c.Expect.Kind, c.Identifier))
		case DropPointer:
			s.forget(keyOf(warehouse, c.Expect.Kind, c.Identifier))
		case RenamePointer:
			s.forget(keyOf(warehouse, c.Expect.Kind, c.Identifier))
		}
	}
}

// applied notes what a request's changes made of pointers, where it is known what
// those were, and else forgets them.
func (s *heads) applied(by Request, changes []Change, from []*Pointer) {
	for i, change := range changes {
		swap, swaps := change.(SwapPointer)
		if !swaps || i >= len(from) {
			s.changed(by.Warehouse, changes[i:i+1])
			continue
		}
		key := keyOf(by.Warehouse, swap.Expect.Kind, swap.Identifier)
		s.won(key, *from[i], swapped(*from[i], swap.MetadataLocation, by.Principal, by.ID))
	}
}

func (s *heads) use() telemetry.CacheUse {
	bytes, evictions := s.made.size()
	return telemetry.CacheUse{Hits: s.hits.Load(), Misses: s.misses.Load(), Evictions: evictions, Bytes: uint64(bytes)}
}

// swappedBy is what a swap makes of a pointer.
func (p Pointer) swappedBy(by Winner) *Pointer {
	p.Version, p.MetadataLocation, p.UpdatedAt = by.Version, by.MetadataLocation, by.CommittedAt
	return &p
}

// swapped is the version that a request's swap makes of a pointer.
func swapped(p Pointer, location, principal, requestID string) Winner {
	return Winner{
		Version: p.Version + 1, MetadataLocation: location, CommittedAt: time.Now(), Principal: principal, RequestID: requestID,
	}
}
