package scan

import (
	"context"

	"github.com/maypok86/otter/v2"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// measures tell of scans that were not planned.
type measures struct {
	rejections metric.Int64Counter
	noSlot     metric.MeasurementOption
}

// measure begins to tell of planning and its cache.
func measure(cache *otter.Cache[string, sized], meter metric.Meter) (measures, error) {
	i := telemetry.NewInstruments(meter)
	rejections := i.Int64Counter("igloo.catalog.rejections", "{request}", "Requests that were told to come again later, by why.")
	if err := i.Err(); err != nil {
		return measures{}, err
	}
	m := measures{rejections: rejections, noSlot: metric.WithAttributes(attribute.String("reason", "planning_full"))}
	m.rejections.Add(context.Background(), 0, m.noSlot)
	return m, telemetry.MeasureCache(meter, "manifests", func() telemetry.CacheUse {
		s := cache.Stats()
		return telemetry.CacheUse{Hits: s.Hits, Misses: s.Misses, Evictions: s.Evictions, Bytes: cache.WeightedSize()}
	})
}

// rejected tells of a scan that found every slot taken.
func (m measures) rejected(ctx context.Context) { m.rejections.Add(ctx, 1, m.noSlot) }
