package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

const (
	readers     = 32
	readSeconds = 4
	// singly is how many requests one caller sends to each side.
	singly   = 4000
	pageSize = 1000
	// pageTurns is how often each of two pages is read.
	pageTurns = 100
)

func someID(of int) string { return strconv.Itoa(firstID + rand.IntN(of)) }

// pointReads compares the rate of reads by key with pgbench's.
func pointReads(b *testing.B, w *world) []finding {
	b.Helper()
	f := finding{
		what: fmt.Sprintf("point read over gRPC, %d callers", readers), against: "pgbench, prepared select of the same row, as many clients",
		unit: "/s", reach: atLeast(0.8),
	}
	for range rounds {
		f.theirs = append(f.theirs, w.pgbench(b, bareRead, readers, "-T", strconv.Itoa(readSeconds)))
		f.ours = append(f.ours, w.readFor(b, readSeconds*time.Second))
	}
	return []finding{f}
}

// readFor has all readers read for a while and returns their rate a second.
func (w *world) readFor(b *testing.B, d time.Duration) float64 {
	b.Helper()
	client := htsv1.NewTableServiceClient(w.many.conn)
	var reads atomic.Int64
	var wait sync.WaitGroup
	started := time.Now()
	for range readers {
		wait.Go(func() {
			for time.Since(started) < d {
				r := &htsv1.GetTableRequest{Key: &htsv1.TableKey{DatabaseId: "db", TableId: someID(many)}}
				if _, err := client.GetTable(b.Context(), r); err != nil {
					b.Error(err)
					return
				}
				reads.Add(1)
			}
		})
	}
	wait.Wait()
	return float64(reads.Load()) / time.Since(started).Seconds()
}

// getByID compares one caller's GET in a database of many tables with one of few.
func getByID(b *testing.B, w *world) []finding {
	b.Helper()
	f := finding{
		what: "GET by id at 1,000,000 rows, one caller", against: "at 1,000 rows", unit: "µs", reach: atMost(1.3),
	}
	for range rounds {
		large, small := make([]float64, singly/rounds), make([]float64, singly/rounds)
		for i := range large {
			large[i], small[i] = get(b, w.many, many), get(b, w.few, few)
		}
		f.ours, f.theirs = append(f.ours, median(large)), append(f.theirs, median(small))
	}
	return []finding{f}
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
func pages(b *testing.B, w *world) []finding {
	b.Helper()
	f := finding{what: "page 1,000 of a list of 1,000,000 tables", against: "page 1", unit: "µs", reach: atMost(1.3)}
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
		f.ours, f.theirs = append(f.ours, median(last)), append(f.theirs, median(first))
	}
	return []finding{f}
}

// page reads one full page and returns the token of the next, and how long it
// took in microseconds.
func (w *world) page(b *testing.B, token string) (next string, micros float64) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	started := time.Now()
	r, err := htsv1.NewTableServiceClient(w.many.conn).ListTables(ctx, &htsv1.ListTablesRequest{DatabaseId: "db", PageSize: pageSize, PageToken: token})
	if err != nil || len(r.GetTables()) != pageSize {
		b.Fatalf("page of %d tables: %v", len(r.GetTables()), err)
	}
	return r.GetNextPageToken(), float64(time.Since(started).Nanoseconds()) / 1000
}
