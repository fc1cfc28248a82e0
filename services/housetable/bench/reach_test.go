package bench

import (
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
)

// rounds are how often both sides of a comparison take their turn.
const rounds = 3

// BenchmarkReach fills a database, runs all comparisons and prints their table.
func BenchmarkReach(b *testing.B) {
	w := newWorld(b)
	var found []finding
	for _, m := range []struct {
		name    string
		measure func(*testing.B, *world) []finding
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
	if err := show(os.Stdout, found); err != nil {
		b.Fatal(err)
	}
}

// finding is one line of the table.
type finding struct {
	what, against string
	// ours and theirs are a reading a round, in unit.
	ours, theirs []float64
	unit         string
	reach        reach
}

// reach is a bound of the ratio ours / theirs; the zero reach is none.
type reach struct {
	atLeast bool
	ratio   float64
}

func atMost(ratio float64) reach  { return reach{ratio: ratio} }
func atLeast(ratio float64) reach { return reach{atLeast: true, ratio: ratio} }

func (r reach) String() string {
	if r == (reach{}) {
		return ""
	}
	if r.atLeast {
		return fmt.Sprintf(">= %g", r.ratio)
	}
	return fmt.Sprintf("<= %g", r.ratio)
}

func (r reach) met(ratio float64) bool {
	if r.atLeast {
		return ratio >= r.ratio
	}
	return ratio <= r.ratio
}

// ratio is the median of the rounds' ratios.
func (f finding) ratio() float64 {
	ratios := make([]float64, len(f.ours))
	for i := range ratios {
		ratios[i] = f.ours[i] / f.theirs[i]
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// show prints the findings as a Markdown table.
func show(out io.Writer, found []finding) error {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprint(w, "| what\t| against\t| ratio\t| reach\t| |\n|---\t|---\t|---:\t|---:\t|---|\n")
	for _, f := range found {
		verdict := ""
		switch {
		case f.reach == (reach{}):
		case f.reach.met(f.ratio()):
			verdict = "met"
		default:
			verdict = "missed"
		}
		fmt.Fprintf(w, "| %s: %.0f %s\t| %s: %.0f %s\t| %.2f\t| %s\t| %s |\n", f.what, median(f.ours), f.unit,
			f.against, median(f.theirs), f.unit, f.ratio(), f.reach, verdict)
	}
	return w.Flush()
}
