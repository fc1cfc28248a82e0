package postgres_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/lane"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// BenchmarkSwap is single-table swaps of distinct tables through group commit.
func BenchmarkSwap(b *testing.B) {
	store, err := postgres.Open(b.Context(), pgtest.New(b, postgres.Migrate), postgres.Options{Connections: 16})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	const tables = 4096
	key := func(i int64) housetable.TableKey {
		return housetable.TableKey{DatabaseID: "db", TableID: fmt.Sprint("t", i)}
	}
	var operations atomic.Int64
	commit := func(changes ...housetable.Change) housetable.Commit {
		var id housetable.UUID
		binary.BigEndian.PutUint64(id[:], uint64(operations.Add(1)))
		return housetable.Commit{Warehouse: "default", Operations: []housetable.Operation{{ID: id, Kind: "updateTable"}}, Changes: changes}
	}
	send := func(c housetable.Commit) {
		v, err := store.Commit(context.Background(), []housetable.Commit{c})
		if _, ok := v[0].(housetable.Committed); err != nil || !ok {
			b.Fatal(v, err)
		}
	}
	send(commit(housetable.CreateNamespace{DatabaseID: "db"}))
	for at := int64(0); at < tables; at += 512 {
		changes := make([]housetable.Change, 0, 512)
		for i := range int64(512) {
			changes = append(changes, housetable.CreateTable{Key: key(at + i), Kind: housetable.KindTable, MetadataLocation: "/metadata/00000.json"})
		}
		send(commit(changes...))
	}
	for _, callers := range []int64{1, 16, 64, 256} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			l := lane.New(store, lane.Limits{Slots: 8, Batch: 64, Queue: 4096, Timeout: 10 * time.Second})
			var next atomic.Int64
			var wait sync.WaitGroup
			b.ResetTimer()
			for caller := range callers {
				wait.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						table := caller*(tables/callers) + n%(tables/callers)
						v, err := l.Commit(b.Context(), commit(housetable.SwapTable{Key: key(table), MetadataLocation: "/metadata/00001.json"}))
						if _, ok := v.(housetable.Committed); err != nil || !ok {
							b.Error(v, err)
							return
						}
					}
				})
			}
			wait.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}
