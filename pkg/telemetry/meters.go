package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// The limits of one answer with all metrics.
const (
	scrapeTimeout  = 5 * time.Second
	scrapesAtATime = 2
)

// maxSeries bounds what one instrument may tell apart, should all else fail: the
// parts that measure bound their attributes themselves.
const maxSeries = 20_000

// Meters collect what the parts of a service measure, for Prometheus to fetch.
type Meters struct {
	*sdkmetric.MeterProvider
	registry *prometheus.Registry
}

// OrNone is the meter, or one that measures nothing where there is none.
func OrNone(meter metric.Meter) metric.Meter {
	if meter == nil {
		return noop.Meter{}
	}
	return meter
}

// NewMeters uses a registry of its own, so that two services in one process do
// not mix.
func NewMeters() (*Meters, error) {
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo(), exporter.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("prepare metrics: %w", err)
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(maxSeries))
	return &Meters{MeterProvider: provider, registry: registry}, nil
}

// Close ends the collecting.
func (m *Meters) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	return m.Shutdown(ctx)
}

// Scrape serves what all of them measure, and what the process itself is and takes,
// in Prometheus' form.
func Scrape(all ...*Meters) http.Handler {
	gatherers := append(make(prometheus.Gatherers, 0, 1+len(all)), process())
	for _, m := range all {
		gatherers = append(gatherers, m.registry)
	}
	return promhttp.HandlerFor(gatherers, promhttp.HandlerOpts{Timeout: scrapeTimeout, MaxRequestsInFlight: scrapesAtATime})
}
