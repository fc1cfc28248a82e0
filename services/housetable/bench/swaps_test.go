package bench

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

const (
	// bareClients is how many connections pgbench updates through.
	bareClients = 16
	// turn is how many tables are changed in one turn of one side: a multiple of
	// every number of callers.
	turn = 256 * 80
	// together is how many tables the wide commit changes, wide how many of them
	// there are in a turn.
	together = 10
	wide     = 200
)

// swaps compares single-table commits, each with its operation and its event,
// with bare updates: the CPU of Postgres for each, and the rate.
func swaps(callers int, cpuAtMost, rateAtLeast float64) func(*testing.B, *world) []benchtest.Finding {
	return func(b *testing.B, w *world) []benchtest.Finding {
		b.Helper()
		cpu := benchtest.Finding{
			What: fmt.Sprintf("single-table swap, %d callers: Postgres CPU", callers), Against: "bare conditional UPDATE, 16 clients",
			Unit: "µs", Reach: benchtest.AtMost(cpuAtMost),
		}
		rate := benchtest.Finding{
			What: fmt.Sprintf("the same, %d callers: rate over gRPC", callers), Against: "bare conditional UPDATE, 16 clients",
			Unit: "/s", Reach: benchtest.AtLeast(rateAtLeast),
		}
		all := benchtest.Finding{
			What: fmt.Sprintf("the same, %d callers: CPU of callers, service and Postgres", callers), Against: "of pgbench and Postgres", Unit: "µs",
		}
		for range rounds {
			var perSecond float64
			first := w.fresh(b, turn)
			spent := w.spent(b, turn, func() { perSecond = w.pgbenchUpdates(b, first, turn) })
			w.checkSwapped(b, first, turn)
			cpu.Theirs, all.Theirs, rate.Theirs = append(cpu.Theirs, spent.postgres), append(all.Theirs, spent.all), append(rate.Theirs, perSecond)

			first = w.fresh(b, turn)
			spent = w.spent(b, turn, func() { perSecond = w.swapAll(b, first, turn, callers, 1) })
			w.checkSwapped(b, first, turn)
			cpu.Ours, all.Ours, rate.Ours = append(cpu.Ours, spent.postgres), append(all.Ours, spent.all), append(rate.Ours, perSecond)
		}
		return []benchtest.Finding{cpu, rate, all}
	}
}

// tenTables compares commits of ten tables with ten commits of one.
func tenTables(b *testing.B, w *world) []benchtest.Finding {
	b.Helper()
	f := benchtest.Finding{
		What: "commit of 10 tables, one caller: Postgres CPU", Against: "ten single swaps, one caller", Unit: "µs", Reach: benchtest.AtMost(0.3),
	}
	for range rounds {
		first := w.fresh(b, wide*together)
		f.Theirs = append(f.Theirs, w.spent(b, wide, func() { w.swapAll(b, first, wide*together, 1, 1) }).postgres)
		first = w.fresh(b, wide*together)
		f.Ours = append(f.Ours, w.spent(b, wide, func() { w.swapAll(b, first, wide*together, 1, together) }).postgres)
	}
	return []benchtest.Finding{f}
}

// swapAll has callers change a range of tables, some in each commit, and returns
// the rate of commits a second.
func (w *world) swapAll(b *testing.B, first, tables, callers, each int) float64 {
	b.Helper()
	client := htsv1.NewCommitServiceClient(w.many.conn)
	share := tables / callers
	var wait sync.WaitGroup
	started := time.Now()
	for caller := range callers {
		wait.Go(func() {
			from := first + caller*share
			for at := from; at < from+share; at += each {
				response, err := client.Commit(b.Context(), swapRequest(at, each))
				if err != nil || response.GetCommitted() == nil {
					b.Errorf("table %d: %v, %v", at, response, err)
					return
				}
			}
		})
	}
	wait.Wait()
	return float64(tables/each) / time.Since(started).Seconds()
}

// swapRequest swaps tables from their first version to their second.
func swapRequest(first, tables int) *htsv1.CommitRequest {
	r := &htsv1.CommitRequest{Principal: "alice", RequestId: operationID().text()}
	operation := &htsv1.Operation{
		Id: operationID().bytes(), Fingerprint: make([]byte, 32), Kind: "updateTable", Outcome: &htsv1.Outcome{Status: 200},
	}
	for id := first; id < first+tables; id++ {
		operation.Outcome.MetadataLocations = append(operation.Outcome.MetadataLocations, location(id, 1))
		r.Changes = append(r.Changes, &htsv1.Change{Change: &htsv1.Change_SwapTable{SwapTable: &htsv1.SwapTable{
			Key:              &htsv1.TableKey{DatabaseId: "db", TableId: strconv.Itoa(id)},
			Expect:           &htsv1.Expectation{Version: new(int64(1))},
			MetadataLocation: location(id, 1),
		}}})
	}
	r.Operations = []*htsv1.Operation{operation}
	return r
}

// id begins with the time and ends with chance, as the ids of clients do (UUID
// version 7).
type id [16]byte

func operationID() id {
	var u id
	_, _ = rand.Read(u[:]) // it never fails
	binary.BigEndian.PutUint64(u[:8], uint64(time.Now().UnixMilli())<<16|0x7000|uint64(binary.BigEndian.Uint16(u[6:8])&0xfff))
	return u
}

func (u id) bytes() []byte { return u[:] }
func (u id) text() string  { return fmt.Sprintf("%x", u[:]) }
