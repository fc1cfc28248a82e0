package bench

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

var keepRatios = flag.Bool("keep", false, "take the ratios that are read for those that are to be kept to")

const (
	// loss is what a ratio may be worse by.
	loss = 1.3
	// shortRounds are how many turns each line has; lines that were lost have so
	// many again, for tries times in all.
	shortRounds, shortTries = 11, 3
)

// BenchmarkShort fails when an operation costs more, beside a limit of the same run,
// than it may.
//
// What others do to the machine must not tell. So what is read is CPU and not time;
// both sides are at work at the same moment, on one processor, which has always
// something to do; the turns of a line are spread over the whole run; and the ratio
// is the median of theirs. The disk is left out.
func BenchmarkShort(b *testing.B) {
	kept := readRatios(b)
	for b.Loop() {
		lines := shortLines(b, kept)
		short(b, lines)
		for try := 1; try < shortTries && !*keepRatios; try++ {
			short(b, slices.DeleteFunc(slices.Clone(lines), func(l *shortLine) bool { return !l.lost() }))
		}
		if *keepRatios {
			keep(b, lines)
		}
		show(b, lines)
		for _, l := range lines {
			if l.lost() {
				b.Errorf("%s costs %.3g times as much as %s, and may cost %.3g times as much", l.operation, l.found.Ratio(), l.theirs.name, l.allowed())
			}
		}
	}
	b.ReportMetric(0, "ns/op")
}

// shortLine is an operation, and what it is held beside.
type shortLine struct {
	operation    string
	kept         float64
	ours, theirs *entry
	found        benchtest.Finding
}

func (l *shortLine) allowed() float64 { return loss * l.kept }

func (l *shortLine) lost() bool { return l.found.Ratio() > l.allowed() }

// shortLines are ready, and both sides of each have had a turn.
func shortLines(b *testing.B, kept ratios) []*shortLine {
	b.Helper()
	c, bare := onFiles(b, report.OnFiles, "fsync=off"), bareServers(b)
	echo := func(operation string) *entry { return bare.echo.enter(operation, report.Sixteen, looped(bare.call)) }
	var lines []*shortLine
	add := func(operation string, connections int, theirs *entry) {
		lines = append(lines, &shortLine{operation: operation, kept: kept.Lines[operation], ours: c.ready(b, operation, connections), theirs: theirs})
	}
	for _, snapshots := range []int{1, 1000} {
		operation := load.TableLoad(snapshots)
		add(operation, report.Sixteen, bare.sending(b, operation, c, snapshots, report.Sixteen))
	}
	for _, operation := range []string{load.TableLoad(1000) + load.Unmodified, load.TableList(1000)} {
		add(operation, report.Sixteen, echo(operation))
	}
	for _, operation := range []string{load.CreateTable, load.DistinctCommits, load.Transaction(10)} {
		add(operation, 1, echo(operation)) // as how many commit together depends on who else is at work
	}
	for _, l := range lines {
		l.turn(b)
	}
	return lines
}

// ready makes the contestant do an operation that has this name.
func (c *contestant) ready(b *testing.B, operation string, connections int) *entry {
	b.Helper()
	catalog, err := load.Open(b.Context(), c.target, connections)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(catalog.Close)
	all := load.Operations()
	named := all[slices.IndexFunc(all, func(o load.Operation) bool { return o.Name == operation })]
	return c.enter(operation, connections, renewed(named.Turns(catalog, connections)))
}

// short reads the ratios of lines anew.
func short(b *testing.B, lines []*shortLine) {
	b.Helper()
	for _, l := range lines {
		l.found = benchtest.Finding{What: "CPU of " + l.operation, Against: l.theirs.name, Unit: "µs"}
	}
	for range shortRounds {
		for _, l := range lines {
			l.turn(b)
			l.found.Add(last(l.ours), last(l.theirs))
		}
	}
}

func last(e *entry) float64 {
	all := e.series.CPU()
	return all[len(all)-1]
}

// turn has both sides at work at the same time.
func (l *shortLine) turn(b *testing.B) {
	b.Helper()
	sides := [...]*entry{l.ours, l.theirs}
	var takes [len(sides)]taker
	var before [len(sides)]use
	var got [len(sides)]load.Result
	var failures [len(sides)]error
	for i, e := range sides {
		if takes[i], failures[i] = e.ready(b.Context()); failures[i] != nil {
			b.Fatal(failures[i])
		}
	}
	for i, e := range sides {
		before[i] = e.used(b)
	}
	var both sync.WaitGroup
	for i, e := range sides {
		both.Go(func() {
			got[i], failures[i] = takes[i](b.Context(), load.Plan{Connections: e.series.Connections, Duration: *turn})
		})
	}
	both.Wait()
	for i, e := range sides {
		if failures[i] != nil {
			b.Fatal(failures[i])
		}
		e.note(got[i], e.used(b).since(before[i]))
	}
}

// show prints what was read, and what may be.
func show(b *testing.B, lines []*shortLine) {
	b.Helper()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CPU of services and Postgres\tµs\tbeside\tµs\tratio\tkept\tat most\t")
	for _, l := range lines {
		verdict := "met"
		if l.lost() {
			verdict = "lost"
		}
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%.1f\t%.3g\t%.3g\t%.3g\t%s\n", l.operation, benchtest.Median(l.found.Ours), l.theirs.name,
			benchtest.Median(l.found.Theirs), l.found.Ratio(), l.kept, l.allowed(), verdict)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	fmt.Fprint(os.Stdout, table.String())
}
