package vend

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// lifeBounds are those of the histogram of what keys have left, in seconds: the
// first is when clients begin to renew, the second is the margin.
var lifeBounds = []float64{300, 900, 1800, 2700, 3600, 7200, 14400, 43200}

// measures tell how long keys last that are handed out.
type measures struct{ life metric.Float64Histogram }

func newMeasures(meter metric.Meter) (m measures, _ error) {
	i := telemetry.NewInstruments(meter)
	m.life = i.Float64Histogram("igloo.catalog.credential.life", "s", "What keys to storage had left when they were handed to clients, of those that end.", lifeBounds)
	return m, i.Err()
}

func (m measures) handedOut(ctx context.Context, store string, left time.Duration) {
	m.life.Record(ctx, left.Seconds(), metric.WithAttributes(attribute.String("store", store)))
}
