package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// Instruments are declared on one meter, one after the other, and checked once: Err
// says which of them could not be made. Names, units and descriptions are
// OpenTelemetry's; docs/metrics.md has them all, as Prometheus sees them.
type Instruments struct {
	meter metric.Meter
	errs  []error
}

// NewInstruments declares on a meter, or on none: then nothing is measured.
func NewInstruments(meter metric.Meter) *Instruments { return &Instruments{meter: OrNone(meter)} }

// Err is nil when all that was declared was made.
func (i *Instruments) Err() error { return errors.Join(i.errs...) }

func (i *Instruments) note(err error) {
	if err != nil {
		i.errs = append(i.errs, err)
	}
}

// Int64Counter counts what happens.
func (i *Instruments) Int64Counter(name, unit, about string) metric.Int64Counter {
	made, err := i.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(about))
	i.note(err)
	return made
}

// Float64Counter adds up amounts.
func (i *Instruments) Float64Counter(name, unit, about string) metric.Float64Counter {
	made, err := i.meter.Float64Counter(name, metric.WithUnit(unit), metric.WithDescription(about))
	i.note(err)
	return made
}

// Float64Gauge is told what is now.
func (i *Instruments) Float64Gauge(name, unit, about string) metric.Float64Gauge {
	made, err := i.meter.Float64Gauge(name, metric.WithUnit(unit), metric.WithDescription(about))
	i.note(err)
	return made
}

// Float64Histogram has buckets up to each of the bounds, and one beyond.
func (i *Instruments) Float64Histogram(name, unit, about string, bounds []float64) metric.Float64Histogram {
	made, err := i.meter.Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(about), metric.WithExplicitBucketBoundaries(bounds...))
	i.note(err)
	return made
}

// Int64Histogram is a Float64Histogram of whole numbers.
func (i *Instruments) Int64Histogram(name, unit, about string, bounds []float64) metric.Int64Histogram {
	made, err := i.meter.Int64Histogram(name, metric.WithUnit(unit), metric.WithDescription(about), metric.WithExplicitBucketBoundaries(bounds...))
	i.note(err)
	return made
}

// standing are the options that every instrument has: its unit, and what it is about.
const standing = 2

// Int64ObservableCounter is asked what was counted so far: by callbacks of its own, or
// by one that is registered for several.
func (i *Instruments) Int64ObservableCounter(name, unit, about string, callbacks ...metric.Int64Callback) metric.Int64ObservableCounter {
	options := make([]metric.Int64ObservableCounterOption, 0, standing+len(callbacks))
	options = append(options, metric.WithUnit(unit), metric.WithDescription(about))
	for _, c := range callbacks {
		options = append(options, metric.WithInt64Callback(c))
	}
	made, err := i.meter.Int64ObservableCounter(name, options...)
	i.note(err)
	return made
}

// Float64ObservableCounter is an Int64ObservableCounter of amounts, for a callback of
// several.
func (i *Instruments) Float64ObservableCounter(name, unit, about string) metric.Float64ObservableCounter {
	made, err := i.meter.Float64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(about))
	i.note(err)
	return made
}

// Int64ObservableUpDownCounter is asked how many there are, which adds up over
// processes.
func (i *Instruments) Int64ObservableUpDownCounter(name, unit, about string, callbacks ...metric.Int64Callback) metric.Int64ObservableUpDownCounter {
	options := make([]metric.Int64ObservableUpDownCounterOption, 0, standing+len(callbacks))
	options = append(options, metric.WithUnit(unit), metric.WithDescription(about))
	for _, c := range callbacks {
		options = append(options, metric.WithInt64Callback(c))
	}
	made, err := i.meter.Int64ObservableUpDownCounter(name, options...)
	i.note(err)
	return made
}

// Int64ObservableGauge is asked what is now, which does not add up over processes.
func (i *Instruments) Int64ObservableGauge(name, unit, about string, callbacks ...metric.Int64Callback) metric.Int64ObservableGauge {
	options := make([]metric.Int64ObservableGaugeOption, 0, standing+len(callbacks))
	options = append(options, metric.WithUnit(unit), metric.WithDescription(about))
	for _, c := range callbacks {
		options = append(options, metric.WithInt64Callback(c))
	}
	made, err := i.meter.Int64ObservableGauge(name, options...)
	i.note(err)
	return made
}

// Float64ObservableGauge is an Int64ObservableGauge of amounts, for a callback of
// several.
func (i *Instruments) Float64ObservableGauge(name, unit, about string) metric.Float64ObservableGauge {
	made, err := i.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(about))
	i.note(err)
	return made
}

// Register has several be asked at once.
func (i *Instruments) Register(callback metric.Callback, of ...metric.Observable) metric.Registration {
	registration, err := i.meter.RegisterCallback(callback, of...)
	i.note(err)
	return registration
}

// Observed is a callback that tells one number.
func Observed(number func() int64) metric.Int64Callback {
	return func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(number())
		return nil
	}
}
