package rest_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
)

// measured makes a world tell meters what it does.
func measured(t testing.TB) (change func(*choices), read func() telemetrytest.Samples) {
	t.Helper()
	meters, err := telemetry.NewMeters()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = meters.Close() })
	meter := meters.Meter("test")
	return func(c *choices) { c.settings.Meter, c.options.Meter = meter, meter },
		func() telemetrytest.Samples { return telemetrytest.Read(t, telemetry.Scrape(meters)) }
}

// want compares the sums of series: name and labels, then the sum.
func want(t *testing.T, found telemetrytest.Samples, sum float64, name string, labels ...string) {
	t.Helper()
	if got := found.Sum(name, labels...); got != sum {
		t.Errorf("%s%q is %v, want %v", name, labels, got, sum)
	}
}

const requests = "igloo_catalog_request_duration_seconds_count"

func TestRequestsAreMeasured(t *testing.T) {
	change, read := measured(t)
	w := withTable(t, change)
	for range 3 {
		w.must(t, "GET", table, "")
	}
	w.do(t, "HEAD", table, "")
	w.do(t, "GET", table+"x", "")
	w.do(t, "GET", "/v1/nothing/of/the/kind/here", "")
	w.do(t, "PATCH", table, "")
	found := read()
	want(t, found, 3, requests, "operation", "loadTable", "status", "2xx")
	want(t, found, 1, requests, "operation", "loadTable", "status", "4xx")
	want(t, found, 1, requests, "operation", "tableExists", "status", "2xx")
	want(t, found, 1, requests, "operation", "createTable")
	want(t, found, 2, requests, "operation", "none", "status", "4xx")
	want(t, found, 0, "igloo_catalog_requests_active")
	const calls, method = "rpc_client_call_duration_seconds_count", "igloo.housetable.v1.TableService/GetTable"
	if found.Sum(calls, "rpc_method", method, "rpc_response_status_code", "OK") < 3 ||
		found.Sum(calls, "rpc_method", method, "rpc_response_status_code", "NOT_FOUND") < 1 {
		t.Error("calls to the house tables are not told of")
	}
	want(t, found, 0, "igloo_cache_lookups_total", "cache", "metadata", "result", "miss")
	if found.Sum("igloo_cache_lookups_total", "cache", "metadata", "result", "hit") < 3 || found.Sum("igloo_cache_size_bytes", "cache", "metadata") < 1000 {
		t.Error("the cache of metadata is not told of")
	}
}

func TestACacheThatMissesSaysSo(t *testing.T) {
	w := withTable(t)
	change, read := measured(t)
	second := newWorld(t, change, func(c *choices) { c.hts, c.settings.WarehouseRoot = w.hts, "file://"+w.folder })
	for range 2 {
		second.must(t, "GET", table, "")
	}
	found := read()
	want(t, found, 1, "igloo_cache_lookups_total", "cache", "metadata", "result", "miss")
	want(t, found, 1, "igloo_cache_lookups_total", "cache", "metadata", "result", "hit")
}

func TestCommitsAreMeasured(t *testing.T) {
	change, read := measured(t)
	w := withTable(t, change)
	other := w.replica(t)
	w.hts.SetIntercept(meanwhile(func() { other.must(t, "POST", table, setProperty("theirs", "1")) }))
	w.must(t, "POST", table, setProperty("ours", "1"))
	found := read()
	want(t, found, 1, "igloo_catalog_commit_rebases_total")
	want(t, found, 1, "igloo_catalog_commit_conflicts_total", "reason", "table_moved")
	want(t, found, 0, "igloo_catalog_commit_resends_total")

	w.hts.SetIntercept(losing(2))
	w.must(t, "POST", table, setProperty("lost", "1"))
	found = read()
	want(t, found, 2, "igloo_catalog_commit_resends_total")
	want(t, found, 1, "igloo_catalog_commit_unknown_total", "resolved", "true")
	want(t, found, 0, "igloo_catalog_commit_unknown_total", "resolved", "false")
	want(t, found, 0, "igloo_catalog_replays_total")

	w.hts.SetIntercept(nil)
	for range 3 {
		w.must(t, "POST", table, setProperty("key", "1"), "Idempotency-Key", keyA)
	}
	second := newWorld(t, change, func(c *choices) { c.hts, c.settings.WarehouseRoot = w.hts, "file://"+w.folder })
	second.must(t, "POST", table, setProperty("key", "1"), "Idempotency-Key", keyA)
	found = read()
	want(t, found, 2, "igloo_catalog_replays_total", "source", "memory")
	want(t, found, 1, "igloo_catalog_replays_total", "source", "housetable")
}

func TestUnknownOutcomesAreMeasured(t *testing.T) {
	change, read := measured(t)
	w := withTable(t, impatient, change)
	w.hts.SetIntercept(losing(1 << 30))
	w.refused(t, 500, "CommitStateUnknownException", "POST", table, setProperty("a", "b"))
	found := read()
	want(t, found, 1, "igloo_catalog_commit_unknown_total", "resolved", "false")
	want(t, found, 1, requests, "operation", "updateTable", "status", "5xx")
}

func TestWaitsUnderAKeyAreMeasured(t *testing.T) {
	change, read := measured(t)
	w := withTable(t, change)
	release := make(chan struct{})
	w.hts.SetIntercept(meanwhile(func() { <-release }))
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { w.do(t, "POST", table, setProperty("a", "b"), "Idempotency-Key", keyA) })
	}
	<-time.After(50 * time.Millisecond)
	close(release)
	both.Wait()
	found := read()
	want(t, found, 1, "igloo_catalog_replay_wait_seconds_count")
	want(t, found, 1, "igloo_catalog_replays_total")
}

// BenchmarkLoadTable shows what telling of a request costs it.
func BenchmarkLoadTable(b *testing.B) {
	change, _ := measured(b)
	for name, change := range map[string]func(*choices){"untold": func(*choices) {}, "told": change} {
		b.Run(name, func(b *testing.B) {
			w := withTable(b, change)
			request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, table, http.NoBody)
			b.ReportAllocs()
			for b.Loop() {
				recorder := httptest.NewRecorder()
				if w.handler.ServeHTTP(recorder, request); recorder.Code != http.StatusOK {
					b.Fatal(recorder.Code)
				}
			}
		})
	}
}
