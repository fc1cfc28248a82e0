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
	table.shape(OnS3)
	table.besidePeer(on(BareCommit, load.DistinctCommits), cpu, benchtest.Reach{})
	table.files()
	table.beside(on(ManyTables, AmongMany), on(FewTables, AmongMany), 1, cpu, benchtest.AtMost(1.3))
	table.memory()
	table.start()
	return table.found
}

// Scaled holds two of each service on one database to the figures of one.
func (r *Run) Scaled() []benchtest.Finding {
	table := &reached{run: r}
	table.shape(Replicas)
	return table.found
}

// shape is what is to be reached in a shape of Igloo with Postgres and S3.
func (t *reached) shape(of string) {
	load1, load1000 := on(of, load.TableLoad(1)), on(of, load.TableLoad(1000))
	commit, transaction, branches := on(of, load.DistinctCommits), on(of, load.Transaction(10)), on(of, load.BranchCommits)
	const many = 10
	t.besidePeer(load1, cpu, benchtest.AtMost(1.0/8))
	t.besidePeer(load1, rate, benchtest.AtLeast(6))
	t.beside(load1000, on(SameBytes, load.TableLoad(1000)), 1, cpu, benchtest.AtMost(2.5))
	t.beside(load1000, on(Fixture, load.TableLoad(1000)), 1, cpu, benchtest.AtMost(1.0/25))
	t.beside(on(of, load.TableLoad(1000)+load.Unmodified), load1000, 1, cpu, benchtest.AtMost(1.0/4))
	t.besidePeer(on(of, load.TableList(1000)), cpu, benchtest.AtMost(1.0/6))
	t.besidePeer(on(of, load.CreateTable), cpu, benchtest.AtMost(1.0/5))
	t.besidePeer(commit, cpu, benchtest.AtMost(1.0/7))
	t.beside(commit, on(BareCommit, load.DistinctCommits), 1, cpu, benchtest.Reach{})
	t.besidePeer(commit, wholeCPU, benchtest.AtMost(1.0/4))
	t.besidePeer(commit, rate, benchtest.AtLeast(3))
	t.besidePeer(on(of, load.ContendedCommits), rate, benchtest.AtLeast(5))
	t.beside(branches, branches.at(1), 1, rate, benchtest.AtLeast(3))
	t.beside(branches, branches.at(1), 1, tries, benchtest.AtMost(1))
	t.besidePeer(transaction, rate, benchtest.AtLeast(3))
	t.besidePeer(transaction, cpu, benchtest.AtMost(1.0/10))
	t.beside(transaction, commit, many, cpu, benchtest.AtMost(1.0/2))
}

// files holds commits to files of this machine beside what its disk can do.
func (t *reached) files() {
	const many = 64
	commits, synced := on(OnFiles, load.DistinctCommits), on(SyncedFiles, load.DistinctCommits)
	t.beside(commits, synced, 1, rate, benchtest.AtLeast(0.5))
	t.beside(commits.at(many), synced.at(many), 1, rate, benchtest.AtLeast(0.7))
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
