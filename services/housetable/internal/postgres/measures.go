package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
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
	i := telemetry.NewInstruments(meters.Meter(meterName))
	repeats := i.Int64Counter("igloo.housetable.commit.repeats", "{statement}", "Statements of commits that wrote nothing because of a rival and went again, by SQLSTATE.")
	registration := measurePool(pool, i)
	if err := i.Err(); err != nil {
		return measures{}, fmt.Errorf("measure the store: %w", err)
	}
	return measures{repeats: repeats, pool: registration}, nil
}

// measurePool uses the names of OpenTelemetry's conventions for database clients.
func measurePool(pool *pgxpool.Pool, i *telemetry.Instruments) metric.Registration {
	count := i.Int64ObservableUpDownCounter("db.client.connection.count", "{connection}", "Connections of the pool, by what they do.")
	most := i.Int64ObservableUpDownCounter("db.client.connection.max", "{connection}", "The most connections there may be.")
	waited := i.Float64ObservableCounter("igloo.housetable.connection.wait", "s", "How long callers have waited for a connection, all together.")
	used := metric.WithAttributes(attribute.String("db.client.connection.state", "used"))
	idle := metric.WithAttributes(attribute.String("db.client.connection.state", "idle"))
	return i.Register(func(_ context.Context, o metric.Observer) error {
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
