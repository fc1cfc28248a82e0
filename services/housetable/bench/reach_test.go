package bench

import (
	"testing"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
)

// rounds are how often both sides of a comparison take their turn.
const rounds = 3

// BenchmarkReach fills a database, runs all comparisons and prints their table.
func BenchmarkReach(b *testing.B) {
	w := newWorld(b)
	var found []benchtest.Finding
	for _, m := range []struct {
		name    string
		measure func(*testing.B, *world) []benchtest.Finding
	}{
		{"point-reads", pointReads},
		{"swaps-16", swaps(16, 3, 0.35)},
		{"swaps-64", swaps(64, 1.2, 0.5)},
		{"swaps-256", swaps(256, 0.8, 0.8)},
		{"ten-tables", tenTables},
		{"creates", creates},
		{"get-by-id", getByID},
		{"pages", pages},
	} {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				found = append(found, m.measure(b, w)...)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
	benchtest.Report(b, "house-tables", found)
}
