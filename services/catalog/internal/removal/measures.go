package removal

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// measure tells a meter of the counts.
func (c *counts) measure(meter metric.Meter) error {
	meter = telemetry.OrNone(meter)
	var errs [4]error
	_, errs[0] = meter.Int64ObservableCounter("igloo.catalog.removal.jobs", metric.WithUnit("{job}"),
		metric.WithDescription("Jobs that delete the files of a table, by how they ended."), by("outcome", func(now Counts) map[string]int64 {
			return map[string]int64{"done": now.Purged, "failed": now.Failed, "put_back": now.PutBack}
		}, c))
	_, errs[1] = meter.Int64ObservableCounter("igloo.catalog.removal.files", metric.WithUnit("{file}"),
		metric.WithDescription("Files that were deleted, by whose they were."), by("of", func(now Counts) map[string]int64 {
			return map[string]int64{"purged": now.FilesPurged, "abandoned": now.FilesAbandoned, "orphan": now.Orphans}
		}, c))
	_, errs[2] = meter.Int64ObservableCounter("igloo.catalog.removal.fences", metric.WithUnit("{operation}"),
		metric.WithDescription("Operations that were made sure never to be applied."), metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(c.fenced.Load())
			return nil
		}))
	_, errs[3] = meter.Int64ObservableCounter("igloo.catalog.removal.kept", metric.WithUnit("{file}"),
		metric.WithDescription("Metadata files that were looked at and are needed."), metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(c.kept.Load())
			return nil
		}))
	return errors.Join(errs[:]...)
}

// measure tells a meter how many there are.
func (a *away) measure(meter metric.Meter) error {
	_, err := telemetry.OrNone(meter).Int64ObservableGauge("igloo.catalog.removal.warehouses.away", metric.WithUnit("{warehouse}"),
		metric.WithDescription("Warehouses whose files are left alone for a while, since something failed there."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(a.count())
			return nil
		}))
	return err
}

// by observes counts under the values of a label.
func by(label string, values func(Counts) map[string]int64, c *counts) metric.Int64ObservableCounterOption {
	return metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
		for value, n := range values(c.now()) {
			o.Observe(n, metric.WithAttributes(attribute.String(label, value)))
		}
		return nil
	})
}
