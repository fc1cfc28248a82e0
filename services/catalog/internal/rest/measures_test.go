package rest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
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
		b.Run(name, func(b *testing.B) { loads(b, withTable(b, change), http.StatusOK, "") })
	}
}

// loads has the handler answer a load over and over, to one who has the table as the
// tag says. What is counted are the handler's allocations and the fake's.
func loads(b *testing.B, w *world, wanted int, tag string) {
	b.Helper()
	request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, table, http.NoBody)
	if tag != "" {
		request.Header.Set("If-None-Match", tag)
	}
	answer := &discarding{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(answer.header)
		if w.handler.ServeHTTP(answer, request); answer.status != wanted {
			b.Fatal(answer.status)
		}
	}
	b.ReportMetric(float64(answer.bytes)/float64(b.N), "B/answer")
}

// discarding keeps nothing of an answer's body.
type discarding struct {
	header        http.Header
	status, bytes int
}

func (d *discarding) Header() http.Header { return d.header }

func (d *discarding) WriteHeader(status int) { d.status = status }

func (d *discarding) Write(body []byte) (int, error) {
	d.bytes += len(body)
	return len(body), nil
}

// BenchmarkLoadAllocations loads tables of one snapshot and of a thousand, whole and
// by one who has them: of these 304 is all that is told.
func BenchmarkLoadAllocations(b *testing.B) {
	for _, snapshots := range []int{1, 1000} {
		b.Run(fmt.Sprintf("%d-snapshots", snapshots), func(b *testing.B) {
			w := withTable(b)
			appended(b, w, snapshots)
			tag := w.do(b, http.MethodGet, table, "").header.Get("ETag")
			b.Run("200", func(b *testing.B) { loads(b, w, http.StatusOK, "") })
			b.Run("304", func(b *testing.B) { loads(b, w, http.StatusNotModified, tag) })
		})
	}
}

// appended adds so many snapshots to the table, in one commit.
func appended(b *testing.B, w *world, snapshots int) {
	b.Helper()
	updates := make([]string, snapshots)
	for i := range updates {
		updates[i] = fmt.Sprintf(`{"action":"add-snapshot","snapshot":{"snapshot-id":%[1]d,"sequence-number":%[1]d,"timestamp-ms":%[2]d,`+
			`"summary":{"operation":"append"},"manifest-list":"file:///nowhere/%[1]d.avro","schema-id":0}}`, i+1, time.Now().UnixMilli())
	}
	w.must(b, http.MethodPost, table, `{"requirements":[],"updates":[`+strings.Join(updates, ",")+`]}`)
}
