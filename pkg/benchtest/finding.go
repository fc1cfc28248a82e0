// Package benchtest holds what was measured against what it was measured beside:
// readings of two sides that took turns, as one table of ratios, and the CPU that
// processes have used, from /proc.
//
// It promises that a ratio is the median of the turns' ratios, because others may
// be at work on the machine, and that CPU counts the processes that have ended.
package benchtest

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Finding is one line of the table.
type Finding struct {
	What, Against string
	// Ours and Theirs are a reading a turn, in Unit.
	Ours, Theirs []float64
	Unit         string
	Reach        Reach
}

// Reach is a bound of the ratio ours / theirs; the zero Reach is none.
type Reach struct {
	atLeast bool
	ratio   float64
}

// AtMost is met by ratios up to this one.
func AtMost(ratio float64) Reach { return Reach{ratio: ratio} }

// AtLeast is met by ratios from this one.
func AtLeast(ratio float64) Reach { return Reach{atLeast: true, ratio: ratio} }

// String is the bound as it is shown: "<= 1.15".
func (r Reach) String() string {
	if r == (Reach{}) {
		return ""
	}
	if r.atLeast {
		return fmt.Sprintf(">= %g", r.ratio)
	}
	return fmt.Sprintf("<= %g", r.ratio)
}

func (r Reach) verdict(ratio float64) string {
	switch {
	case r == (Reach{}):
		return ""
	case r.atLeast && ratio >= r.ratio, !r.atLeast && ratio <= r.ratio:
		return "met"
	default:
		return "missed"
	}
}

// Add notes what both sides read in one turn.
func (f *Finding) Add(ours, theirs float64) {
	f.Ours, f.Theirs = append(f.Ours, ours), append(f.Theirs, theirs)
}

// Ratio is the median of the turns' ratios.
func (f Finding) Ratio() float64 {
	ratios := make([]float64, len(f.Ours))
	for i := range ratios {
		ratios[i] = f.Ours[i] / f.Theirs[i]
	}
	return Median(ratios)
}

// Median of at least one value; the greater one of the two in the middle.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// Show prints findings as a Markdown table.
func Show(out io.Writer, found []Finding) error {
	var table strings.Builder
	table.WriteString("| what\t| against\t| ratio\t| reach\t| |\n|---\t|---\t|---:\t|---:\t|---|\n")
	for _, f := range found {
		fmt.Fprintf(&table, "| %s: %.0f %s\t| %s: %.0f %s\t| %.2f\t| %s\t| %s |\n", f.What, Median(f.Ours), f.Unit,
			f.Against, Median(f.Theirs), f.Unit, f.Ratio(), f.Reach, f.Reach.verdict(f.Ratio()))
	}
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	if _, err := io.WriteString(w, table.String()); err != nil {
		return fmt.Errorf("show findings: %w", err)
	}
	return w.Flush()
}
