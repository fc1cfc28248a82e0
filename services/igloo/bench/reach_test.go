package bench

import (
	"fmt"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

// sixteen is the number of connections that ratios are taken at.
const sixteen = 16

// measure is one figure of a reading, and which of two is the better one.
type measure struct {
	name, unit string
	of         func(reading) float64
	more       bool // more is better
}

var (
	rate       = measure{"rate", "/s", func(r reading) float64 { return r.Result.Rate() }, true}
	catalogCPU = measure{"CPU of the services and the database", "µs", func(r reading) float64 { return r.CatalogCPU }, false}
	wholeCPU   = measure{"CPU with the S3 server", "µs", func(r reading) float64 { return r.CatalogCPU + r.StoreCPU }, false}
)

// besidePeers holds the two services on S3 beside the best of the others, figure by figure.
func besidePeers(readings []reading) []benchtest.Finding {
	ours := twoServices + onS3
	var found []benchtest.Finding
	for _, line := range []struct {
		operation string
		of        measure
		reach     benchtest.Reach
	}{
		{load.TableLoad(1), catalogCPU, benchtest.AtMost(1.0 / 8)},
		{load.TableLoad(1), rate, benchtest.AtLeast(6)},
		{load.TableList(1000), catalogCPU, benchtest.AtMost(1.0 / 6)},
		{load.CreateTable, catalogCPU, benchtest.AtMost(1.0 / 5)},
		{load.CreateTable, wholeCPU, benchtest.AtMost(1.0 / 4)},
		{load.CreateTable, rate, benchtest.AtLeast(3)},
		{load.DistinctCommits, catalogCPU, benchtest.AtMost(1.0 / 7)},
		{load.DistinctCommits, wholeCPU, benchtest.AtMost(1.0 / 4)},
		{load.DistinctCommits, rate, benchtest.AtLeast(3)},
		{load.ContendedCommits, rate, benchtest.AtLeast(5)},
		{load.Transaction(10), rate, benchtest.AtLeast(3)},
		{load.Transaction(10), catalogCPU, benchtest.AtMost(1.0 / 10)},
	} {
		found = append(found, beside(readings, ours, line.operation, line.of, line.reach)...)
	}
	thousand := of(ours, load.TableLoad(1000), catalogCPU)
	return append(found, compare(readings, thousand, of(fixtureName, load.TableLoad(1000), catalogCPU), 1, benchtest.AtMost(1.0/25))...)
}

// besideItself holds Igloo beside the limits, and beside what else it does.
func besideItself(readings []reading) []benchtest.Finding {
	s3, files := twoServices+onS3, twoServices+onFiles
	thousand, ten := of(s3, load.TableLoad(1000), catalogCPU), of(s3, load.Transaction(10), catalogCPU)
	sixty := func(s series) series { s.connections = 64; return s }
	one := func(s series) series { s.connections = 1; return s }
	commits, synced := of(files, load.DistinctCommits, rate), of(sameFiles, load.DistinctCommits, rate)
	branches := of(s3, load.BranchCommits, rate)
	return slices.Concat(
		compare(readings, thousand, of(sameBytes, load.TableLoad(1000), catalogCPU), 1, benchtest.AtMost(2.5)),
		compare(readings, of(s3, load.TableLoad(1000)+load.Unmodified, catalogCPU), thousand, 1, benchtest.AtMost(1.0/4)),
		compare(readings, ten, of(s3, load.DistinctCommits, catalogCPU), 10, benchtest.AtMost(1.0/2)),
		compare(readings, commits, synced, 1, benchtest.AtLeast(0.5)),
		compare(readings, sixty(commits), sixty(synced), 1, benchtest.AtLeast(0.7)),
		compare(readings, branches, one(branches), 1, benchtest.AtLeast(3)),
	)
}

// series are the turns of one contestant in one operation.
type series struct {
	contestant, operation string
	connections           int
	measure               measure
}

// of is a series at sixteen connections.
func of(contestant, operation string, m measure) series {
	return series{contestant, operation, sixteen, m}
}

func (s series) values(readings []reading) []float64 {
	var all []float64
	for _, r := range readings {
		if r.Contestant == s.contestant && r.Operation == s.operation && r.Result.Connections == s.connections {
			all = append(all, s.measure.of(r))
		}
	}
	return all
}

func (s series) String() string {
	return fmt.Sprintf("%s, %d connections, %s (%s)", s.operation, s.connections, s.measure.name, s.contestant)
}

// compare holds two series beside one another turn by turn, the second one so many
// times over; nothing where either has no readings.
func compare(readings []reading, ours, theirs series, times float64, reach benchtest.Reach) []benchtest.Finding {
	mine, other := ours.values(readings), theirs.values(readings)
	if len(mine) == 0 || len(other) == 0 {
		return nil
	}
	f := benchtest.Finding{What: ours.String(), Against: theirs.String(), Unit: ours.measure.unit, Reach: reach}
	for turn := range min(len(mine), len(other)) {
		f.Add(mine[turn], times*other[turn])
	}
	return []benchtest.Finding{f}
}

// beside compares with whoever of the others is best.
func beside(readings []reading, ours, operation string, m measure, reach benchtest.Reach) []benchtest.Finding {
	best, name := 0.0, ""
	for _, group := range grouped(readings) {
		first := group[0]
		if first.Operation != operation || first.Result.Connections != sixteen || !isPeer(first.Contestant) {
			continue
		}
		value := medianOf(group, m.of)
		if name == "" || (value > best) == m.more {
			best, name = value, first.Contestant
		}
	}
	return compare(readings, of(ours, operation, m), of(name, operation, m), 1, reach)
}

func isPeer(contestant string) bool {
	return !strings.HasPrefix(strings.ToLower(contestant), "igloo") && contestant != sameBytes && contestant != sameFiles
}
