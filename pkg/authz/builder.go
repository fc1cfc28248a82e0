package authz

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// builder makes snapshots, each of the one before and of what changed since. What
// they have in common they share.
type builder struct {
	folded   bool
	self     grants
	named    changing[string, grants]
	tables   changing[uuid.UUID, grants]
	grantees changing[Grantee, *holding]
	// names are the grantees by their numbers.
	names map[uint32]Grantee
	// round counts the snapshots: what was made in an earlier round is in one.
	round uint64
	// last is the last number that a grantee was given.
	last uint32
	size int
}

func newBuilder() *builder { return &builder{names: map[uint32]Grantee{}} }

// snapshot is what has been applied by now.
func (b *builder) snapshot() *Snapshot {
	b.round++
	return &Snapshot{
		id: lastID.Add(1), folded: b.folded, self: b.self, size: b.size,
		named: b.named.freeze(), tables: b.tables.freeze(), grantees: b.grantees.freeze(),
	}
}

// apply makes a page of changes hold.
func (b *builder) apply(changes Changes) {
	b.folded = changes.CaseInsensitive
	for _, e := range changes.Entries {
		switch {
		case e.Grantee == "" && e.Revoked:
			b.dropped(e)
		case e.Grantee != "" && e.Privilege.sound(): // else it is of a later version, and grants nothing here
			b.entry(e)
		}
	}
}

// dropped revokes all there is on an object.
func (b *builder) dropped(e Entry) {
	var there grants
	switch e.Kind {
	case KindServer, KindWarehouse:
		there = b.self
	case KindNamespace, KindRole:
		there, _ = b.named.get(e.ID)
	default:
		if id, err := uuid.Parse(e.ID); err == nil {
			there, _ = b.tables.get(id)
		}
	}
	for grantee, given := range there.all() {
		for p := range given.each() {
			b.entry(Entry{Kind: e.Kind, ID: e.ID, Grantee: b.names[grantee], Privilege: p, Revoked: true})
		}
	}
}

func (b *builder) entry(e Entry) {
	switch e.Kind {
	case KindServer, KindWarehouse:
		b.self, _ = b.changed(b.self, e)
	case KindNamespace, KindRole:
		if put(b, &b.named, e.ID, e) {
			h := b.holding(e.Grantee)
			h.named = append(h.named, e.ID)
		}
	case KindTable, KindView, KindFunction:
		if id, err := uuid.Parse(e.ID); err == nil && put(b, &b.tables, id, e) {
			h := b.holding(e.Grantee)
			h.tables = append(h.tables, id)
		}
	default: // of a later version
	}
	b.sortOut(e.Grantee)
}

// put changes the grants of an object, of which nothing is kept without any, and
// reports whether the grantee had nothing there before.
func put[K comparable](b *builder, in *changing[K, grants], key K, e Entry) (first bool) {
	before, _ := in.get(key)
	after, first := b.changed(before, e)
	switch {
	case after.none():
		in.remove(key)
	case after != before: // else a crowd of the builder's own has changed
		in.set(key, after)
	}
	return first
}

// changed are the grants of an object after an entry.
func (b *builder) changed(g grants, e Entry) (after grants, first bool) {
	holder, known := b.grantees.get(e.Grantee)
	var had set
	if known {
		had = g.given(holder.id)
	}
	if had.has(e.Privilege) != e.Revoked {
		return g, false
	}
	h := b.holding(e.Grantee)
	if e.Revoked {
		b.size--
	} else {
		b.size++
	}
	has := had ^ of(e.Privilege)
	switch {
	case had == 0:
		h.live++
	case has == 0:
		h.live--
		h.stale++
	}
	return b.with(g, grant{grantee: h.id, given: has}), had == 0
}

// with are grants with what one grantee was given replaced.
func (b *builder) with(g grants, one grant) grants {
	if g.more == nil && (g.one.given == 0 || g.one.grantee == one.grantee) {
		if one.given == 0 {
			one = grant{}
		}
		return grants{one: one}
	}
	many := b.crowd(g)
	if one.given == 0 {
		delete(many.given, one.grantee)
	} else {
		many.given[one.grantee] = one.given
	}
	return grants{more: many}
}

// crowd are the grants of an object, the builder's own.
func (b *builder) crowd(g grants) *crowd {
	switch {
	case g.more == nil:
		return &crowd{given: map[uint32]set{g.one.grantee: g.one.given}, round: b.round}
	case g.more.round != b.round:
		return &crowd{given: maps.Clone(g.more.given), round: b.round}
	default:
		return g.more
	}
}

// holding is that of a grantee, the builder's own. What it appends to is not seen
// by snapshots, which have fewer of it.
func (b *builder) holding(grantee Grantee) *holding {
	h, known := b.grantees.get(grantee)
	switch {
	case !known:
		b.last++
		h = &holding{id: b.last, round: b.round}
		b.grantees.set(grantee, h)
		b.names[h.id] = grantee
	case h.round != b.round:
		own := *h
		own.round = b.round
		h = &own
		b.grantees.set(grantee, h)
	}
	return h
}

// sortOut drops from a holding what nothing is left of, when that is most of it:
// so it costs little, however much there is.
func (b *builder) sortOut(grantee Grantee) {
	h, known := b.grantees.get(grantee)
	switch {
	case !known || h.stale <= h.live:
	case h.live == 0:
		b.grantees.remove(grantee)
		delete(b.names, h.id)
	default:
		h.stale = 0
		h.tables = sorted(h.tables, compareUUIDs, func(id uuid.UUID) bool {
			g, _ := b.tables.get(id)
			return g.given(h.id) != 0
		})
		h.named = sorted(h.named, strings.Compare, func(name string) bool {
			g, _ := b.named.get(name)
			return g.given(h.id) != 0
		})
	}
}

// sorted are those of some objects that are kept, once each, in their order.
func sorted[K comparable](objects []K, compare func(a, b K) int, keep func(K) bool) []K {
	kept := make([]K, 0, len(objects))
	for _, object := range objects {
		if keep(object) {
			kept = append(kept, object)
		}
	}
	slices.SortFunc(kept, compare)
	return slices.Compact(kept)
}

func compareUUIDs(a, b uuid.UUID) int { return strings.Compare(string(a[:]), string(b[:])) }
