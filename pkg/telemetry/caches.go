package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// CacheUse is how a cache fared since the start, and how many bytes it holds.
type CacheUse struct {
	Hits, Misses, Evictions, Bytes uint64
}

// MeasureCache tells how a cache fares, asked when it is to be told: looking
// something up costs no more for it.
func MeasureCache(meter metric.Meter, name string, use func() CacheUse) error {
	i := NewInstruments(meter)
	lookups := i.Int64ObservableCounter("igloo.cache.lookups", "{lookup}", "Lookups in a cache in memory, by their result.")
	evictions := i.Int64ObservableCounter("igloo.cache.evictions", "{entry}", "Entries that a cache in memory gave up for others.")
	size := i.Int64ObservableUpDownCounter("igloo.cache.size", "By", "About what a cache holds of the memory.")
	cache := attribute.String("cache", name)
	hit := metric.WithAttributes(cache, attribute.String("result", "hit"))
	miss := metric.WithAttributes(cache, attribute.String("result", "miss"))
	i.Register(func(_ context.Context, o metric.Observer) error {
		u := use()
		o.ObserveInt64(lookups, int64(u.Hits), hit)
		o.ObserveInt64(lookups, int64(u.Misses), miss)
		o.ObserveInt64(evictions, int64(u.Evictions), metric.WithAttributes(cache))
		o.ObserveInt64(size, int64(u.Bytes), metric.WithAttributes(cache))
		return nil
	}, lookups, evictions, size)
	return i.Err()
}
