package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// The limits of one answer with all metrics.
const (
	scrapeTimeout  = 5 * time.Second
	scrapesAtATime = 2
)

// meters collect what the parts of the service measure, for Prometheus to fetch.
type meters struct {
	*sdkmetric.MeterProvider
	handler http.Handler
}

// newMeters uses a registry of its own, so that two services in one process do
// not mix.
func newMeters() (*meters, error) {
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, fmt.Errorf("prepare metrics: %w", err)
	}
	return &meters{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{
			Timeout: scrapeTimeout, MaxRequestsInFlight: scrapesAtATime,
		}),
	}, nil
}

func (m *meters) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	return m.Shutdown(ctx)
}
