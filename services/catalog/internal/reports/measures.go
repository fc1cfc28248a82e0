package reports

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// Why a report is not kept.
const (
	queueFull    = "queue_full"
	keeperFailed = "keeper_failed"
	noTable      = "no_table"
)

// measures tell what becomes of reports.
type measures struct {
	taken metric.Int64Counter
	kept  metric.Int64Counter
	drops metric.Int64Counter
}

func newMeasures(meter metric.Meter, waiting func() (reports, bytes int64)) (*measures, error) {
	meter = telemetry.OrNone(meter)
	m := &measures{}
	var errs [5]error
	m.taken, errs[0] = meter.Int64Counter("igloo.catalog.reports", metric.WithUnit("{report}"),
		metric.WithDescription("Metrics reports that were taken, by their type."))
	m.kept, errs[1] = meter.Int64Counter("igloo.catalog.reports.kept", metric.WithUnit("{report}"),
		metric.WithDescription("Metrics reports that were kept."))
	m.drops, errs[2] = meter.Int64Counter("igloo.catalog.reports.dropped", metric.WithUnit("{report}"),
		metric.WithDescription("Metrics reports that were taken and not kept, by why."))
	_, errs[3] = meter.Int64ObservableUpDownCounter("igloo.catalog.reports.waiting", metric.WithUnit("{report}"),
		metric.WithDescription("Metrics reports that wait to be kept."), metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			n, _ := waiting()
			o.Observe(n)
			return nil
		}))
	_, errs[4] = meter.Int64ObservableUpDownCounter("igloo.catalog.reports.waiting.size", metric.WithUnit("By"),
		metric.WithDescription("What the metrics reports that wait hold of the memory."), metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			_, size := waiting()
			o.Observe(size)
			return nil
		}))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	m.kept.Add(context.Background(), 0)
	for _, reason := range []string{queueFull, keeperFailed, noTable} {
		m.lost(context.Background(), reason, 0)
	}
	return m, nil
}

// took tells of a report; types that the protocol does not have are all alike.
func (m *measures) took(ctx context.Context, kind string) {
	if kind != catalog.ScanReport && kind != catalog.CommitReport {
		kind = "other"
	}
	m.taken.Add(ctx, 1, metric.WithAttributes(attribute.String("type", kind)))
}

func (m *measures) lost(ctx context.Context, reason string, n int) {
	m.drops.Add(ctx, int64(n), metric.WithAttributes(attribute.String("reason", reason)))
}
