package bench

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

// entry is a contestant that is ready for an operation.
type entry struct {
	*contestant

	series *report.Series
	// ready makes what a turn needs, which is not measured.
	ready func(context.Context) (taker, error)
	// shut is one that knows no fixed rate.
	shut bool
	// leave lets its connections go.
	leave func()
}

// taker takes a turn.
type taker func(context.Context, load.Plan) (load.Result, error)

// enter makes the contestant one that does an operation, and readies each turn so.
func (c *contestant) enter(operation string, connections int, ready func(context.Context) (taker, error)) *entry {
	series := &report.Series{Operation: operation, Connections: connections, Contestant: c.name}
	return &entry{contestant: c, series: series, ready: ready, leave: func() {}}
}

// renewed carries out plans, each of the work that is next.
func renewed(next func(context.Context) (load.Work, error)) func(context.Context) (taker, error) {
	return func(ctx context.Context) (taker, error) {
		work, err := next(ctx)
		return func(ctx context.Context, plan load.Plan) (load.Result, error) { return load.Run(ctx, work, plan) }, err
	}
}

// looped carries out plans of a work.
func looped(work load.Work) func(context.Context) (taker, error) {
	return renewed(func(context.Context) (load.Work, error) { return work, nil })
}

// take takes a turn that nobody measures.
func (e *entry) take(ctx context.Context, plan load.Plan) (load.Result, error) {
	take, err := e.ready(ctx)
	if err != nil {
		return load.Result{}, err
	}
	return take(ctx, plan)
}

// measure takes one turn in closed loop.
func (e *entry) measure(b testing.TB, plan load.Plan) error {
	b.Helper()
	take, err := e.ready(b.Context())
	if err != nil {
		return err
	}
	before := e.used(b)
	got, err := take(b.Context(), plan)
	if err != nil {
		return err
	}
	e.note(got, e.used(b).since(before))
	return nil
}

// note keeps what a turn came to, and the CPU that it took.
func (e *entry) note(got load.Result, used use) {
	add := func(to *[]float64, value float64) { *to = append(*to, benchtest.Rounded(value)) }
	each := func(of float64) float64 { return of / float64(max(got.Done, 1)) }
	micros := func(d time.Duration) float64 { return each(float64(d.Microseconds())) }
	s := e.series
	add(&s.Rate, got.Rate())
	add(&s.Services, micros(used.services))
	add(&s.Postgres, micros(used.postgres))
	add(&s.Store, micros(used.store))
	add(&s.Bytes, each(float64(got.Bytes)))
	add(&s.Tries, each(float64(got.Tries)))
	s.Errors += got.Errors
}

// Every turn is readied, and one that cannot be is an error and no reading.
func TestTurnsAreReadied(t *testing.T) {
	failure, readied := errors.New("no tables"), 0
	e := (&contestant{}).enter("", 1, func(context.Context) (taker, error) {
		if readied++; readied > 3 {
			return nil, failure
		}
		return func(context.Context, load.Plan) (load.Result, error) {
			return load.Result{Elapsed: time.Second, Done: int64(readied)}, nil
		}, nil
	})
	for range 3 {
		if err := e.measure(t, load.Plan{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.measure(t, load.Plan{}); !errors.Is(err, failure) {
		t.Errorf("got %v, wanted %v", err, failure)
	}
	if want := []float64{1, 2, 3}; !slices.Equal(e.series.Rate, want) {
		t.Errorf("rates are %v, wanted %v", e.series.Rate, want)
	}
}

const (
	// share of the rate in closed loop is due in open loop.
	share = 0.5
	// longestOpen bounds a turn in open loop, enough is how many operations it needs.
	longestOpen = 3 * time.Second
	enough      = 100
)

// open takes one turn in open loop, at half the rate that there was in closed loop.
func (e *entry) open(b *testing.B, connections int) {
	b.Helper()
	if e.shut {
		return
	}
	due := share * benchtest.Median(e.series.Rate)
	lasts := max(2**turn, min(longestOpen, time.Duration(enough/due*float64(time.Second))))
	got, err := e.take(b.Context(), load.Plan{Connections: connections, Duration: lasts, Rate: due})
	if err != nil {
		b.Logf("%s, %s in open loop: %v", e.name, e.series.Operation, err)
		return
	}
	ms := func(d time.Duration) float64 { return benchtest.Rounded(float64(d.Microseconds()) / 1000) }
	e.series.Errors += got.Errors
	e.series.Open = &report.Open{
		Rate: benchtest.Rounded(due), P50: ms(got.Latency.P50), P90: ms(got.Latency.P90),
		P99: ms(got.Latency.P99), P999: ms(got.Latency.P999), Max: ms(got.Latency.Max),
	}
}
