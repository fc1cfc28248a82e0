package audit

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// measure tells how the log fares.
func measure(meter metric.Meter, l *Log) error {
	lines, linesErr := meter.Int64ObservableCounter("igloo.audit.lines", metric.WithUnit("{line}"),
		metric.WithDescription("Lines of the audit log, by what became of them."))
	failures, failuresErr := meter.Int64ObservableCounter("igloo.audit.failures", metric.WithUnit("{write}"),
		metric.WithDescription("Writes to the audit log that failed, and were tried again."))
	if err := errors.Join(linesErr, failuresErr); err != nil {
		return err
	}
	from := attribute.String("service", l.service)
	_, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(lines, l.written.Load(), metric.WithAttributes(from, attribute.String("result", "written")))
		o.ObserveInt64(lines, l.lost.Load(), metric.WithAttributes(from, attribute.String("result", "lost")))
		o.ObserveInt64(failures, l.failures.Load(), metric.WithAttributes(from))
		return nil
	}, lines, failures)
	return err
}
