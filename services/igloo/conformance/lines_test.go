package conformance_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// runIcebergGo runs what iceberg-go does with a catalog: the module icebergo.
func runIcebergGo(t *testing.T, b *bench) []outcome {
	t.Helper()
	b.client(t, proctest.Command{
		Path: "go", Args: []string{"test", "-v", "-count=1", "-timeout", "5m", "."}, Dir: "icebergo",
		Env: []string{"GOWORK=off", "IGLOO_URL=" + b.shape.Start(t).URL},
	})
	return parseLines(b.output(t), goLine, "PASS", "SKIP")
}

// runIcebergRust runs what iceberg-rust does with a catalog: the crate in rust.
func runIcebergRust(t *testing.T, b *bench) []outcome {
	t.Helper()
	b.client(t, proctest.Command{
		Path: "cargo", Args: []string{"test", "--locked", "--color", "never"}, Dir: "rust",
		Env: []string{"IGLOO_URL=" + b.shape.Start(t).URL},
	})
	return parseLines(b.output(t), rustLine, "ok", "ignored")
}

// One test in the output of go test -v, and of cargo test.
var (
	goLine   = regexp.MustCompile(`(?m)^--- (?P<verdict>PASS|FAIL|SKIP): (?P<test>\S+)`)
	rustLine = regexp.MustCompile(`(?m)^test (?P<test>\S+) \.\.\. (?P<verdict>ok|FAILED|ignored)`)
)

// parseLines reads a runner's output. What is neither good nor off has failed.
func parseLines(output string, line *regexp.Regexp, good, off string) []outcome {
	lines := line.FindAllStringSubmatch(output, -1)
	outcomes := make([]outcome, 0, len(lines))
	for _, found := range lines {
		o := outcome{test: found[line.SubexpIndex("test")], verdict: failed, why: "see the output"}
		switch found[line.SubexpIndex("verdict")] {
		case good:
			o.verdict, o.why = passed, ""
		case off:
			o.verdict, o.why = skipped, ""
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// output is all that the clients of a suite wrote.
func (b *bench) output(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.reports, "output.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOutputsOfRunnersAreRead(t *testing.T) {
	wanted := []outcome{{"A", passed, ""}, {"B", failed, "see the output"}, {"C", skipped, ""}}
	for name, found := range map[string][]outcome{
		"go": parseLines("=== RUN   A\n--- PASS: A (0.10s)\n    --- PASS: A/part (0.10s)\n--- FAIL: B (0.00s)\n--- SKIP: C (0.00s)\nFAIL\n",
			goLine, "PASS", "SKIP"),
		"rust": parseLines("running 3 tests\ntest A ... ok\ntest B ... FAILED\ntest C ... ignored\n\ntest result: FAILED. 1 passed; 1 failed\n",
			rustLine, "ok", "ignored"),
	} {
		if !slices.Equal(found, wanted) {
			t.Errorf("%s: found %+v, want %+v", name, found, wanted)
		}
	}
}
