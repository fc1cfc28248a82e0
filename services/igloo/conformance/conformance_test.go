package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// suite is what somebody else wrote to judge a catalog, or an engine at work.
type suite struct {
	name string
	// tests is how many pass. Fewer means that some did not run.
	tests int
	run   func(t *testing.T, b *bench) []outcome
}

func suites() []suite {
	return []suite{
		{"rck", 151, runRCK},
		{"planning", 48, runPlanning},
		{"pyiceberg", 783, runPyIceberg},
		{"fuzzing", 35, runFuzzing},
		{"spark", 34, runSpark},
		{"spark-s3", 12, runSparkS3},
		{"spark-auth", 19, runSparkAuth},
		{"iceberg-go", 8, runIcebergGo},
		{"iceberg-rust", 5, runIcebergRust},
		{"migration", 5, runMigration},
	}
}

// limit bounds one suite on one shape, on a machine that is busy with other work.
const limit = 20 * time.Minute

// bench is where a suite runs.
type bench struct {
	shape iglootest.Shape
	// clients is the folder that they are installed in, reports one for what
	// they write; both absolute.
	clients, reports string
}

var scores scoreboard

func TestMain(m *testing.M) {
	code := m.Run()
	if err := scores.print(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestConformance(t *testing.T) {
	clients := os.Getenv("IGLOO_CONFORMANCE")
	if clients == "" {
		t.Skip("IGLOO_CONFORMANCE names no folder with clients; 'make conformance' installs them and sets it")
	}
	for _, s := range suites() {
		t.Run(s.name, func(t *testing.T) {
			for _, shape := range iglootest.Shapes() {
				t.Run(shape.Name, func(t *testing.T) {
					judge(t, s, newBench(t, s, shape, clients))
				})
			}
		})
	}
	if len(scores.scores) == 0 {
		t.Error("no suite ran")
	}
}

func newBench(t *testing.T, s suite, shape iglootest.Shape, clients string) *bench {
	t.Helper()
	reports := filepath.Join(clients, "reports", s.name+"-"+shape.Name)
	if err := os.RemoveAll(reports); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(reports, 0o750); err != nil {
		t.Fatal(err)
	}
	return &bench{shape: shape, clients: clients, reports: reports}
}

func judge(t *testing.T, s suite, b *bench) {
	t.Helper()
	started := time.Now()
	result := score{suite: s.name, shape: b.shape.Name}
	// A suite that ends its test early is on the board all the same.
	defer func() {
		result.took = time.Since(started)
		scores.add(result)
	}()
	for _, o := range s.run(t, b) {
		result.count(o)
		if o.verdict == failed {
			t.Errorf("%s: %s", o.test, o.why)
		}
	}
	if result.counts[passed] < s.tests {
		t.Errorf("%d tests passed, of %d", result.counts[passed], s.tests)
	}
}
