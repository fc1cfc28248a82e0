package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

const meterName = "github.com/igloo-catalog/igloo/services/housetable/internal/postgres"

// measures tell of statements that have to go again, and how the pool is used.
type measures struct {
	repeats metric.Int64Counter
	pool    metric.Registration
}

// measure begins to tell of a pool; meters may be nil.
func measure(pool *pgxpool.Pool, meters metric.MeterProvider) (measures, error) {
	if meters == nil {
		meters = noop.NewMeterProvider()
	}
	meter := meters.Meter(meterName)
	repeats, err := meter.Int64Counter("igloo.housetable.commit.repeats", metric.WithUnit("{statement}"),
		metric.WithDescription("Statements of commits that wrote nothing because of a rival and went again, by SQLSTATE."))
	registration, poolErr := measurePool(pool, meter)
	if err := errors.Join(err, poolErr); err != nil {
		return measures{}, fmt.Errorf("measure the store: %w", err)
	}
	return measures{repeats: repeats, pool: registration}, nil
}

// measurePool uses the names of OpenTelemetry's conventions for database clients.
func measurePool(pool *pgxpool.Pool, meter metric.Meter) (metric.Registration, error) {
	count, err := meter.Int64ObservableUpDownCounter("db.client.connection.count", metric.WithUnit("{connection}"),
		metric.WithDescription("Connections of the pool, by what they do."))
	most, mostErr := meter.Int64ObservableUpDownCounter("db.client.connection.max", metric.WithUnit("{connection}"),
		metric.WithDescription("The most connections there may be."))
	waited, waitedErr := meter.Float64ObservableCounter("igloo.housetable.connection.wait", metric.WithUnit("s"),
		metric.WithDescription("How long callers have waited for a connection, all together."))
	if err := errors.Join(err, mostErr, waitedErr); err != nil {
		return nil, err
	}
	used := metric.WithAttributes(attribute.String("db.client.connection.state", "used"))
	idle := metric.WithAttributes(attribute.String("db.client.connection.state", "idle"))
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		stat := pool.Stat()
		o.ObserveInt64(count, int64(stat.AcquiredConns()), used)
		o.ObserveInt64(count, int64(stat.IdleConns()), idle)
		o.ObserveInt64(most, int64(stat.MaxConns()))
		o.ObserveFloat64(waited, stat.EmptyAcquireWaitTime().Seconds())
		return nil
	}, count, most, waited)
}

// again tells of a statement that wrote nothing because of a rival.
func (m measures) again(ctx context.Context, state string) {
	m.repeats.Add(ctx, 1, metric.WithAttributes(attribute.String("db.response.status_code", state)))
}
