package rest

import (
	"context"
	"fmt"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// defaultCodedBytes is what compressed answers may take of the memory.
const defaultCodedBytes = 32 << 20

// codedCache keeps compressed answers of what never changes, so that a table
// which a thousand clients load is compressed once. What it holds is bounded by
// bytes.
type codedCache struct {
	cache *otter.Cache[string, []byte]
}

func newCodedCache(maxBytes int64, meter metric.Meter) (*codedCache, error) {
	cache, err := otter.New(&otter.Options[string, []byte]{
		MaximumWeight: uint64(maxBytes),
		Weigher:       func(key string, body []byte) uint32 { return uint32(min(len(key)+cap(body)+256, 1<<31)) },
		StatsRecorder: stats.NewCounter(),
	})
	if err != nil {
		return nil, fmt.Errorf("make cache of compressed answers: %w", err)
	}
	c := &codedCache{cache: cache}
	return c, telemetry.MeasureCache(meter, "answers", c.use)
}

func (c *codedCache) use() telemetry.CacheUse {
	s := c.cache.Stats()
	return telemetry.CacheUse{Hits: s.Hits, Misses: s.Misses, Evictions: s.Evictions, Bytes: c.cache.WeightedSize()}
}

// compress is the answer's body in a coding, from the cache where it can be.
func (c *codedCache) compress(ctx context.Context, a answer, to coding) ([]byte, error) {
	if !a.keep {
		return to.compress(a.body)
	}
	// Many may wait for this one: it must not end with whoever came first.
	return c.cache.Get(context.WithoutCancel(ctx), to.tagged(a.etag), otter.LoaderFunc[string, []byte](
		func(context.Context, string) ([]byte, error) { return to.compress(a.body) }))
}
