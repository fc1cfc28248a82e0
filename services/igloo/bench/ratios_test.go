package bench

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
)

// ratiosFile is where the ratios are that every change has to keep to.
const ratiosFile = "ratios.json"

// ratios are CPU of services and Postgres an operation, beside that of a limit.
type ratios struct {
	How   string             `json:"how"`
	Lines map[string]float64 `json:"lines"`
}

func readRatios(b *testing.B) ratios {
	b.Helper()
	text, err := os.ReadFile(ratiosFile)
	if err != nil {
		b.Fatal(err)
	}
	var kept ratios
	if err := json.Unmarshal(text, &kept); err != nil {
		b.Fatalf("%s: %v", ratiosFile, err)
	}
	return kept
}

// keep takes what was read for what is to be kept to.
func keep(b *testing.B, lines []*shortLine) {
	b.Helper()
	kept := ratios{
		How:   "make bench-short BENCH_FLAGS=-keep: CPU of the two services and Postgres an operation, beside CPU of the limit's server, medians of turns",
		Lines: map[string]float64{},
	}
	for _, l := range lines {
		l.kept = inTwoFigures(l.found.Ratio())
		kept.Lines[l.operation] = l.kept
	}
	text, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(ratiosFile, append(text, '\n'), 0o644); err != nil {
		b.Fatal(err)
	}
}

// inTwoFigures is a ratio as precise as two runs agree on it.
func inTwoFigures(ratio float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(ratio, 'g', 2, 64), 64) // it was written a line above
	return rounded
}

// What is kept is as precise as it can be, and a line is lost beyond what it may be
// worse by and not before.
func TestShortLineIsLost(t *testing.T) {
	for _, c := range []struct {
		read float64
		lost bool
	}{{10, false}, {12.9, false}, {13.1, true}} {
		l := shortLine{kept: inTwoFigures(9.96)}
		l.found.Add(c.read, 1)
		if l.lost() != c.lost {
			t.Errorf("%g beside a kept %g: lost is %t", c.read, l.kept, l.lost())
		}
	}
	for ratio, want := range map[float64]float64{7.784: 7.8, 285.7: 290, 0.1234: 0.12} {
		if got := inTwoFigures(ratio); got != want {
			t.Errorf("%g is kept as %g, wanted %g", ratio, got, want)
		}
	}
}
