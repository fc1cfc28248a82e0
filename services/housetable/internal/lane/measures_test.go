package lane_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/igloo-catalog/igloo/pkg/line"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/lane"
)

// collected reads one metric of a lane.
func collected[D metricdata.Aggregation](t *testing.T, reader sdkmetric.Reader, name string) (data D) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name == name {
				data, _ = m.Data.(D)
			}
		}
	}
	return data
}

func TestBatchesAndWaitsAreMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := sdkmetric.NewManualReader()
		l, err := lane.New(&slow{}, line.Limits{Slots: 1, Batch: 4, Queue: 100, Timeout: time.Minute},
			sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for i := range 6 { // one alone, then four, then one
			wait.Go(func() {
				if _, err := l.Commit(t.Context(), commit(i, fmt.Sprint("t", i))); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		batches := collected[metricdata.Histogram[int64]](t, reader, "igloo.housetable.batch.size").DataPoints
		if len(batches) != 1 || batches[0].Count != 3 || batches[0].Sum != 6 {
			t.Errorf("batches %+v, want 3 of 6 commits", batches)
		}
		if calls, _ := batches[0].Attributes.Value("calls"); calls.AsString() != "commits" {
			t.Errorf("calls %q", calls.AsString())
		}
		waits := collected[metricdata.Histogram[float64]](t, reader, "igloo.housetable.queue.wait").DataPoints
		if len(waits) != 1 || waits[0].Count != 6 || waits[0].Sum != 4*1+2 {
			t.Errorf("waits %+v, want 6 of 6 seconds together", waits)
		}
	})
}

// loser is a store in which every commit conflicts.
type loser struct{}

func (loser) Commit(_ context.Context, commits []housetable.Commit) ([]housetable.Verdict, error) {
	verdicts := make([]housetable.Verdict, len(commits))
	for i, c := range commits {
		swap, _ := c.Changes[0].(housetable.SwapTable)
		verdicts[i] = housetable.Conflict{Changes: []housetable.ChangeConflict{{
			Reason: housetable.VersionMismatch, Current: &housetable.Table{Key: swap.Key},
		}}}
	}
	return verdicts, nil
}

func TestMostContendedTablesAreTold(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	l, err := lane.New(loser{}, limits, sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	lose := func(table string, times int) {
		for range times {
			sent++
			if _, err := l.Commit(t.Context(), commit(sent, table)); err != nil {
				t.Fatal(err)
			}
		}
	}
	lose("hot", 50)
	for i := range 1000 { // far more than are kept
		lose(fmt.Sprint("cold", i), 1)
	}
	lose("hot", 50)
	total := collected[metricdata.Sum[int64]](t, reader, "igloo.housetable.conflicts").DataPoints
	if len(total) != 1 || total[0].Value != int64(sent) {
		t.Errorf("conflicts %+v, want %d", total, sent)
	}
	tables := collected[metricdata.Gauge[int64]](t, reader, "igloo.housetable.table.conflicts").DataPoints
	if len(tables) != 10 {
		t.Fatalf("%d tables are told of, want 10", len(tables))
	}
	want := attribute.NewSet(attribute.String("warehouse", housetable.DefaultWarehouse),
		attribute.String("database_id", "db"), attribute.String("table_id", "hot"))
	var hot int64
	for _, point := range tables {
		if point.Attributes.Equals(&want) {
			hot = point.Value
		}
	}
	if hot != 100 {
		t.Errorf("hot lost %d times, want 100", hot)
	}
}
