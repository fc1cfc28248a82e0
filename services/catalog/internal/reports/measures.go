package reports

import (
	"context"

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
	m, i := &measures{}, telemetry.NewInstruments(meter)
	m.taken = i.Int64Counter("igloo.catalog.reports", "{report}", "Metrics reports that were taken, by their type.")
	m.kept = i.Int64Counter("igloo.catalog.reports.kept", "{report}", "Metrics reports that were kept.")
	m.drops = i.Int64Counter("igloo.catalog.reports.dropped", "{report}", "Metrics reports that were taken and not kept, by why.")
	i.Int64ObservableUpDownCounter("igloo.catalog.reports.waiting", "{report}", "Metrics reports that wait to be kept.",
		telemetry.Observed(func() int64 {
			n, _ := waiting()
			return n
		}))
	i.Int64ObservableUpDownCounter("igloo.catalog.reports.waiting.size", "By", "What the metrics reports that wait hold of the memory.",
		telemetry.Observed(func() int64 {
			_, size := waiting()
			return size
		}))
	if err := i.Err(); err != nil {
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
