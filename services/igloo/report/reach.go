package report

import (
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

const (
	maxMemoryMB = 150
	maxStartMS  = 100
)

// measure is one figure of a series, a turn each.
type measure struct {
	name, unit string
	of         func(*Series) []float64
	more       bool // more is better
}

var (
	rate     = measure{"rate", "/s", func(s *Series) []float64 { return s.Rate }, true}
	cpu      = measure{"CPU of services and Postgres", "µs", (*Series).CPU, false}
	wholeCPU = measure{"CPU with the S3 server", "µs", (*Series).WholeCPU, false}
	tries    = measure{"tries a commit", "", func(s *Series) []float64 { return s.Tries }, false}
)

// side is what one side of a ratio read.
type side struct {
	operation, contestant string
	connections           int
}

// on is a side at sixteen connections.
func on(contestant, operation string) side { return side{operation, contestant, Sixteen} }

func (s side) at(connections int) side { s.connections = connections; return s }

func (s side) String() string {
	return fmt.Sprintf("%s (%s, %d connections)", s.operation, s.contestant, s.connections)
}

// Reached holds Igloo beside the best peer, the limits and itself; of what was not
// read there is no line.
func (r *Run) Reached() []benchtest.Finding {
	table := &reached{run: r}
	load1, load1000 := on(OnS3, load.TableLoad(1)), on(OnS3, load.TableLoad(1000))
	commit, transaction, branches := on(OnS3, load.DistinctCommits), on(OnS3, load.Transaction(10)), on(OnS3, load.BranchCommits)
	files, synced := on(OnFiles, load.DistinctCommits), on(SyncedFiles, load.DistinctCommits)
	const ofCommits, many = 64, 10
	table.besidePeer(load1, cpu, benchtest.AtMost(1.0/8))
	table.besidePeer(load1, rate, benchtest.AtLeast(6))
	table.beside(load1000, on(SameBytes, load.TableLoad(1000)), 1, cpu, benchtest.AtMost(2.5))
	table.beside(load1000, on(Fixture, load.TableLoad(1000)), 1, cpu, benchtest.AtMost(1.0/25))
	table.beside(on(OnS3, load.TableLoad(1000)+load.Unmodified), load1000, 1, cpu, benchtest.AtMost(1.0/4))
	table.besidePeer(on(OnS3, load.TableList(1000)), cpu, benchtest.AtMost(1.0/6))
	table.besidePeer(on(OnS3, load.CreateTable), cpu, benchtest.AtMost(1.0/5))
	table.besidePeer(commit, cpu, benchtest.AtMost(1.0/7))
	table.besidePeer(commit, wholeCPU, benchtest.AtMost(1.0/4))
	table.besidePeer(commit, rate, benchtest.AtLeast(3))
	table.beside(files, synced, 1, rate, benchtest.AtLeast(0.5))
	table.beside(files.at(ofCommits), synced.at(ofCommits), 1, rate, benchtest.AtLeast(0.7))
	table.besidePeer(on(OnS3, load.ContendedCommits), rate, benchtest.AtLeast(5))
	table.beside(branches, branches.at(1), 1, rate, benchtest.AtLeast(3))
	table.beside(branches, branches.at(1), 1, tries, benchtest.AtMost(1))
	table.besidePeer(transaction, rate, benchtest.AtLeast(3))
	table.besidePeer(transaction, cpu, benchtest.AtMost(1.0/10))
	table.beside(transaction, commit, many, cpu, benchtest.AtMost(1.0/2))
	table.beside(on(ManyTables, AmongMany), on(FewTables, AmongMany), 1, cpu, benchtest.AtMost(1.3))
	table.memory()
	table.start()
	return table.found
}

type reached struct {
	run   *Run
	found []benchtest.Finding
}

// beside holds two sides beside one another turn by turn, the second so many times over.
func (t *reached) beside(ours, theirs side, times float64, m measure, reach benchtest.Reach) {
	a, b := t.run.find(ours.operation, ours.contestant, ours.connections), t.run.find(theirs.operation, theirs.contestant, theirs.connections)
	if a == nil || b == nil {
		return
	}
	against := theirs.String()
	if times != 1 {
		against = fmt.Sprintf("%g times %s", times, against)
	}
	f := benchtest.Finding{What: m.name + ": " + ours.String(), Against: against, Unit: m.unit, Reach: reach}
	mine, other := m.of(a), m.of(b)
	for turn := range min(len(mine), len(other)) {
		f.Add(mine[turn], times*other[turn])
	}
	t.found = append(t.found, f)
}

// besidePeer compares with whoever of the other catalogs is best.
func (t *reached) besidePeer(ours side, m measure, reach benchtest.Reach) {
	var best *Series
	for _, s := range t.run.Series {
		if s.Operation != ours.operation || s.Connections != ours.connections || !isPeer(s.Contestant) || median(m.of(s)) == 0 {
			continue // of a catalog elsewhere no CPU is known
		}
		if best == nil || (median(m.of(s)) > median(m.of(best))) == m.more {
			best = s
		}
	}
	if best != nil {
		t.beside(ours, side{best.Operation, best.Contestant, best.Connections}, 1, m, reach)
	}
}

func (t *reached) memory() {
	for _, m := range t.run.Memory {
		if m.Contestant == OnS3 {
			t.limited("memory of catalog and HTS after the whole run", m.MB, maxMemoryMB, "MB")
		}
	}
}

func (t *reached) start() {
	for _, s := range t.run.Starts {
		t.limited("start of igloo serve to the first 200, data folder "+s.Folder, s.First200, maxStartMS, "ms")
	}
}

func (t *reached) limited(what string, value, limit float64, unit string) {
	f := benchtest.Finding{What: what, Against: "limit", Unit: unit, Reach: benchtest.AtMost(1)}
	f.Add(value, limit)
	t.found = append(t.found, f)
}
