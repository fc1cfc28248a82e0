package objectstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// durationBounds are those of the histogram of operations, in seconds.
var durationBounds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}

// Measured is a Store whose operations are measured, and are parts of the traces of
// requests. It changes nothing of what the store does.
type Measured struct {
	store    Store
	name     attribute.KeyValue
	duration metric.Float64Histogram
	bytes    metric.Int64Counter
}

var _ Store = (*Measured)(nil)

// Measure makes a measured store; name is what StoreOf calls it, and a nil meter
// measures nothing.
func Measure(store Store, name string, meter metric.Meter) (*Measured, error) {
	m := &Measured{store: store, name: attribute.String("store", name)}
	i := telemetry.NewInstruments(meter)
	m.duration = i.Float64Histogram("igloo.storage.operation.duration", "s", "How long operations on storage took, with all their tries.", durationBounds)
	m.bytes = i.Int64Counter("igloo.storage.size", "By", "Bytes of objects that were read and written.")
	if err := i.Err(); err != nil {
		return nil, fmt.Errorf("measure storage: %w", err)
	}
	return m, nil
}

// Read implements Store.
func (m *Measured) Read(ctx context.Context, location string) ([]byte, error) {
	ctx, o := m.begin(ctx, "read")
	data, err := m.store.Read(ctx, location)
	m.moved(ctx, "read", len(data))
	o.end(ctx, err)
	return data, err
}

// Stat implements Store.
func (m *Measured) Stat(ctx context.Context, location string) (Object, error) {
	ctx, o := m.begin(ctx, "stat")
	object, err := m.store.Stat(ctx, location)
	o.end(ctx, err)
	return object, err
}

// Create implements Store.
func (m *Measured) Create(ctx context.Context, location string, data []byte) error {
	ctx, o := m.begin(ctx, "create")
	err := m.store.Create(ctx, location, data)
	if err == nil {
		m.moved(ctx, "written", len(data))
	}
	o.end(ctx, err)
	return err
}

// Delete implements Store.
func (m *Measured) Delete(ctx context.Context, locations ...string) error {
	ctx, o := m.begin(ctx, "delete")
	o.span.SetAttributes(attribute.Int("objects", len(locations)))
	err := m.store.Delete(ctx, locations...)
	o.end(ctx, err)
	return err
}

// List implements Store. What is done with the objects is not counted.
func (m *Measured) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, o := m.begin(ctx, "list")
		var failed error
		defer func() { o.end(ctx, failed) }()
		for object, err := range m.store.List(ctx, prefix) {
			failed = err
			paused := time.Now()
			more := yield(object, err)
			o.began = o.began.Add(time.Since(paused))
			if !more {
				return
			}
		}
	}
}

func (m *Measured) moved(ctx context.Context, direction string, bytes int) {
	m.bytes.Add(ctx, int64(bytes), metric.WithAttributes(m.name, attribute.String("direction", direction)))
}

// operation is one that is under way.
type operation struct {
	*Measured

	name  string
	span  trace.Span
	began time.Time
}

func (m *Measured) begin(ctx context.Context, name string) (context.Context, *operation) {
	o := &operation{Measured: m, name: name}
	ctx, o.span = telemetry.Part(ctx, "storage "+name, trace.SpanKindClient, m.name)
	o.began = time.Now()
	return ctx, o
}

// end tells how it went. The span has no location: they hold what partitions are
// called by.
func (o *operation) end(ctx context.Context, err error) {
	result := outcome(err)
	o.duration.Record(ctx, time.Since(o.began).Seconds(), metric.WithAttributes(
		o.Measured.name, attribute.String("operation", o.name), attribute.String("outcome", result)))
	if o.span.IsRecording() {
		o.span.SetAttributes(attribute.String("outcome", result))
	}
	if err != nil {
		telemetry.Fail(o.span, result)
	}
	o.span.End()
}

// outcome is one of few words for how an operation ended.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrNotFound):
		return "not_found"
	case errors.Is(err, ErrExists):
		return "exists"
	case ended(err):
		return "ended"
	}
	switch fault.KindOf(err) {
	case fault.Forbidden:
		return "forbidden"
	case fault.Invalid, fault.Unsupported, fault.TooLarge:
		return "refused"
	case fault.Unavailable:
		return "unavailable"
	default:
		return "failed"
	}
}
