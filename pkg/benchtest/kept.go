package benchtest

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// folder is the variable that names the folder in which results are kept.
const folder = "IGLOO_BENCH_RESULTS"

// Kept is a table of findings as it is kept in a file.
type Kept struct {
	Machine  Machine   `json:"machine"`
	Findings []Finding `json:"findings"`
}

// Report prints findings, and keeps them under a name where results are to be kept.
func Report(b *testing.B, name string, found []Finding) {
	b.Helper()
	if err := Show(os.Stdout, found); err != nil {
		b.Fatal(err)
	}
	Keep(b, name, Kept{ThisMachine(), found})
}

// Keep writes results as name.json into the folder that the variable
// IGLOO_BENCH_RESULTS names; without it they are forgotten.
func Keep(b *testing.B, name string, results any) {
	b.Helper()
	to := os.Getenv(folder)
	if to == "" {
		return
	}
	text, err := json.Marshal(results)
	if err != nil {
		b.Fatalf("keep %s: %v", name, err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil { //nolint:gosec // for everybody to read
		b.Fatalf("keep %s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(to, name+".json"), inLines(text), 0o644); err != nil { //nolint:gosec // for everybody to read
		b.Fatalf("keep %s: %v", name, err)
	}
}

// inLines has each object of a list on a line of its own.
func inLines(text []byte) []byte {
	lines := strings.NewReplacer(`[{"`, "[\n{\"", `},{"`, "},\n{\"").Replace(string(text))
	if !json.Valid([]byte(lines)) { // a string looked like the end of an object
		lines = string(text)
	}
	return []byte(lines + "\n")
}

// Rounded is a value to four figures, as many as a measurement has.
func Rounded(value float64) float64 {
	const figures = 4
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', figures, 64), 64)
	if err != nil || math.IsNaN(rounded) || math.IsInf(rounded, 0) {
		return 0
	}
	return rounded
}
