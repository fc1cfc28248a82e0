package replays

import (
	"context"

	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// measures tell whether Redis is used.
type measures struct {
	openings metric.Int64Counter
	breaker  metric.Registration
}

func measure(r *Redis, meter metric.Meter) (*measures, error) {
	i := telemetry.NewInstruments(meter)
	openings := i.Int64Counter("igloo.catalog.redis.breaker.openings", "{opening}", "How often Redis failed and was left alone from then on for a while.")
	open := i.Int64ObservableGauge("igloo.catalog.redis.breaker.open", "", "1 from when Redis fails until it answers again, else 0.")
	openings.Add(context.Background(), 0)
	registration := i.Register(func(_ context.Context, o metric.Observer) error {
		state := int64(0)
		if r.rests() || r.away.Load() { // between tries as well
			state = 1
		}
		o.ObserveInt64(open, state)
		return nil
	}, open)
	return &measures{openings: openings, breaker: registration}, i.Err()
}
