package rest

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// requestBounds are those of the histogram of requests, in seconds.
var requestBounds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// noOperation is the operation of requests that nothing serves.
const noOperation = "none"

// classes are the kinds of statuses that are told apart: 2xx is classes[2].
var classes = [...]string{"", "1xx", "2xx", "3xx", "4xx", "5xx"}

// measures tell of requests by operation and class of status, of which there are
// few and always the same.
type measures struct {
	duration metric.Float64Histogram
	active   atomic.Int64
	// series holds what a record of each operation and class is made with, so that
	// a request makes none of its own.
	series map[string]*[len(classes)][]metric.RecordOption
}

func newMeasures(meter metric.Meter, routes []route) (*measures, error) {
	m := &measures{series: map[string]*[len(classes)][]metric.RecordOption{}}
	i := telemetry.NewInstruments(meter)
	m.duration = i.Float64Histogram("igloo.catalog.request.duration", "s", "How long requests took, by the protocol's operation and the class of the status.", requestBounds)
	i.Int64ObservableUpDownCounter("igloo.catalog.requests.active", "{request}", "Requests that are being answered.",
		telemetry.Observed(m.active.Load))
	m.prepare(noOperation)
	for _, r := range routes {
		m.prepare(r.operation)
	}
	return m, i.Err()
}

func (m *measures) prepare(operation string) {
	series := &[len(classes)][]metric.RecordOption{}
	for i, class := range classes {
		set := attribute.NewSet(attribute.String("operation", operation), attribute.String("status", class))
		series[i] = []metric.RecordOption{metric.WithAttributeSet(set)}
	}
	m.series[operation] = series
}

// begin tells of a request; what it returns is to be answered through, and ended.
func (m *measures) begin(w http.ResponseWriter, operation string) *answering {
	if operation == "" {
		operation = noOperation
	}
	m.active.Add(1)
	return &answering{ResponseWriter: w, measures: m, operation: operation, began: time.Now()}
}

// answering is an answer whose status is noted.
type answering struct {
	http.ResponseWriter

	measures  *measures
	operation string
	began     time.Time
	status    int
}

// WriteHeader implements http.ResponseWriter.
func (a *answering) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// end tells how the request was answered: one that was not has panicked.
func (a *answering) end(ctx context.Context) {
	class := a.status / 100
	if class < 1 || class >= len(classes) {
		class = 5
	}
	a.measures.active.Add(-1)
	a.measures.duration.Record(ctx, time.Since(a.began).Seconds(), a.measures.series[a.operation][class]...)
}
