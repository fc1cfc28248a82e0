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
	What    string `json:"what"`
	Against string `json:"against"`
	Unit    string `json:"unit"`
	// Ours and Theirs are a reading a turn, in Unit.
	Ours   []float64 `json:"ours"`
	Theirs []float64 `json:"theirs"`
	Reach  Reach     `json:"reach,omitzero"`
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
		return fmt.Sprintf(">= %.4g", r.ratio)
	}
	return fmt.Sprintf("<= %.4g", r.ratio)
}

// MarshalText is the bound as it is shown.
func (r Reach) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Reach) UnmarshalText(text []byte) error {
	*r = Reach{}
	if len(text) == 0 {
		return nil
	}
	var sign string
	if _, err := fmt.Sscan(string(text), &sign, &r.ratio); err != nil {
		return fmt.Errorf("reach %q: %w", text, err)
	}
	if sign != ">=" && sign != "<=" {
		return fmt.Errorf("reach %q must begin with >= or <=", text)
	}
	r.atLeast = sign == ">="
	return nil
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
	f.Ours, f.Theirs = append(f.Ours, Rounded(ours)), append(f.Theirs, Rounded(theirs))
}

// Ratio is the median of the turns' ratios.
func (f Finding) Ratio() float64 {
	ratios := make([]float64, len(f.Ours))
	for i := range ratios {
		ratios[i] = f.Ours[i] / f.Theirs[i]
	}
	return Median(ratios)
}

func (f Finding) value(readings []float64) string {
	return strings.TrimSpace(fmt.Sprintf("%.0f %s", Median(readings), f.Unit))
}

// shown is a ratio to two places, a small one to three.
func shown(ratio float64) string {
	const small = 0.1
	if ratio < small {
		return fmt.Sprintf("%.3f", ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
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
		fmt.Fprintf(&table, "| %s: %s\t| %s: %s\t| %s\t| %s\t| %s |\n", f.What, f.value(f.Ours), f.Against, f.value(f.Theirs),
			shown(f.Ratio()), f.Reach, f.Reach.verdict(f.Ratio()))
	}
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	if _, err := io.WriteString(w, table.String()); err != nil {
		return fmt.Errorf("show findings: %w", err)
	}
	return w.Flush()
}
