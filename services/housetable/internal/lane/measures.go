package lane

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const meterName = "github.com/igloo-catalog/igloo/services/housetable/internal/lane"

// The bounds of the histograms: calls in a batch, seconds in the queue.
var (
	batchBounds = []float64{1, 2, 4, 8, 16, 32, 64, 128}
	waitBounds  = []float64{0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10}
)

// newFlow makes what tells how the calls of one line flow.
func newFlow(meter metric.Meter, what string) (began func(context.Context, ...time.Duration), err error) {
	i := telemetry.NewInstruments(meter)
	batch := i.Int64Histogram("igloo.housetable.batch.size", "{call}", "Calls that went to the store together.", batchBounds)
	wait := i.Float64Histogram("igloo.housetable.queue.wait", "s", "How long a call waited for its turn.", waitBounds)
	calls := metric.WithAttributeSet(attribute.NewSet(attribute.String("calls", what)))
	return func(ctx context.Context, waits ...time.Duration) {
		batch.Record(ctx, int64(len(waits)), calls)
		for _, w := range waits {
			wait.Record(ctx, w.Seconds(), calls)
		}
	}, i.Err()
}

// conflicts tells how often commits lost, and over which house tables most.
type conflicts struct {
	total  metric.Int64Counter
	tables contention
}

func newConflicts(meter metric.Meter) (*conflicts, error) {
	c, i := &conflicts{}, telemetry.NewInstruments(meter)
	c.total = i.Int64Counter("igloo.housetable.conflicts", "{commit}", "Commits that were answered with a conflict.")
	i.Int64ObservableGauge("igloo.housetable.table.conflicts", "{commit}", "Commits that lost a race for a house table: the tables with the most since the start.",
		func(_ context.Context, o metric.Int64Observer) error {
			for _, t := range c.tables.top() {
				o.Observe(t.count, metric.WithAttributes(attribute.String("warehouse", t.warehouse),
					attribute.String("database_id", t.key.DatabaseID), attribute.String("table_id", t.key.TableID)))
			}
			return nil
		})
	return c, i.Err()
}

// decided tells of a verdict.
func (c *conflicts) decided(ctx context.Context, warehouse string, v housetable.Verdict) {
	conflict, ok := v.(housetable.Conflict)
	if !ok {
		return
	}
	c.total.Add(ctx, 1)
	for _, change := range conflict.Changes {
		if change.Reason == housetable.VersionMismatch && change.Current != nil {
			c.tables.lost(contended{warehouse: warehouse, key: change.Current.Key})
		}
	}
}
