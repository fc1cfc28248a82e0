package housetabletest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// batchRace has replicas send batches of single swaps of the same tables, each
// in another order, with one request that all of them deliver among them: every
// table has one winner a round, the request one effect, and each change its
// place in the history.
func batchRace(t *testing.T, b *bench) {
	t.Helper()
	const tables = 6
	b.seed(t, tables)
	b.do(t, create("delivered"))
	for round := range int64(rounds) {
		same := b.request(housetable.SwapTable{Key: key("delivered"), MetadataLocation: "/any"})
		batches := make([][]housetable.Commit, rivals)
		for i := range batches {
			for n := range tables {
				table := (n*(2*(i%2)+5) + i) % tables
				batches[i] = append(batches[i], b.request(swap(fmt.Sprint("t", table), round+1, fmt.Sprintf("/%d/%d", round, i))))
			}
			batches[i] = append(batches[i], same)
		}
		verdicts := b.raceBatches(t, batches)
		if won, replayed := count(verdicts, "committed"), count(verdicts, "replay"); won != tables+1 || replayed != rivals-1 {
			t.Fatalf("round %d: %d committed, %d replayed", round, won, replayed)
		}
	}
	for _, name := range []string{"t0", "t5", "delivered"} {
		table := b.table(t, key(name))
		if table.Version != rounds+1 {
			t.Fatalf("%s has version %d after %d rounds", name, table.Version, rounds)
		}
		versions, _, err := b.History(t.Context(), housetable.HistoryQuery{Warehouse: house, UUID: table.UUID, Limit: 100})
		if err != nil || len(versions) != rounds+1 || versions[0].MetadataLocation != table.MetadataLocation {
			t.Fatalf("%s: history %+v, %v", name, versions, err)
		}
	}
}

// raceBatches sends batches at once and returns all of their verdicts.
func (b *bench) raceBatches(t *testing.T, batches [][]housetable.Commit) []housetable.Verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	var verdicts []housetable.Verdict
	var wait sync.WaitGroup
	for i, batch := range batches {
		wait.Go(func() {
			v, err := b.Commit(ctx, batch)
			if err != nil {
				t.Errorf("batch %d: %v", i, err)
			}
			mu.Lock()
			defer mu.Unlock()
			verdicts = append(verdicts, v...)
		})
	}
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return verdicts
}
