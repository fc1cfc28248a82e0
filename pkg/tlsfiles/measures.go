package tlsfiles

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// measure tells of renewals, and when the certificate in use ends. Asking for that
// has a look at the files, so that bad ones show without a handshake.
func measure(meter metric.Meter, ends func() int64) (told func(renewed bool), err error) {
	i := telemetry.NewInstruments(meter)
	renewals := i.Int64Counter("igloo.tls.renewals", "{renewal}", "Certificates that were replaced while the process ran: taken, or refused since they cannot be used.")
	i.Int64ObservableGauge("igloo.tls.certificate.expiry", "s", "When the certificate that is shown ends, in seconds since 1970.",
		telemetry.Observed(ends))
	if err := i.Err(); err != nil {
		return nil, fmt.Errorf("measure certificates: %w", err)
	}
	results := map[bool]metric.MeasurementOption{
		true:  metric.WithAttributes(attribute.String("result", "taken")),
		false: metric.WithAttributes(attribute.String("result", "refused")),
	}
	for _, result := range results {
		renewals.Add(context.Background(), 0, result)
	}
	return func(renewed bool) { renewals.Add(context.Background(), 1, results[renewed]) }, nil
}
