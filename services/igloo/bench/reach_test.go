package bench

import (
	"math"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
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

// besidePeers holds the two services on S3 beside the best of the others, figure by
// figure, and a transaction beside as many single commits.
func besidePeers(readings []reading) []benchtest.Finding {
	ours := twoServices + onS3
	var found []benchtest.Finding
	for _, line := range []struct {
		operation string
		of        measure
		reach     benchtest.Reach
	}{
		{"loadTable, 1 snapshots", catalogCPU, benchtest.AtMost(1.0 / 8)},
		{"loadTable, 1 snapshots", rate, benchtest.AtLeast(6)},
		{"listTables, 1000 tables", catalogCPU, benchtest.AtMost(1.0 / 6)},
		{"createTable", catalogCPU, benchtest.AtMost(1.0 / 5)},
		{"createTable", wholeCPU, benchtest.AtMost(1.0 / 4)},
		{"createTable", rate, benchtest.AtLeast(3)},
		{"commit, distinct tables", catalogCPU, benchtest.AtMost(1.0 / 7)},
		{"commit, distinct tables", wholeCPU, benchtest.AtMost(1.0 / 4)},
		{"commit, distinct tables", rate, benchtest.AtLeast(3)},
		{"commit, one contended table", rate, benchtest.AtLeast(5)},
		{"transaction of 10 tables", rate, benchtest.AtLeast(3)},
		{"transaction of 10 tables", catalogCPU, benchtest.AtMost(1.0 / 10)},
	} {
		found = append(found, beside(readings, ours, line.operation, line.of, line.reach)...)
	}
	found = append(found, of(readings, ours, "loadTable, 1000 snapshots", catalogCPU, benchtest.AtMost(1.0/25), fixtureName)...)
	found = append(found, within(readings, ours, "loadTable, 1000 snapshots, 304", "loadTable, 1000 snapshots", 1, benchtest.AtMost(1.0/4))...)
	return append(found, within(readings, ours, "transaction of 10 tables", "commit, distinct tables", 10, benchtest.AtMost(1.0/2))...)
}

// beside compares with whoever of the others is best.
func beside(readings []reading, ours, operation string, m measure, reach benchtest.Reach) []benchtest.Finding {
	best, name := math.NaN(), ""
	for _, group := range grouped(readings) {
		first := group[0]
		if first.Operation != operation || first.Result.Connections != sixteen || isIgloo(first.Contestant) {
			continue
		}
		value := medianOf(group, m.of)
		if name == "" || (value > best) == m.more {
			best, name = value, first.Contestant
		}
	}
	return of(readings, ours, operation, m, reach, name)
}

func isIgloo(contestant string) bool { return strings.HasPrefix(strings.ToLower(contestant), "igloo") }

// of compares turn by turn with one other; nothing where either has no readings.
func of(readings []reading, ours, operation string, m measure, reach benchtest.Reach, theirs string) []benchtest.Finding {
	mine, other := values(readings, ours, operation, m), values(readings, theirs, operation, m)
	return finding(operation+", "+m.name, theirs, m.unit, mine, other, reach)
}

// within compares two operations of one contestant; the other one counts times over.
func within(readings []reading, ours, operation, against string, times float64, reach benchtest.Reach) []benchtest.Finding {
	mine, other := values(readings, ours, operation, catalogCPU), values(readings, ours, against, catalogCPU)
	for i := range other {
		other[i] *= times
	}
	return finding(operation+", "+catalogCPU.name, against, catalogCPU.unit, mine, other, reach)
}

func finding(what, against, unit string, ours, theirs []float64, reach benchtest.Reach) []benchtest.Finding {
	if len(ours) == 0 || len(ours) != len(theirs) {
		return nil
	}
	return []benchtest.Finding{{What: what, Against: against, Ours: ours, Theirs: theirs, Unit: unit, Reach: reach}}
}

// values are a contestant's at sixteen connections, a turn each.
func values(readings []reading, contestant, operation string, m measure) []float64 {
	var all []float64
	for _, r := range readings {
		if r.Contestant == contestant && r.Operation == operation && r.Result.Connections == sixteen {
			all = append(all, m.of(r))
		}
	}
	return all
}
