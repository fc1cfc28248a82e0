package housetabletest

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// duel sends two commits at once, of which one must win, and tells which.
func (b *bench) duel(t testing.TB, first, second housetable.Change) (winner int) {
	t.Helper()
	verdicts := b.race(t, 2, func(i int) housetable.Commit { return b.request([]housetable.Change{first, second}[i]) })
	if won, lost := count(verdicts, "committed"), count(verdicts, "conflict"); won != 1 || lost != 1 {
		t.Fatalf("%#v against %#v: %d won and %d lost, want one each", first, second, won, lost)
	}
	if verdictName(verdicts[0]) == "committed" {
		return 0
	}
	return 1
}

func (b *bench) wantAt(t testing.TB, table, location string) {
	t.Helper()
	there := b.table(t, key(table))
	if (there == nil) != (location == "") || there != nil && there.MetadataLocation != location {
		t.Fatalf("%s is %+v, want %q", table, there, location)
	}
}

// generation makes a table and soft-deletes it.
func (b *bench) generation(t testing.TB, table string) housetable.SoftDeletedKey {
	t.Helper()
	b.do(t, create(table))
	dropped := b.do(t, housetable.DropTable{Key: key(table), Soft: true})
	return housetable.SoftDeletedKey{Key: key(table), DeletedAtMS: *dropped.Results[0].Table.DeletedAtMS}
}

// restoreCreateRace: one name, wanted by a restoration and by a creation.
func restoreCreateRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	for round := range 2 * rounds {
		table := fmt.Sprint("t", round)
		gone := b.generation(t, table)
		created := create(table)
		created.MetadataLocation = "/created"
		restored := b.duel(t, housetable.RestoreTable{SoftDeletedKey: gone}, created) == 0
		want := "/created"
		if restored {
			want = "/" + table + "/1"
		}
		b.wantAt(t, table, want)
		left, err := b.CountSoftDeleted(t.Context(), housetable.SoftDeletedQuery{Warehouse: house, DatabaseID: "db", TableID: table})
		if err != nil || (left == 0) != restored {
			t.Fatalf("restored: %v, and %d are left, %v", restored, left, err)
		}
	}
}

// renameCreateRace: one name, wanted by a rename and by a creation.
func renameCreateRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 2*rounds)
	for round := range 2 * rounds {
		from, to := fmt.Sprint("t", round), fmt.Sprint("wanted", round)
		if b.duel(t, housetable.RenameTable{Key: key(from), Destination: key(to)}, create(to)) == 0 {
			b.wantAt(t, from, "")
			b.wantAt(t, to, "/"+from+"/1")
		} else {
			b.wantAt(t, from, "/"+from+"/1")
			b.wantAt(t, to, "/"+to+"/1")
		}
	}
}

// conditionalRace: of two changes that expect the same version, whatever they
// are, one wins.
func conditionalRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3*rounds)
	for round := range 3 * rounds {
		table := fmt.Sprint("t", round)
		expect := housetable.Expectation{Version: new(int64(1))}
		drop := housetable.DropTable{Key: key(table), Expect: expect, Soft: round%2 == 0}
		switch round % 3 {
		case 0:
			b.duel(t, drop, swap(table, 1, "/2"))
		case 1:
			b.duel(t, drop, housetable.RenameTable{Key: key(table), Expect: expect, Destination: key(table + "r")})
		default:
			b.duel(t, drop, drop)
		}
	}
}

// renameChainRace: a rename to the name that another rename leaves comes after
// it or is refused; no table is lost or doubled.
func renameChainRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 2*rounds)
	for round := range rounds {
		first, second, third := fmt.Sprint("t", 2*round), fmt.Sprint("t", 2*round+1), fmt.Sprint("free", round)
		verdicts := b.race(t, 2, func(i int) housetable.Commit {
			if i == 0 {
				return b.request(housetable.RenameTable{Key: key(first), Destination: key(second)})
			}
			return b.request(housetable.RenameTable{Key: key(second), Destination: key(third)})
		})
		if verdictName(verdicts[1]) != "committed" {
			t.Fatalf("a rename to a free name: %#v", verdicts[1])
		}
		b.wantAt(t, third, "/"+second+"/1")
		if verdictName(verdicts[0]) == "committed" {
			b.wantAt(t, first, "")
			b.wantAt(t, second, "/"+first+"/1")
		} else {
			b.wantAt(t, first, "/"+first+"/1")
			b.wantAt(t, second, "")
		}
	}
}

// namespaceArrivalRace: a namespace is not dropped under a table that arrives by
// a rename or a restoration.
func namespaceArrivalRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, rounds)
	for round := range rounds {
		id := fmt.Sprint("n", round)
		inside := housetable.TableKey{DatabaseID: id, TableID: "t"}
		b.do(t, housetable.CreateNamespace{DatabaseID: id})
		b.duel(t, housetable.DropNamespace{DatabaseID: id}, housetable.RenameTable{Key: key(fmt.Sprint("t", round)), Destination: inside})

		id = fmt.Sprint("m", round)
		inside.DatabaseID = id
		b.do(t, housetable.CreateNamespace{DatabaseID: id})
		b.do(t, housetable.CreateTable{Key: inside, Kind: housetable.KindTable, MetadataLocation: "/"})
		dropped := b.do(t, housetable.DropTable{Key: inside, Soft: true})
		gone := housetable.SoftDeletedKey{Key: inside, DeletedAtMS: *dropped.Results[0].Table.DeletedAtMS}
		b.duel(t, housetable.DropNamespace{DatabaseID: id}, housetable.RestoreTable{SoftDeletedKey: gone})
	}
}

// purgeRace: what is restored was not purged, and the other way round.
func purgeRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	for round := range 2 * rounds {
		table := fmt.Sprint("t", round)
		gone := b.generation(t, table)
		var purged int64
		var err error
		var both sync.WaitGroup
		both.Go(func() {
			purged, err = b.PurgeSoftDeleted(t.Context(), housetable.Purge{Warehouse: house, Key: key(table), Kind: housetable.KindTable})
		})
		verdict := b.race(t, 1, func(int) housetable.Commit { return b.request(housetable.RestoreTable{SoftDeletedKey: gone}) })[0]
		both.Wait()
		if restored := verdictName(verdict) == "committed"; err != nil || restored == (purged > 0) || restored != (b.table(t, key(table)) != nil) {
			t.Fatalf("purged %d (%v), restoration: %#v", purged, err, verdict)
		}
	}
}

// namespaceVersionRace: of changes of one namespace that expect the same version
// one is made, be they updates or drops.
func namespaceVersionRace(t *testing.T, b *bench) {
	t.Helper()
	for round := range rounds {
		id := fmt.Sprint("v", round)
		b.do(t, housetable.CreateNamespace{DatabaseID: id})
		b.oneWinner(t, func(i int) housetable.Change {
			return housetable.UpdateNamespace{DatabaseID: id, ExpectedVersion: 1, Updates: map[string]string{"k": strconv.Itoa(i)}}
		})
		b.duel(t, housetable.UpdateNamespace{DatabaseID: id, ExpectedVersion: 2}, housetable.DropNamespace{DatabaseID: id, ExpectedVersion: 2})
	}
}
