package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// What became of a list that the standby could have answered.
const (
	standbyServed  = "served"  // it did
	standbyBehind  = "behind"  // it did not have all yet
	standbyFailed  = "failed"  // it was away, or did not follow the primary
	standbyResting = "resting" // it was not asked, as one of the other two was shortly before
)

// standbyMeasures tell where lists come from.
type standbyMeasures struct {
	lists metric.Int64Counter
	// behind is how many bytes of WAL the standby lacked when it was last asked.
	behind *atomic.Int64
}

// measureStandby begins to tell of a standby; meters may be nil.
func measureStandby(meters metric.MeterProvider) (standbyMeasures, error) {
	if meters == nil {
		meters = noop.NewMeterProvider()
	}
	m := standbyMeasures{behind: &atomic.Int64{}}
	i := telemetry.NewInstruments(meters.Meter(meterName))
	m.lists = i.Int64Counter("igloo.housetable.standby.lists", "{list}", "Lists that the standby could answer, by what became of them.")
	i.Int64ObservableGauge("igloo.housetable.standby.behind", "By", "What the standby lacked of the primary's WAL when it was last asked.",
		telemetry.Observed(m.behind.Load))
	if err := i.Err(); err != nil {
		return m, fmt.Errorf("measure the standby: %w", err)
	}
	return m, nil
}

func (m standbyMeasures) count(ctx context.Context, outcome string) {
	m.lists.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
}

// failed tells of a list that the primary answers instead.
func (m standbyMeasures) failed(ctx context.Context, err error) {
	if errors.Is(err, errBehind) {
		m.count(ctx, standbyBehind)
		return
	}
	m.count(ctx, standbyFailed)
}
