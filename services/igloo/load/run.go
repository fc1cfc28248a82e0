package load

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Step is what one turn of an operation came to.
type Step struct {
	// Bytes of the answers' bodies.
	Bytes int64
	// Tries it took: more than one where a rival won.
	Tries int
}

// Work does one turn of an operation for a worker. Turns of one worker come one
// after another, from 0.
type Work func(ctx context.Context, worker, turn int) (Step, error)

// Plan is how an operation is put on a catalog.
type Plan struct {
	Connections int
	Duration    time.Duration
	// Rate, when not 0, is how many turns are due a second, whether or not those
	// before them are done (open loop). Else every worker begins the next turn
	// when it has ended one (closed loop).
	Rate float64
}

// Result is how it fared.
type Result struct {
	Connections int           `json:"connections"`
	Elapsed     time.Duration `json:"elapsed_ns"`
	Done        int64         `json:"done"`
	// Errors are turns that were not done.
	Errors  int64   `json:"errors"`
	Tries   int64   `json:"tries"`
	Bytes   int64   `json:"bytes"`
	Latency Latency `json:"latency"`
}

// Latency of turns.
type Latency struct {
	P50  time.Duration `json:"p50_ns"`
	P90  time.Duration `json:"p90_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
	Max  time.Duration `json:"max_ns"`
}

// Rate is how many turns a second were done.
func (r Result) Rate() float64 { return float64(r.Done) / r.Elapsed.Seconds() }

// The histograms tell latencies from a microsecond to two minutes apart, to three figures.
const (
	shortest = int64(time.Microsecond)
	longest  = int64(2 * time.Minute)
	figures  = 3
)

// Run carries out a plan. A turn that fails is counted as that and as nothing else;
// when all do, what the first one came to is returned.
func Run(ctx context.Context, work Work, plan Plan) (Result, error) {
	began := time.Now()
	clock := &clock{began: began, end: began.Add(plan.Duration), rate: plan.Rate}
	tallies := make([]*tally, plan.Connections)
	var all sync.WaitGroup
	for worker := range tallies {
		tallies[worker] = &tally{latency: hdrhistogram.New(shortest, longest, figures)}
		all.Go(func() { tallies[worker].drive(ctx, work, worker, clock) })
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return merge(tallies, time.Since(began))
}

// clock says when turns are due.
type clock struct {
	began, end time.Time
	rate       float64
	due        atomic.Int64 // turns that were handed out, in open loop
}

// next is when the next turn is due; false when there is none any more.
func (c *clock) next() (time.Time, bool) {
	due := time.Now()
	if c.rate > 0 {
		n := c.due.Add(1) - 1
		due = c.began.Add(time.Duration(float64(n) / c.rate * float64(time.Second)))
	}
	return due, due.Before(c.end)
}

// tally is what one worker did.
type tally struct {
	done, tries, bytes, errors int64
	first                      error
	latency                    *hdrhistogram.Histogram
}

func (t *tally) drive(ctx context.Context, work Work, worker int, clock *clock) {
	for turn := 0; ; turn++ {
		due, more := clock.next()
		if !more || !sleepUntil(ctx, due) {
			return
		}
		step, err := work(ctx, worker, turn)
		if err == nil {
			t.count(step, time.Since(due))
			continue
		}
		if t.errors++; t.first == nil {
			t.first = fmt.Errorf("worker %d: turn %d: %w", worker, turn, err)
		}
	}
}

func (t *tally) count(step Step, took time.Duration) {
	t.done++
	t.tries += int64(max(step.Tries, 1))
	t.bytes += step.Bytes
	_ = t.latency.RecordValue(min(max(int64(took), shortest), longest)) // within bounds by now
}

// sleepUntil reports whether the time came before the context ended.
func sleepUntil(ctx context.Context, due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func merge(tallies []*tally, elapsed time.Duration) (Result, error) {
	r := Result{Connections: len(tallies), Elapsed: elapsed}
	latency := hdrhistogram.New(shortest, longest, figures)
	var first error
	for _, t := range tallies {
		r.Done, r.Tries, r.Bytes, r.Errors = r.Done+t.done, r.Tries+t.tries, r.Bytes+t.bytes, r.Errors+t.errors
		first = cmp.Or(first, t.first)
		latency.Merge(t.latency)
	}
	if r.Done == 0 && first != nil {
		return r, first
	}
	at := func(quantile float64) time.Duration { return time.Duration(latency.ValueAtQuantile(quantile)) }
	r.Latency = Latency{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: time.Duration(latency.Max())}
	return r, nil
}
