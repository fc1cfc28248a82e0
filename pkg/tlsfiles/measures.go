package tlsfiles

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// measure tells of renewals, and when the certificate in use ends. Asking for that
// has a look at the files, so that bad ones show without a handshake.
func measure(meter metric.Meter, ends func() int64) (told func(renewed bool), err error) {
	renewals, err := meter.Int64Counter("igloo.tls.renewals", metric.WithUnit("{renewal}"),
		metric.WithDescription("Certificates that were replaced while the process ran: taken, or refused since they cannot be used."))
	_, endErr := meter.Int64ObservableGauge("igloo.tls.certificate.expiry", metric.WithUnit("s"),
		metric.WithDescription("When the certificate that is shown ends, in seconds since 1970."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(ends())
			return nil
		}))
	if err := errors.Join(err, endErr); err != nil {
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
