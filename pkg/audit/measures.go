package audit

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// measure tells how the log fares.
func measure(meter metric.Meter, l *Log) error {
	i := telemetry.NewInstruments(meter)
	lines := i.Int64ObservableCounter("igloo.audit.lines", "{line}", "Lines of the audit log, by what became of them.")
	failures := i.Int64ObservableCounter("igloo.audit.failures", "{write}", "Writes to the audit log that failed, and were tried again.")
	from := attribute.String("service", l.service)
	i.Register(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(lines, l.written.Load(), metric.WithAttributes(from, attribute.String("result", "written")))
		o.ObserveInt64(lines, l.lost.Load(), metric.WithAttributes(from, attribute.String("result", "lost")))
		o.ObserveInt64(failures, l.failures.Load(), metric.WithAttributes(from))
		return nil
	}, lines, failures)
	return i.Err()
}
