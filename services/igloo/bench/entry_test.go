package bench

import (
	"context"
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
	take   func(context.Context, load.Plan) (load.Result, error)
	// shut is one that knows no fixed rate.
	shut bool
	// leave lets its connections go.
	leave func()
}

// enter makes the contestant one that does an operation as take does.
func (c *contestant) enter(b *testing.B, operation string, connections int, take func(context.Context, load.Plan) (load.Result, error)) *entry {
	b.Helper()
	series := &report.Series{Operation: operation, Connections: connections, Contestant: c.name}
	return &entry{contestant: c, series: series, take: take, leave: func() {}}
}

// looped carries out plans of a work.
func looped(work load.Work) func(context.Context, load.Plan) (load.Result, error) {
	return func(ctx context.Context, plan load.Plan) (load.Result, error) { return load.Run(ctx, work, plan) }
}

// measure takes one turn in closed loop.
func (e *entry) measure(b *testing.B, plan load.Plan) error {
	b.Helper()
	before := e.used(b)
	got, err := e.take(b.Context(), plan)
	if err != nil {
		return err
	}
	used := e.used(b).since(before)
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
	return nil
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
