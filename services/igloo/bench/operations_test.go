package bench

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

// rest is how long nobody is asked anything before memory is looked at again.
const rest = 30 * time.Second

var (
	errNotReady = errors.New("no 200")

	peers         = flag.String("peers", "", "folder with the jars of other catalogs; empty leaves them out")
	peer          = flag.String("peer", "", "URL of one more catalog to measure, without /v1")
	peerWarehouse = flag.String("peer-warehouse", "", "warehouse to ask it for; empty means its default")
	peerToken     = flag.String("peer-token-file", "", "file with the token that it wants")
	only          = flag.String("operations", "", "measure operations whose name contains one of these, with | between them")
	warm          = flag.Duration("warm", 600*time.Millisecond, "how long each contestant does an operation before its first turn; a quarter with other numbers of connections")
	turn          = flag.Duration("turn", 400*time.Millisecond, "how long each turn lasts")
	hot           = flag.Duration("hot", 40*time.Second, "how long other catalogs are kept busy before all")
	turns         = flag.Int("turns", 5, "how many turns each contestant has where ratios are taken; half as many elsewhere")
)

// BenchmarkOperations has all contestants take turns in every operation, at one,
// sixteen and sixty-four connections.
func BenchmarkOperations(b *testing.B) {
	run := &report.Run{Machine: benchtest.ThisMachine()}
	for b.Loop() {
		all := contestants(b)
		bare := newBare(b)
		heat(b, all)
		for _, operation := range load.Operations() {
			if wanted(operation.Name) {
				contest(b, run, operation, all, bare)
				benchtest.Keep(b, report.Operations, run) // what there is of it
			}
		}
		run.Memory = memory(b, all)
		if wanted(report.AmongMany) {
			amongMany(b, run)
		}
		run.Starts = starts(b)
	}
	b.ReportMetric(0, "ns/op")
	benchtest.Keep(b, report.Operations, run)
	if err := benchtest.Show(os.Stdout, run.Reached()); err != nil {
		b.Fatal(err)
	}
}

// memory is what everybody has in memory, and what they keep of it.
func memory(b *testing.B, all []*contestant) []report.Memory {
	b.Helper()
	owned := slices.DeleteFunc(slices.Clone(all), func(c *contestant) bool { return c.services == nil })
	kept := make([]report.Memory, len(owned))
	for i, c := range owned {
		kept[i] = report.Memory{Contestant: c.name, BusyMB: c.memory(b)}
	}
	time.Sleep(rest)
	for i, c := range owned {
		kept[i].MB = c.memory(b)
	}
	return kept
}

func wanted(operation string) bool {
	return *only == "" || slices.ContainsFunc(strings.Split(*only, "|"), func(part string) bool { return strings.Contains(operation, part) })
}

// heat keeps the others busy at the same time: what runs on Java is slow at first.
func heat(b *testing.B, all []*contestant) {
	b.Helper()
	for _, operation := range load.Operations() {
		if !theUsual(operation.Name, report.Sixteen) || *hot == 0 {
			continue
		}
		var others sync.WaitGroup
		for _, c := range all {
			if c.other {
				others.Go(func() { c.warm(b, operation) })
			}
		}
		others.Wait()
	}
}

// warm does an operation for a while; whether it can is seen later.
func (c *contestant) warm(b *testing.B, operation load.Operation) {
	b.Helper()
	catalog, err := load.Open(b.Context(), c.target, report.Sixteen)
	if err != nil {
		return
	}
	defer catalog.Close()
	if work, err := operation.Prepare(b.Context(), catalog, report.Sixteen); err == nil {
		_, _ = load.Run(b.Context(), work, load.Plan{Connections: report.Sixteen, Duration: *hot / time.Duration(len(usual))})
	}
}

// contest lets everybody take turns in an operation.
func contest(b *testing.B, run *report.Run, operation load.Operation, all []*contestant, bare *bare) {
	b.Helper()
	began := time.Now()
	for i, connections := range []int{1, report.Sixteen, 64} {
		warm := *warm
		if i > 0 {
			warm /= 4
		}
		var ready []*entry
		for _, c := range all {
			if c.does == nil || c.does(operation.Name, connections) {
				ready = append(ready, prepared(b, run, c, operation, connections, warm)...)
			}
		}
		ready = append(ready, bare.limits(b, operation.Name, ready, connections)...)
		everybody(b, run, ready, connections)
	}
	fmt.Fprintf(os.Stderr, "%s: %.0f s\n", operation.Name, time.Since(began).Seconds())
}

// prepared is nothing where a contestant cannot do it.
func prepared(b *testing.B, run *report.Run, c *contestant, operation load.Operation, connections int, warm time.Duration) []*entry {
	b.Helper()
	catalog, err := load.Open(b.Context(), c.target, connections)
	if err != nil {
		leftOut(run, operation.Name, c, err)
		return nil
	}
	e := c.enter(operation.Name, connections, renewed(operation.Turns(catalog, connections)))
	e.leave = catalog.Close
	if _, err := e.take(b.Context(), load.Plan{Connections: connections, Duration: warm}); err != nil {
		e.leave()
		leftOut(run, operation.Name, c, err)
		return nil
	}
	return []*entry{e}
}

// leftOut notes once why somebody does not do something.
func leftOut(run *report.Run, operation string, c *contestant, why error) {
	for _, l := range run.LeftOut {
		if l.Operation == operation && l.Contestant == c.name {
			return
		}
	}
	run.LeftOut = append(run.LeftOut, report.LeftOut{Operation: operation, Contestant: c.name, Why: why.Error()})
}

// everybody has turns in closed loop, in no order, and one in open loop at half the rate.
func everybody(b *testing.B, run *report.Run, ready []*entry, connections int) {
	b.Helper()
	closed := load.Plan{Connections: connections, Duration: *turn}
	failed := map[*entry]bool{}
	for range rounds(connections, ready) {
		for _, i := range rand.Perm(len(ready)) { // nobody always comes first
			if e := ready[i]; !failed[e] {
				if err := e.measure(b, closed); err != nil {
					leftOut(run, e.series.Operation, e.contestant, err)
					failed[e] = true
				}
			}
		}
	}
	for _, e := range ready {
		if !failed[e] {
			e.open(b, connections)
			run.Series = append(run.Series, e.series)
		}
		e.leave()
	}
}

// rounds is how many turns everybody has.
func rounds(connections int, ready []*entry) int {
	if connections == report.Sixteen || len(ready) > 0 && ready[0].series.Operation == load.DistinctCommits {
		return *turns
	}
	return (*turns + 1) / 2
}
