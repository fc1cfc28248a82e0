package housetabletest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// forget sweeps until nothing is left to come by. What is kept for no time is old
// even if it is from the next hour: clocks differ.
func (b *bench) forget(t testing.TB, keep housetable.EventRetention) {
	t.Helper()
	for _, age := range []*time.Duration{&keep.Events, &keep.History} {
		if *age == 0 {
			*age = -time.Hour
		}
	}
	for range 1000 {
		n, err := b.ForgetEvents(t.Context(), keep, 4)
		if err != nil || n > 4 {
			t.Fatalf("forgot %d, %v", n, err)
		}
		if n == 0 {
			return
		}
	}
	t.Fatal("there is no end to it")
}

func (b *bench) versions(t testing.TB, uuid housetable.UUID) []int64 {
	t.Helper()
	found, _, err := b.History(t.Context(), housetable.HistoryQuery{Warehouse: house, UUID: uuid, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	versions := make([]int64, 0, len(found))
	for _, v := range found {
		versions = append(versions, v.Version)
	}
	return versions
}

func (b *bench) keeps(t testing.TB, uuid housetable.UUID, want ...int64) {
	t.Helper()
	if got := b.versions(t, uuid); !slices.Equal(got, want) {
		t.Errorf("versions %v are kept, want %v", got, want)
	}
}

// historyRetention: by count and by age, and the current version for ever.
func historyRetention(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3)
	swapped, dropped, deleted := b.table(t, key("t0")).UUID, b.table(t, key("t1")).UUID, b.table(t, key("t2")).UUID
	b.do(t, housetable.DropTable{Key: key("t1")})
	at := *b.do(t, housetable.DropTable{Key: key("t2"), Soft: true}).Results[0].Table.DeletedAtMS
	var first time.Time
	for version := range int64(10) {
		committed := b.do(t, swap("t0", version+1, fmt.Sprint("/", version)))
		if version == 0 {
			first = committed.CommittedAt
		}
	}
	b.forget(t, housetable.EventRetention{Events: time.Hour, History: time.Hour, Versions: 1})
	b.keeps(t, swapped, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)

	b.forget(t, housetable.EventRetention{History: time.Hour, Versions: 3})
	b.keeps(t, swapped, 11, 10, 9)
	b.keeps(t, dropped, 2, 1)
	b.keeps(t, deleted, 2, 1)
	_, err := housetable.VersionAt(t.Context(), b, house, swapped, 8)
	wantKind(t, err, fault.PositionExpired)
	_, err = housetable.VersionAsOf(t.Context(), b, house, swapped, first)
	wantKind(t, err, fault.PositionExpired)
	if v, err := housetable.VersionAsOf(t.Context(), b, house, swapped, time.Now().Add(time.Hour)); err != nil || v.Version != 11 {
		t.Errorf("version %d, %v", v.Version, err)
	}

	b.forget(t, housetable.EventRetention{Versions: 3})
	b.keeps(t, swapped, 11)
	b.keeps(t, dropped)
	b.keeps(t, deleted, 2)
	b.do(t, housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: key("t2"), DeletedAtMS: at}})
	conflict := b.refuse(t, housetable.VersionMismatch, swap("t0", 1, "/x"))
	if conflict.Winner == nil || conflict.Winner.Version != 11 {
		t.Errorf("winner %+v", conflict.Winner)
	}
	b.forget(t, housetable.EventRetention{Versions: 3})
	b.keeps(t, deleted, 3)
	b.keeps(t, swapped, 11)
}

// eventRetention: who is behind what is kept is told so, who is not goes on.
func eventRetention(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	b.do(t, swap("t0", 1, "/t0/2"))
	b.do(t, housetable.CreateNamespace{DatabaseID: "n"})
	all := b.read(t, housetable.Position{})
	behind, last := all[1].Position, all[len(all)-1].Position
	if _, err := b.Acknowledge(t.Context(), house, "c", behind); err != nil {
		t.Fatal(err)
	}
	b.forget(t, housetable.EventRetention{Events: time.Hour, Versions: 1})
	if rest := b.read(t, housetable.Position{}); len(rest) != len(all) {
		t.Fatalf("%d events are kept, want %d", len(rest), len(all))
	}
	b.forget(t, housetable.EventRetention{Versions: 100})
	earliest, err := b.EarliestPosition(t.Context(), house)
	if err != nil || earliest.Sequence != last.Sequence {
		t.Fatalf("earliest %v, %v; want that of the last event of a namespace, %v", earliest, err, last)
	}
	if latest := b.latest(t); latest != earliest {
		t.Errorf("latest %v, want the earliest, %v", latest, earliest)
	}
	for _, p := range []housetable.Position{{}, behind, all[0].Position} {
		_, _, err := b.Events(t.Context(), housetable.EventQuery{Warehouse: house, After: p, Limit: 1})
		wantKind(t, err, fault.PositionExpired)
	}
	if _, err := b.Acknowledge(t.Context(), house, "c", all[0].Position); !fault.Is(err, fault.PositionExpired) {
		t.Errorf("an acknowledgement of what is forgotten: %v", err)
	}
	b.do(t, swap("t0", 2, "/t0/3"))
	for _, p := range []housetable.Position{earliest, last} {
		if next := b.read(t, p); len(next) != 1 || next[0].Version != 3 {
			t.Errorf("behind %v: %+v", p, next)
		}
	}
	if _, err := b.Acknowledge(t.Context(), house, "c", b.latest(t)); err != nil {
		t.Error(err)
	}
}
