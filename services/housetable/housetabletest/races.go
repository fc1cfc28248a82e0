package housetabletest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	rivals = 8
	rounds = 10
)

// race sends n commits at once and returns their verdicts. An error is a
// failure of the test: no race may end in one.
func (b *bench) race(t testing.TB, n int, request func(i int) housetable.Commit) []housetable.Verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	requests := make([]housetable.Commit, n)
	for i := range requests {
		requests[i] = request(i)
	}
	verdicts := make([]housetable.Verdict, n)
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			v, err := b.Commit(ctx, requests[i:i+1])
			if err != nil {
				t.Errorf("rival %d: %v", i, err)
				return
			}
			verdicts[i] = v[0]
		})
	}
	close(start)
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return verdicts
}

func count(verdicts []housetable.Verdict, name string) int {
	n := 0
	for _, v := range verdicts {
		if verdictName(v) == name {
			n++
		}
	}
	return n
}

func (b *bench) oneWinner(t testing.TB, request func(i int) housetable.Change) {
	t.Helper()
	verdicts := b.race(t, rivals, func(i int) housetable.Commit { return b.request(request(i)) })
	if won, lost := count(verdicts, "committed"), count(verdicts, "conflict"); won != 1 || lost != rivals-1 {
		t.Fatalf("%d won and %d lost, want 1 and %d", won, lost, rivals-1)
	}
}

func swapRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	for round := range int64(rounds) {
		b.oneWinner(t, func(i int) housetable.Change { return swap("t0", round+1, fmt.Sprintf("/%d/%d", round, i)) })
	}
	if got := b.table(t, key("t0")).Version; got != rounds+1 {
		t.Fatalf("version %d, want %d", got, rounds+1)
	}
}

func createRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	for round := range rounds {
		b.oneWinner(t, func(int) housetable.Change { return create(fmt.Sprint("c", round)) })
		b.oneWinner(t, func(int) housetable.Change { return housetable.CreateNamespace{DatabaseID: fmt.Sprint("n", round)} })
		implicit := housetable.CreateTable{
			Key: housetable.TableKey{DatabaseID: fmt.Sprint("i", round), TableID: "t"}, Kind: housetable.KindTable,
			MetadataLocation: "/", ImplicitNamespace: true,
		}
		b.oneWinner(t, func(int) housetable.Change { return implicit })
	}
}

func dropRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, rounds)
	for round := range rounds {
		b.oneWinner(t, func(int) housetable.Change { return housetable.DropTable{Key: key(fmt.Sprint("t", round))} })
	}
}

func softDropRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, rounds)
	for round := range rounds {
		table := key(fmt.Sprint("t", round))
		verdicts := b.race(t, rivals, func(int) housetable.Commit { return b.request(housetable.DropTable{Key: table, Soft: true}) })
		var at int64
		for _, v := range verdicts {
			if c, ok := v.(housetable.Committed); ok {
				at = *c.Results[0].Table.DeletedAtMS
			}
		}
		if n := count(verdicts, "committed"); n != 1 {
			t.Fatalf("%d soft drops of one table", n)
		}
		b.oneWinner(t, func(int) housetable.Change {
			return housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: table, DeletedAtMS: at}}
		})
	}
}

func renameRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, rivals*rounds)
	for round := range rounds {
		// Many names for one table, then many tables for one name.
		b.oneWinner(t, func(i int) housetable.Change {
			return housetable.RenameTable{Key: key(fmt.Sprint("t", round*rivals)), Destination: key(fmt.Sprintf("r%d-%d", round, i))}
		})
		verdicts := b.race(t, rivals-1, func(i int) housetable.Commit {
			return b.request(housetable.RenameTable{Key: key(fmt.Sprint("t", round*rivals+i+1)), Destination: key(fmt.Sprint("one", round))})
		})
		if n := count(verdicts, "committed"); n != 1 {
			t.Fatalf("%d tables got one name", n)
		}
	}
}

// renameSwapRace: of a rename and a swap from one base, the one acknowledged is what is there.
func renameSwapRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3*rounds)
	for round := range 3 * rounds {
		from, to := key(fmt.Sprint("t", round)), key(fmt.Sprint("renamed", round))
		expect := housetable.Expectation{Version: new(int64(1))}
		verdicts := b.race(t, 2, func(i int) housetable.Commit {
			if i == 0 {
				return b.request(housetable.RenameTable{Key: from, Expect: expect, Destination: to, MetadataLocation: new("/renamed")})
			}
			return b.request(housetable.SwapTable{Key: from, Expect: expect, MetadataLocation: "/swapped"})
		})
		if n := count(verdicts, "committed"); n != 1 {
			t.Fatalf("%d of two succeeded from one base", n)
		}
		there, want := b.table(t, from), "/swapped"
		if verdictName(verdicts[0]) == "committed" {
			there, want = b.table(t, to), "/renamed"
		}
		if there == nil || there.MetadataLocation != want || there.Version != 2 {
			t.Fatalf("found %+v, want %s", there, want)
		}
	}
}

func dropSwapRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3*rounds)
	for round := range 3 * rounds {
		table := key(fmt.Sprint("t", round))
		verdicts := b.race(t, 2, func(i int) housetable.Commit {
			if i == 0 {
				return b.request(housetable.DropTable{Key: table, Soft: round%2 == 0})
			}
			return b.request(swap(table.TableID, 1, "/swapped"))
		})
		dropped, ok := verdicts[0].(housetable.Committed)
		if !ok || b.table(t, table) != nil {
			t.Fatalf("an unconditional drop must win in the end: %#v", verdicts[0])
		}
		want := "/" + table.TableID + "/1"
		if verdictName(verdicts[1]) == "committed" {
			want = "/swapped"
		}
		if got := dropped.Results[0].Table.MetadataLocation; got != want {
			t.Fatalf("dropped at %s, want %s", got, want)
		}
	}
}

func namespaceRace(t *testing.T, b *bench) {
	t.Helper()
	for round := range 3 * rounds {
		id := fmt.Sprint("n", round)
		b.do(t, housetable.CreateNamespace{DatabaseID: id})
		verdicts := b.race(t, 3, func(i int) housetable.Commit {
			switch i {
			case 0:
				return b.request(housetable.DropNamespace{DatabaseID: id})
			case 1:
				return b.request(housetable.CreateTable{
					Key: housetable.TableKey{DatabaseID: id, TableID: "t"}, Kind: housetable.KindTable, MetadataLocation: "/",
				})
			default:
				return b.request(housetable.CreateNamespace{DatabaseID: id + ".child"})
			}
		})
		dropped := verdictName(verdicts[0]) == "committed"
		if filled := count(verdicts[1:], "committed"); dropped && filled > 0 || !dropped && filled == 0 {
			t.Fatalf("dropped: %v, put into it: %d", dropped, filled)
		}
		if _, err := b.Namespace(t.Context(), house, id); dropped != fault.Is(err, fault.NoSuchNamespace) {
			t.Fatalf("dropped: %v, read: %v", dropped, err)
		}
	}
}

// lastTableRace: a drop against one table that comes in, over and over. Exactly
// one of the two is applied, and the loser is told what the winner did; a table
// is never left in a namespace that is gone.
func lastTableRace(t *testing.T, b *bench) {
	t.Helper()
	for round := range 10 * rounds {
		id := fmt.Sprint("n", round)
		in := housetable.TableKey{DatabaseID: id, TableID: "t"}
		b.do(t, housetable.CreateNamespace{DatabaseID: id})
		verdicts := b.race(t, 2, func(i int) housetable.Commit {
			if (i+round)%2 == 0 {
				return b.request(housetable.DropNamespace{DatabaseID: id})
			}
			return b.request(housetable.CreateTable{Key: in, Kind: housetable.KindTable, MetadataLocation: "/"})
		})
		drop, create := verdicts[round%2], verdicts[1-round%2]
		dropped, loser, want := true, create, housetable.NamespaceNotFound
		if verdictName(drop) != "committed" {
			dropped, loser, want = false, drop, housetable.NamespaceNotEmpty
		}
		conflict, lost := loser.(housetable.Conflict)
		if count(verdicts, "committed") != 1 || !lost || conflict.Changes[0].Reason != want {
			t.Fatalf("drop: %#v, create: %#v", drop, create)
		}
		_, err := b.Namespace(t.Context(), house, id)
		if table := b.table(t, in); fault.Is(err, fault.NoSuchNamespace) != dropped || (table == nil) != dropped {
			t.Fatalf("dropped: %v, namespace: %v, table: %+v", dropped, err, table)
		}
	}
}

// warehouseRace: a namespace never comes into a warehouse that is gone.
func warehouseRace(t *testing.T, b *bench) {
	t.Helper()
	for round := range 3 * rounds {
		name := fmt.Sprint("w", round)
		if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: name}); err != nil {
			t.Fatal(err)
		}
		request := b.request(housetable.CreateNamespace{DatabaseID: "n"})
		request.Warehouse = name
		deleted := make(chan error, 1)
		go func() { deleted <- b.DeleteWarehouse(t.Context(), name, 0) }()
		verdict := b.send(t, request)
		err := <-deleted
		if refused, ok := verdict.(housetable.Refused); ok {
			wantKind(t, refused.Err, fault.NoSuchWarehouse)
			if err != nil {
				t.Fatalf("neither was done: %v, %v", refused.Err, err)
			}
			continue
		}
		if verdictName(verdict) != "committed" {
			t.Fatalf("%#v", verdict)
		}
		wantKind(t, err, fault.NotEmpty)
	}
}

// deliveryRace: one request delivered many times has one effect, whether its
// change could apply twice or not.
func deliveryRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	for round := range int64(rounds) {
		same := b.request(housetable.SwapTable{Key: key("t0"), MetadataLocation: "/any"})
		if round%2 == 0 {
			same.Operations = append(same.Operations, b.operation())
		}
		verdicts := b.race(t, rivals, func(int) housetable.Commit { return same })
		if won, replayed := count(verdicts, "committed"), count(verdicts, "replay"); won != 1 || replayed != rivals-1 {
			t.Fatalf("%d committed, %d replayed", won, replayed)
		}
		if got := b.table(t, key("t0")).Version; got != round+2 {
			t.Fatalf("version %d after %d requests", got, round+1)
		}
	}
}

// crossingRace: transactions over the same tables in opposite orders do not fail each other.
func crossingRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 4)
	for round := range rounds {
		b.race(t, rivals, func(i int) housetable.Commit {
			changes := make([]housetable.Change, 0, 4)
			for n := range 4 {
				table := n
				if i%2 == 0 {
					table = 3 - n
				}
				changes = append(changes, housetable.SwapTable{Key: key(fmt.Sprint("t", table)), MetadataLocation: fmt.Sprintf("/%d/%d", round, i)})
			}
			return b.request(changes...)
		})
		locations := map[string]bool{}
		for n := range 4 {
			locations[b.table(t, key(fmt.Sprint("t", n))).MetadataLocation] = true
		}
		if len(locations) != 1 {
			t.Fatalf("transactions are mixed: %v", locations)
		}
	}
}

func propertyRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	verdicts := b.race(t, rivals, func(i int) housetable.Commit {
		return b.request(housetable.UpdateNamespace{DatabaseID: "db", Updates: map[string]string{fmt.Sprint("k", i): "v"}})
	})
	n, err := b.Namespace(t.Context(), house, "db")
	if err != nil || count(verdicts, "committed") != rivals || len(n.Properties) != rivals || n.Version != rivals+1 {
		t.Fatalf("%d committed, namespace %+v, %v", count(verdicts, "committed"), n, err)
	}
}

func jobRaces(t *testing.T, b *bench) {
	t.Helper()
	for round := range rounds {
		for _, expected := range []*int64{nil, new(int64(1))} {
			var wait sync.WaitGroup
			var mu sync.Mutex
			won := 0
			for i := range rivals {
				wait.Go(func() {
					job := housetable.Job{JobID: fmt.Sprint("j", round), JobFields: housetable.JobFields{State: new(fmt.Sprint(expected == nil, i))}}
					_, _, err := b.PutJob(t.Context(), house, job, expected)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won++
					} else if !fault.Is(err, fault.CommitFailed) {
						t.Errorf("put: %v", err)
					}
				})
			}
			wait.Wait()
			if won != 1 {
				t.Fatalf("round %d: %d puts won", round, won)
			}
		}
	}
}
