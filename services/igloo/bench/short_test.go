package bench

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

var keepRatios = flag.Bool("keep", false, "take the ratios that are read for those that are to be kept to")

const (
	// ratiosFile is where the ratios are that every change has to keep to.
	ratiosFile = "ratios.json"
	// loss is what a ratio may be worse by.
	loss = 1.3
	// shortTurns are how often both sides of a line take their turn; a line that
	// was lost has so many times more.
	shortTurns, again = 7, 3
)

// ratios are CPU of services and Postgres an operation, beside that of a limit.
type ratios struct {
	How   string             `json:"how"`
	Lines map[string]float64 `json:"lines"`
}

// BenchmarkShort fails when an operation costs more, beside a limit of the same run,
// than it may: CPU and not time, medians of sides that take turns, so that others who
// are at work on the machine are no reason.
func BenchmarkShort(b *testing.B) {
	kept, read := keptRatios(b), map[string]float64{}
	for b.Loop() {
		c, bare := onFiles(b, report.OnFiles), newBare(b)
		lines := []shortLine{
			{load.TableLoad(1), report.SameBytes, report.Sixteen},
			{load.TableLoad(1000), report.SameBytes, report.Sixteen},
			{load.TableLoad(1000) + load.Unmodified, report.Echo, report.Sixteen},
			{load.TableList(1000), report.Echo, report.Sixteen},
			{load.CreateTable, report.BareUpdate, 1},
			{load.DistinctCommits, report.BareUpdate, 1}, // as how many go together depends on who else is at work
			{load.Transaction(10), report.BareUpdate, 1},
		}
		found := make([]benchtest.Finding, 0, len(lines))
		for _, line := range lines {
			ours, limit := line.ready(b, c, bare)
			f := versus(b, ours, limit, kept.Lines[line.operation])
			found, read[line.operation] = append(found, f), benchtest.Rounded(f.Ratio())
			ours.leave()
		}
		if err := benchtest.Show(os.Stdout, found); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	if *keepRatios {
		kept.Lines = read
		kept.write(b)
	}
}

// shortLine is an operation, and what it is held beside.
type shortLine struct {
	operation, limit string
	connections      int
}

// ready are the sides of the line.
func (l shortLine) ready(b *testing.B, c *contestant, bare *bare) (ours, limit *entry) {
	b.Helper()
	catalog, err := load.Open(b.Context(), c.target, l.connections)
	if err != nil {
		b.Fatal(err)
	}
	all := load.Operations()
	place := slices.IndexFunc(all, func(o load.Operation) bool { return o.Name == l.operation })
	ours = c.enter(l.operation, l.connections, renewed(all[place].Turns(catalog, l.connections)))
	ours.leave = catalog.Close
	switch l.limit {
	case report.SameBytes:
		var snapshots int
		if _, err := fmt.Sscanf(l.operation, "loadTable, %d", &snapshots); err != nil {
			b.Fatal(err)
		}
		limit = bare.sending(b, l.operation, c, snapshots, l.connections)
	case report.Echo:
		limit = bare.echo.enter(l.operation, l.connections, looped(bare.call))
	default:
		limit = bare.pgbench.asking(b, l.operation, l.limit, bareUpdate, l.connections)
	}
	return ours, limit
}

// versus has both sides take turns, and once more where the ratio is lost.
func versus(b *testing.B, ours, limit *entry, kept float64) benchtest.Finding {
	b.Helper()
	f := taken(b, ours, limit, kept, shortTurns)
	if lost(f, kept) && !*keepRatios {
		f = taken(b, ours, limit, kept, again*shortTurns)
	}
	if lost(f, kept) && !*keepRatios {
		b.Errorf("%s costs %.2f times %s, and may cost %.2f times", f.What, f.Ratio(), f.Against, loss*kept)
	}
	return f
}

func lost(f benchtest.Finding, kept float64) bool { return f.Ratio() > loss*kept }

// taken are the readings of some turns; those of before are forgotten.
func taken(b *testing.B, ours, limit *entry, kept float64, turns int) benchtest.Finding {
	b.Helper()
	sides := []*entry{ours, limit}
	plan := load.Plan{Connections: ours.series.Connections, Duration: *turn}
	for _, e := range sides {
		*e.series = report.Series{Operation: e.series.Operation, Contestant: e.name, Connections: plan.Connections}
		if _, err := e.take(b.Context(), plan); err != nil {
			b.Fatal(err)
		}
	}
	for range turns {
		for _, i := range rand.Perm(len(sides)) {
			if err := sides[i].measure(b, plan); err != nil {
				b.Fatal(err)
			}
		}
	}
	f := benchtest.Finding{What: "CPU of " + ours.series.Operation, Against: limit.name, Unit: "µs", Reach: benchtest.AtMost(loss * kept)}
	for i := range turns {
		f.Add(ours.series.CPU()[i], limit.series.CPU()[i])
	}
	return f
}

func keptRatios(b *testing.B) ratios {
	b.Helper()
	text, err := os.ReadFile(ratiosFile)
	if err != nil {
		b.Fatal(err)
	}
	var kept ratios
	if err := json.Unmarshal(text, &kept); err != nil {
		b.Fatal(err)
	}
	return kept
}

func (r ratios) write(b *testing.B) {
	b.Helper()
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Clean(ratiosFile), append(text, '\n'), 0o644); err != nil {
		b.Fatal(err)
	}
}
