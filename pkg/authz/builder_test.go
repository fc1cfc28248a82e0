package authz

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// what is told of entries: those that hold, by what they are.
type told map[Entry]bool

func (w told) write(e Entry) {
	for known := range w {
		if known.Kind == e.Kind && known.ID == e.ID && (e.Grantee == "" || (known.Grantee == e.Grantee && known.Privilege == e.Privilege)) {
			delete(w, known)
		}
	}
	if !e.Revoked {
		w[e] = true
	}
}

func entries(t *rapid.T) Entry {
	kind := rapid.SampledFrom([]Kind{KindWarehouse, KindNamespace, KindTable}).Draw(t, "kind")
	ids := map[Kind][]string{
		KindWarehouse: {""}, KindNamespace: {"a", "b", "c"},
		KindTable: {uuid.NewSHA1(uuid.Nil, []byte("1")).String(), uuid.NewSHA1(uuid.Nil, []byte("2")).String()},
	}
	e := Entry{Kind: kind, ID: rapid.SampledFrom(ids[kind]).Draw(t, "id")}
	e.Revoked = rapid.Bool().Draw(t, "revoked")
	if e.Revoked && rapid.IntRange(0, 5).Draw(t, "dropped") == 0 {
		return e
	}
	e.Grantee = Grantee("user:x:" + rapid.StringMatching("[abc]").Draw(t, "grantee"))
	e.Privilege = rapid.SampledFrom([]Privilege{Select, Drop, Own}).Draw(t, "privilege")
	return e
}

// TestSnapshotsHoldWhatWasTold: each is what all entries before it amount to, and
// stays so whatever is told later.
func TestSnapshotsHoldWhatWasTold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b, all := newBuilder(), told{}
		n := rapid.IntRange(1, 5).Draw(t, "snapshots")
		snapshots, wants := make([]*Snapshot, n), make([]told, n)
		for i := range n {
			var page Changes
			for range rapid.IntRange(0, 12).Draw(t, "entries") {
				e := entries(t)
				all.write(e)
				page.Entries = append(page.Entries, e)
			}
			b.apply(page)
			snapshots[i], wants[i] = b.snapshot(), maps.Clone(all)
		}
		for i, s := range snapshots {
			if got := s.told(t); !maps.Equal(got, wants[i]) {
				t.Fatalf("snapshot %d holds %v, want %v", i, got, wants[i])
			}
			if s.Len() != len(wants[i]) {
				t.Fatalf("snapshot %d counts %d, want %d", i, s.Len(), len(wants[i]))
			}
		}
	})
}

// told reads a snapshot both ways, from objects and from grantees.
func (s *Snapshot) told(t *rapid.T) told {
	names := map[uint32]Grantee{}
	holdings := map[uint32]*holding{}
	for _, part := range s.grantees {
		for name, h := range part {
			names[h.id], holdings[h.id] = name, h
			if h.live == 0 || len(h.named)+len(h.tables) > 2*h.live+1 {
				t.Fatalf("%s has %d objects and leads to %v and %v", name, h.live, h.named, h.tables)
			}
		}
	}
	all, ways := told{}, map[string]bool{}
	for id, h := range holdings {
		for _, name := range h.named {
			ways[fmt.Sprintf("%d %s", id, name)] = true
		}
		for _, table := range h.tables {
			ways[fmt.Sprintf("%d %s", id, table)] = true
		}
	}
	add := func(kind Kind, id string, g grants) {
		for grantee, given := range g.all() {
			for p := range given.each() {
				if kind != KindWarehouse && !ways[fmt.Sprintf("%d %s", grantee, id)] {
					t.Fatalf("no way leads from %s to %s", names[grantee], id)
				}
				all[Entry{Kind: kind, ID: id, Grantee: names[grantee], Privilege: p}] = true
			}
		}
	}
	add(KindWarehouse, "", s.self)
	for _, part := range s.named {
		for name, g := range part {
			add(KindNamespace, name, g)
		}
	}
	for _, part := range s.tables {
		for table, g := range part {
			add(KindTable, table.String(), g)
		}
	}
	return all
}

// TestNothingIsLeftOfWhatWasRevoked: grants that come and go take no room.
func TestNothingIsLeftOfWhatWasRevoked(t *testing.T) {
	t.Parallel()
	b := newBuilder()
	for i := range 10_000 {
		e := Entry{Kind: KindNamespace, ID: fmt.Sprint(i), Grantee: Grantee(fmt.Sprintf("user:x:%d", i/100)), Privilege: Select}
		stays := Entry{Kind: KindNamespace, ID: "stays", Grantee: "user:x:0", Privilege: Select}
		b.apply(Changes{Entries: []Entry{stays, e}})
		e.Revoked = true
		b.apply(Changes{Entries: []Entry{e}})
	}
	s := b.snapshot()
	if s.Len() != 1 || s.named.size() != 1 || s.grantees.size() != 1 || len(b.names) != 1 {
		t.Errorf("%d grants on %d objects, of %d grantees and %d names", s.Len(), s.named.size(), s.grantees.size(), len(b.names))
	}
	if h, _ := s.grantees.get("user:x:0"); len(h.named) > 3 {
		t.Errorf("leads to %d objects", len(h.named))
	}
}

// TestWhatIsNotKnownGrantsNothing: kinds, privileges and ids of later versions.
func TestWhatIsNotKnownGrantsNothing(t *testing.T) {
	t.Parallel()
	b := newBuilder()
	b.apply(Changes{Entries: []Entry{
		{Kind: 99, ID: "a", Grantee: Everyone, Privilege: Own},
		{Kind: KindNamespace, ID: "a", Grantee: Everyone, Privilege: 15},
		{Kind: KindTable, ID: "no uuid", Grantee: Everyone, Privilege: Own},
		{Kind: KindWarehouse, Privilege: Own},
		{Kind: 99, ID: "a", Revoked: true},
	}})
	if s := b.snapshot(); s.Len() != 0 || s.named.size() != 0 || s.grantees.size() != 0 {
		t.Errorf("%d grants", s.Len())
	}
}
