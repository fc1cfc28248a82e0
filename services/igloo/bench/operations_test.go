package bench

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

var (
	errNotReady = errors.New("no 200")

	peers  = flag.String("peers", "", "folder with the jars of other catalogs; empty leaves them out")
	peer   = flag.String("peer", "", "URL of one more catalog to measure, without /v1")
	only   = flag.String("operations", "", "measure operations whose name contains this")
	report = flag.String("report", "", "file to write all readings to, as JSON")
	warm   = flag.Duration("warm", 300*time.Millisecond, "how long each contestant does an operation before its first turn")
	turn   = flag.Duration("turn", time.Second, "how long each turn lasts")
	turns  = flag.Int("turns", 5, "how many turns each contestant has at 16 connections; half as many at others")
	crowds = []int{1, 16, 64}
)

// reading is what one contestant did in one turn.
type reading struct {
	Contestant string      `json:"contestant"`
	Operation  string      `json:"operation"`
	Result     load.Result `json:"result"`
	// CatalogCPU and StoreCPU are microseconds a turn of the operation.
	CatalogCPU float64 `json:"catalog_cpu_us"`
	StoreCPU   float64 `json:"store_cpu_us"`
}

// BenchmarkOperations has all contestants take turns in every operation, at one,
// sixteen and sixty-four connections.
func BenchmarkOperations(b *testing.B) {
	contestants := contestants(b)
	var readings []reading
	for b.Loop() {
		for _, operation := range load.Operations() {
			if strings.Contains(operation.Name, *only) {
				readings = append(readings, contest(b, contestants, operation)...)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	show(b, readings)
	if err := benchtest.Show(os.Stdout, slices.Concat(besidePeers(readings), besideItself(readings))); err != nil {
		b.Fatal(err)
	}
	keep(b, readings)
}

func contestants(b *testing.B) []*contestant {
	b.Helper()
	all := []*contestant{split(b, onS3), split(b, onFiles), embedded(b)}
	if *peers != "" {
		all = append(all, fixture(b, *peers), nessie(b, *peers))
	}
	if *peer != "" {
		all = append(all, &contestant{name: *peer, target: load.Target{URL: strings.TrimSuffix(*peer, "/")}, small: true})
	}
	return all
}

// contest lets everybody take turns in an operation.
func contest(b *testing.B, contestants []*contestant, operation load.Operation) []reading {
	b.Helper()
	var all []reading
	for _, connections := range crowds {
		rounds := (*turns + 1) / 2
		if connections == sixteen {
			rounds = *turns
		}
		ready := prepare(b, contestants, operation, connections)
		ready = append(ready, limits(b, operation.Name, ready[0], connections)...)
		for range rounds {
			for _, i := range rand.Perm(len(ready)) { // nobody always comes first
				all = append(all, ready[i].measure(b, connections))
			}
		}
		for _, r := range ready {
			r.leave()
		}
	}
	return all
}

// entry is a contestant that is ready for an operation.
type entry struct {
	*contestant

	operation string
	catalog   *load.Catalog
	work      load.Work
}

// prepare leaves out who cannot do it, or not in reasonable time.
func prepare(b *testing.B, contestants []*contestant, operation load.Operation, connections int) []*entry {
	b.Helper()
	var ready []*entry
	for _, c := range contestants {
		if c.small && strings.Contains(operation.Name, "100000 tables") {
			continue
		}
		catalog, err := load.Open(b.Context(), c.target, connections)
		if err != nil {
			b.Fatalf("%s: %v", c.name, err)
		}
		work, err := operation.Prepare(b.Context(), catalog, connections)
		if err == nil {
			_, err = load.Run(b.Context(), work, load.Plan{Connections: connections, Duration: *warm})
		}
		if err != nil {
			b.Logf("%s, %s: %v", c.name, operation.Name, err)
			continue
		}
		ready = append(ready, &entry{contestant: c, operation: operation.Name, catalog: catalog, work: work})
	}
	return ready
}

// leave lets the connections go; a limit has none.
func (e *entry) leave() {
	if e.catalog != nil {
		e.catalog.Close()
	}
}

func (e *entry) measure(b *testing.B, connections int) reading {
	b.Helper()
	before := e.used(b)
	got, err := load.Run(b.Context(), e.work, load.Plan{Connections: connections, Duration: *turn})
	if err != nil {
		b.Fatalf("%s, %s: %v", e.name, e.operation, err)
	}
	after := e.used(b)
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(max(got.Done, 1)) }
	return reading{e.name, e.operation, got, each(after.catalog - before.catalog), each(after.store - before.store)}
}

// show prints a line for each operation, number of connections and contestant.
func show(b *testing.B, readings []reading) {
	b.Helper()
	var table strings.Builder
	table.WriteString("| operation | connections | catalog | /s | p50 | p99 | CPU | of the storage | KB | tries |\n|---|---:|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, of := range grouped(readings) {
		first := of[0]
		median := func(value func(reading) float64) float64 { return medianOf(of, value) }
		fmt.Fprintf(&table, "| %s | %d | %s | %.0f | %.2f ms | %.2f ms | %.0f µs | %.0f µs | %.1f | %.2f |\n",
			first.Operation, first.Result.Connections, first.Contestant, median(func(r reading) float64 { return r.Result.Rate() }),
			median(func(r reading) float64 { return milliseconds(r.Result.Latency.P50) }),
			median(func(r reading) float64 { return milliseconds(r.Result.Latency.P99) }),
			median(func(r reading) float64 { return r.CatalogCPU }), median(func(r reading) float64 { return r.StoreCPU }),
			median(func(r reading) float64 { return perTurn(r.Result.Bytes, r) / 1000 }),
			median(func(r reading) float64 { return perTurn(r.Result.Tries, r) }))
	}
	if _, err := os.Stdout.WriteString(table.String()); err != nil {
		b.Fatal(err)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func perTurn(of int64, r reading) float64 { return float64(of) / float64(max(r.Result.Done, 1)) }

// grouped puts together the turns of one contestant in one operation at one number of connections.
func grouped(readings []reading) [][]reading {
	type key struct {
		operation, contestant string
		connections           int
	}
	places := map[key]int{}
	var groups [][]reading
	for _, r := range readings {
		k := key{r.Operation, r.Contestant, r.Result.Connections}
		place, known := places[k]
		if !known {
			place, groups = len(groups), append(groups, nil)
			places[k] = place
		}
		groups[place] = append(groups[place], r)
	}
	return groups
}

func medianOf(readings []reading, value func(reading) float64) float64 {
	values := make([]float64, len(readings))
	for i, r := range readings {
		values[i] = value(r)
	}
	return benchtest.Median(values)
}

// keep writes the readings down.
func keep(b *testing.B, readings []reading) {
	b.Helper()
	if *report == "" {
		return
	}
	data, err := json.MarshalIndent(readings, "", " ")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Clean(*report), append(data, '\n'), 0o600); err != nil {
		b.Fatal(err)
	}
}
