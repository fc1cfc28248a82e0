package conformance_test

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// verdict is how a test ended.
type verdict int

const (
	passed verdict = iota
	failed
	skipped
)

// outcome is one test of somebody's suite.
type outcome struct {
	test    string
	verdict verdict
	why     string // of a failure or a skip
}

// score is what a suite found on one shape.
type score struct {
	suite, shape string
	counts       [skipped + 1]int
	took         time.Duration
}

func (s *score) count(o outcome) { s.counts[o.verdict]++ }

// scoreboard collects the scores of a run.
type scoreboard struct{ scores []score }

func (b *scoreboard) add(s score) { b.scores = append(b.scores, s) }

// print writes a Markdown table that reads well as text too.
func (b *scoreboard) print(w io.Writer) error {
	if len(b.scores) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(table, "| suite\t| shape\t| passed\t| failed\t| skipped\t| seconds\t|")
	fmt.Fprintln(table, "|---\t|---\t|---:\t|---:\t|---:\t|---:\t|")
	for _, s := range b.scores {
		fmt.Fprintf(table, "| %s\t| %s\t| %d\t| %d\t| %d\t| %.0f\t|\n",
			s.suite, s.shape, s.counts[passed], s.counts[failed], s.counts[skipped], s.took.Seconds())
	}
	return table.Flush()
}
