package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

const (
	readers = 32
	// reads is how many one turn has, on each side.
	reads = readers * 1500
	// singly is how many requests one caller sends to each side.
	singly   = 4000
	pageSize = 1000
	// pageTurns is how often each of two pages is read.
	pageTurns = 100
)

func someID(of int) string { return strconv.Itoa(firstID + rand.IntN(of)) }

// pointReads compares the rate of reads by key with pgbench's.
func pointReads(b *testing.B, w *world) []benchtest.Finding {
	b.Helper()
	f := benchtest.Finding{
		What: fmt.Sprintf("point read over gRPC, %d callers", readers), Against: "pgbench, prepared select of the same row, as many clients",
		Unit: "/s", Reach: benchtest.AtLeast(0.8),
	}
	all := benchtest.Finding{What: "the same: CPU of callers, service and Postgres", Against: "of pgbench and Postgres", Unit: "µs"}
	floor := benchtest.Finding{
		What: fmt.Sprintf("a gRPC call that does nothing (health check), %d callers", readers), Against: f.Against, Unit: "/s",
	}
	share := reads / readers
	for range rounds {
		var perSecond float64
		spent := w.spent(b, reads, func() { perSecond = w.pgbench(b, bareRead, readers, "-t", strconv.Itoa(share)) })
		f.Theirs, all.Theirs = append(f.Theirs, perSecond), append(all.Theirs, spent.all)
		floor.Theirs = append(floor.Theirs, perSecond)
		spent = w.spent(b, reads, func() { perSecond = w.fromAll(b, share, w.readOne) })
		f.Ours, all.Ours = append(f.Ours, perSecond), append(all.Ours, spent.all)
		floor.Ours = append(floor.Ours, w.fromAll(b, share, w.nothing))
	}
	return []benchtest.Finding{f, all, floor}
}

// fromAll has every reader call so often and returns their rate a second.
func (w *world) fromAll(b *testing.B, share int, call func(context.Context) error) float64 {
	b.Helper()
	var wait sync.WaitGroup
	started := time.Now()
	for range readers {
		wait.Go(func() {
			for range share {
				if err := call(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	return float64(readers*share) / time.Since(started).Seconds()
}

// readOne reads as the catalog does, with the catalog's client.
func (w *world) readOne(ctx context.Context) error {
	_, err := w.many.tables.GetTable(ctx, &htsv1.GetTableRequest{
		Key: &htsv1.TableKey{DatabaseId: "db", TableId: someID(many)},
	})
	return err
}

// nothing is what a call costs that asks for nothing: no read that has a call of
// its own can be faster.
func (w *world) nothing(ctx context.Context) error {
	_, err := healthv1.NewHealthClient(w.many.conn).Check(ctx, &healthv1.HealthCheckRequest{})
	return err
}

// getByID compares one caller's GET in a database of many tables with one of few.
func getByID(b *testing.B, w *world) []benchtest.Finding {
	b.Helper()
	f := benchtest.Finding{
		What: "GET by id at 1,000,000 rows, one caller", Against: "at 1,000 rows", Unit: "µs", Reach: benchtest.AtMost(1.3),
	}
	for range rounds {
		large, small := make([]float64, singly/rounds), make([]float64, singly/rounds)
		for i := range large {
			large[i], small[i] = get(b, w.many, many), get(b, w.few, few)
		}
		f.Ours, f.Theirs = append(f.Ours, benchtest.Median(large)), append(f.Theirs, benchtest.Median(small))
	}
	return []benchtest.Finding{f}
}

func get(b *testing.B, s *service, of int) float64 {
	b.Helper()
	took, err := s.get(b.Context(), "/hts/tables?databaseId=db&tableId="+someID(of))
	if err != nil {
		b.Fatal(err)
	}
	return float64(took.Nanoseconds()) / 1000
}

// pages compares the last page of a long list with its first.
func pages(b *testing.B, w *world) []benchtest.Finding {
	b.Helper()
	f := benchtest.Finding{What: "page 1,000 of a list of 1,000,000 tables", Against: "page 1", Unit: "µs", Reach: benchtest.AtMost(1.3)}
	var token string
	for range many/pageSize - 1 {
		token, _ = w.page(b, token)
	}
	for range rounds {
		last, first := make([]float64, pageTurns/rounds), make([]float64, pageTurns/rounds)
		for i := range last {
			_, last[i] = w.page(b, token)
			_, first[i] = w.page(b, "")
		}
		f.Ours, f.Theirs = append(f.Ours, benchtest.Median(last)), append(f.Theirs, benchtest.Median(first))
	}
	return []benchtest.Finding{f}
}

// page reads one full page and returns the token of the next, and how long it
// took in microseconds.
func (w *world) page(b *testing.B, token string) (next string, micros float64) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	started := time.Now()
	r, err := w.many.tables.ListTables(ctx, &htsv1.ListTablesRequest{DatabaseId: "db", PageSize: pageSize, PageToken: token})
	if err != nil || len(r.GetTables()) != pageSize {
		b.Fatalf("page of %d tables: %v", len(r.GetTables()), err)
	}
	return r.GetNextPageToken(), float64(time.Since(started).Nanoseconds()) / 1000
}
