package reports_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/reports"
)

// refused is the body of a report that is not kept.
const refused = "not a report"

// keeper keeps in memory, when it is let.
type keeper struct {
	mu    sync.Mutex
	fails int
	holds chan struct{}
	kept  map[string]int
	calls int
}

func (k *keeper) Keep(ctx context.Context, warehouse string, found []catalog.Report) (int, error) {
	if k.holds != nil {
		select {
		case <-k.holds:
		case <-ctx.Done():
			return 0, fault.Wrap(fault.Unavailable, ctx.Err(), "away")
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.calls++; k.calls <= k.fails {
		return 0, fault.New(fault.Unavailable, "away")
	}
	kept := 0
	for _, r := range found {
		if string(r.Body) != refused {
			kept++
		}
	}
	k.kept[warehouse] += kept
	if kept < len(found) {
		return kept, fault.New(fault.Invalid, "not all")
	}
	return kept, nil
}

func open(t *testing.T, k reports.Keeper, tables int) (*reports.Queue, func() telemetrytest.Samples) {
	t.Helper()
	meters, err := telemetry.NewMeters()
	if err != nil {
		t.Fatal(err)
	}
	q, err := reports.Open(k, reports.Settings{Tables: tables, Meter: meters.Meter("test")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q, func() telemetrytest.Samples { return telemetrytest.Read(t, telemetry.Scrape(meters)) }
}

func report(table string, body string) catalog.Report {
	return catalog.Report{
		ID: uuid.Must(uuid.NewV7()), Warehouse: "default", Table: catalog.TableIdentifier{Namespace: catalog.Namespace{"n"}, Name: table},
		Type: catalog.ScanReport, Body: []byte(body),
	}
}

func want(t *testing.T, found telemetrytest.Samples, sum float64, name string, labels ...string) {
	t.Helper()
	if got := found.Sum(name, labels...); got != sum {
		t.Errorf("%s%q is %v, want %v", name, labels, got, sum)
	}
}

// What waits is kept in few calls, whatever warehouse it is of, when the queue
// is closed at the latest; a keeper that is away for a moment gets it later.
func TestReportsAreKeptTogether(t *testing.T) {
	k := &keeper{kept: map[string]int{}, fails: 1}
	q, read := open(t, k, 0)
	for i := range 100 {
		r := report("t", "{}")
		r.Warehouse = []string{"a", "b"}[i%2]
		q.Take(t.Context(), r)
	}
	for deadline := time.Now().Add(20 * time.Second); read().Sum("igloo_catalog_reports_kept_total") < 100; {
		if time.Now().After(deadline) {
			t.Fatal("not kept")
		}
		<-time.After(20 * time.Millisecond)
	}
	if k.kept["a"] != 50 || k.kept["b"] != 50 || k.calls > 20 {
		t.Errorf("kept %v in %d calls", k.kept, k.calls)
	}
	q.Take(t.Context(), report("t", "{}"))
	if err := q.Close(); err != nil || k.kept["default"] != 1 {
		t.Errorf("kept %v when closed, %v", k.kept, err)
	}
}

// One that is refused costs the others nothing.
func TestARefusedReportIsCounted(t *testing.T) {
	q, read := open(t, &keeper{kept: map[string]int{}}, 0)
	for _, body := range []string{"{}", refused, "{}"} {
		q.Take(t.Context(), report("t", body))
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, read(), 2, "igloo_catalog_reports_kept_total")
	want(t, read(), 1, "igloo_catalog_reports_dropped_total", "reason", "keeper_failed")
}

// Of more than there is room for, the rest is counted and nobody waits.
func TestAFullQueueIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		count int
	}{"by number": {"{}", 6000}, "by bytes": {strings.Repeat("x", 256<<10), 100}} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{kept: map[string]int{}, holds: make(chan struct{})}
			q, read := open(t, k, 0)
			for range c.count {
				q.Take(t.Context(), report("t", c.body))
			}
			found := read()
			if dropped := found.Sum("igloo_catalog_reports_dropped_total", "reason", "queue_full"); dropped == 0 || dropped >= float64(c.count) {
				t.Errorf("%v of %d were dropped", dropped, c.count)
			}
			want(t, found, float64(c.count), "igloo_table_scans_total")
			if size := found.Sum("igloo_catalog_reports_waiting_size_bytes"); size > 16<<20 {
				t.Errorf("%v bytes wait", size)
			}
			close(k.holds)
		})
	}
}

// Tables beyond the limit go under one name, and have no gauges.
func TestFewTablesAreToldApart(t *testing.T) {
	q, read := open(t, nil, 2)
	for i := range 5 {
		r := report(fmt.Sprint("t", i), "{}")
		r.Type, r.Operation = catalog.CommitReport, "append"
		r.Metrics = map[string]catalog.Metric{
			"added-records": {Value: 10}, "total-records": {Value: 100}, "total-duration": {Timer: true, Duration: time.Second},
			"of-the-future": {Value: 1},
		}
		q.Take(t.Context(), r)
	}
	found := read()
	want(t, found, 1, "igloo_table_commits_total", "table", "t0", "operation", "append")
	want(t, found, 3, "igloo_table_commits_total", "warehouse", "(other)", "namespace", "(other)", "table", "(other)")
	want(t, found, 0, "igloo_table_commits_total", "table", "t2")
	want(t, found, 50, "igloo_table_commit_records_total", "kind", "added")
	want(t, found, 5, "igloo_table_commit_duration_seconds_sum")
	want(t, found, 200, "igloo_table_records")
	want(t, found, 0, "igloo_catalog_reports_dropped_total")
}
