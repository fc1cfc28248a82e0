package removal

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// measure tells a meter of the counts.
func (c *counts) measure(meter metric.Meter) error {
	i := telemetry.NewInstruments(meter)
	i.Int64ObservableCounter("igloo.catalog.removal.jobs", "{job}", "Jobs that delete the files of a table, by how they ended.", by("outcome", func(now Counts) map[string]int64 {
		return map[string]int64{"done": now.Purged, "failed": now.Failed, "put_back": now.PutBack}
	}, c))
	i.Int64ObservableCounter("igloo.catalog.removal.files", "{file}", "Files that were deleted, by whose they were.", by("of", func(now Counts) map[string]int64 {
		return map[string]int64{"purged": now.FilesPurged, "abandoned": now.FilesAbandoned, "orphan": now.Orphans}
	}, c))
	i.Int64ObservableCounter("igloo.catalog.removal.fences", "{operation}", "Operations that were made sure never to be applied.", telemetry.Observed(c.fenced.Load))
	i.Int64ObservableCounter("igloo.catalog.removal.kept", "{file}", "Metadata files that were looked at and are needed.", telemetry.Observed(c.kept.Load))
	return i.Err()
}

// measure tells a meter how many there are.
func (a *away) measure(meter metric.Meter) error {
	i := telemetry.NewInstruments(meter)
	i.Int64ObservableGauge("igloo.catalog.removal.warehouses.away", "{warehouse}", "Warehouses whose files are left alone for a while, since something failed there.",
		telemetry.Observed(a.count))
	return i.Err()
}

// by observes counts under the values of a label.
func by(label string, values func(Counts) map[string]int64, c *counts) metric.Int64Callback {
	return func(_ context.Context, o metric.Int64Observer) error {
		for value, n := range values(c.now()) {
			o.Observe(n, metric.WithAttributes(attribute.String(label, value)))
		}
		return nil
	}
}
