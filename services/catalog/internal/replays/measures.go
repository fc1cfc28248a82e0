package replays

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// measures tell whether Redis is used.
type measures struct {
	openings metric.Int64Counter
	breaker  metric.Registration
}

func measure(r *Redis, meter metric.Meter) (*measures, error) {
	openings, err := meter.Int64Counter("igloo.catalog.redis.breaker.openings", metric.WithUnit("{opening}"),
		metric.WithDescription("How often Redis failed and was left alone from then on for a while."))
	open, openErr := meter.Int64ObservableGauge("igloo.catalog.redis.breaker.open",
		metric.WithDescription("1 from when Redis fails until it answers again, else 0."))
	if err := errors.Join(err, openErr); err != nil {
		return nil, err
	}
	openings.Add(context.Background(), 0)
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		state := int64(0)
		if r.rests() || r.away.Load() { // between tries as well
			state = 1
		}
		o.ObserveInt64(open, state)
		return nil
	}, open)
	return &measures{openings: openings, breaker: registration}, err
}
