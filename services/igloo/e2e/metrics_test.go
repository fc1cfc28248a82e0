package e2e_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

const (
	requestCount = "igloo_catalog_request_duration_seconds_count"
	callCount    = "rpc_client_call_duration_seconds_count"
	setOne       = `{"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"1"}}]}`
)

// TestWhatHappensIsMeasured sends a known sequence of requests and looks which
// series moved.
func TestWhatHappensIsMeasured(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			const table = "/v1/namespaces/m/tables/t"
			mustCreate(t, d, "/v1/namespaces", `{"namespace":["m"]}`)
			mustCreate(t, d, "/v1/namespaces/m/tables", `{"name":"t","schema":`+oneColumn+`}`)
			before := telemetrytest.Fetch(t, d.URL+"/metrics")
			for range 3 {
				ask(t, http.MethodGet, d.URL+table, "")
			}
			ask(t, http.MethodGet, d.URL+table+"x", "")
			for range 2 {
				ask(t, http.MethodPost, d.URL+table, setOne)
			}
			ask(t, http.MethodPost, d.URL+table+"/plan", `{}`)
			after := telemetrytest.Fetch(t, d.URL+"/metrics")
			for _, moved := range []struct {
				by     float64
				name   string
				labels []string
			}{
				{3, requestCount, []string{"operation", "loadTable", "status", "2xx"}},
				{1, requestCount, []string{"operation", "loadTable", "status", "4xx"}},
				{2, requestCount, []string{"operation", "updateTable", "status", "2xx"}},
				{1, requestCount, []string{"operation", "planTableScan", "status", "2xx"}},
				{0, requestCount, []string{"status", "5xx"}},
				{0, "igloo_catalog_replays_total", nil},
				{0, "igloo_catalog_commit_conflicts_total", nil},
				{0, "igloo_catalog_commit_unknown_total", nil},
				{0, "igloo_catalog_rejections_total", nil},
				{2, callCount, []string{"rpc_method", "igloo.housetable.v1.CommitService/Commit", "rpc_response_status_code", "OK"}},
			} {
				if by := after.Sum(moved.name, moved.labels...) - before.Sum(moved.name, moved.labels...); by != moved.by {
					t.Errorf("%s%q moved by %v, want %v", moved.name, moved.labels, by, moved.by)
				}
			}
			if hits := after.Sum("igloo_cache_lookups_total", "cache", "metadata", "result", "hit"); hits < 3 {
				t.Errorf("the cache of metadata had %v hits", hits)
			}
			served := telemetrytest.Fetch(t, d.HTS+"/metrics")
			if served.Sum("rpc_server_call_duration_seconds_count", "rpc_method", "igloo.housetable.v1.CommitService/Commit", "rpc_response_status_code", "OK") < 3 {
				t.Error("the house tables do not tell of their calls")
			}
			for _, name := range []string{"igloo_build_info", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"} {
				if after.Sum(name) <= 0 || served.Sum(name) <= 0 {
					t.Errorf("the processes do not tell of %s", name)
				}
			}
			if served.Sum("igloo_housetable_batch_size_sum", "calls", "commits") < 3 {
				t.Error("the house tables do not tell of their commits")
			}
		})
	}
}

// TestReplaysAreMeasured sends commits twice until what is nearest knows the first: it
// is told a moment after the answer, and left alone where it was slow.
func TestReplaysAreMeasured(t *testing.T) {
	for shape, source := range map[string]string{"embedded": "memory", "split": "redis"} {
		t.Run(shape, func(t *testing.T) {
			d := startShape(t, shape)
			mustCreate(t, d, "/v1/namespaces", `{"namespace":["m"]}`)
			mustCreate(t, d, "/v1/namespaces/m/tables", `{"name":"t","schema":`+oneColumn+`}`)
			for deadline := time.Now().Add(time.Minute); ; {
				key := uuid.Must(uuid.NewV7()).String()
				for range 2 {
					ask(t, http.MethodPost, d.URL+"/v1/namespaces/m/tables/t", setOne, "Idempotency-Key", key)
				}
				if telemetrytest.Fetch(t, d.URL+"/metrics").Sum("igloo_catalog_replays_total", "source", source) > 0 {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s never knows", source)
				}
			}
		})
	}
}

// TestRacesAreMeasured lets commits lose against one another: transactions, as
// commits to one table that wait for one another go together.
func TestRacesAreMeasured(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			mustCreate(t, d, "/v1/namespaces", `{"namespace":["m"]}`)
			mustCreate(t, d, "/v1/namespaces/m/tables", `{"name":"t","schema":`+oneColumn+`}`)
			for deadline := time.Now().Add(time.Minute); ; {
				var all sync.WaitGroup
				for i := range 8 {
					change := strings.Replace(setOne, `"k"`, strconv.Quote(strconv.Itoa(i)), 1)
					body := `{"table-changes":[` + strings.Replace(change, `{`, `{"identifier":{"namespace":["m"],"name":"t"},`, 1) + `]}`
					all.Go(func() { _, _, _ = send(t.Context(), http.MethodPost, d.URL+"/v1/transactions/commit", body) })
				}
				all.Wait()
				found := telemetrytest.Fetch(t, d.URL+"/metrics")
				conflicts, rebases := found.Sum("igloo_catalog_commit_conflicts_total", "reason", "table_moved"), found.Sum("igloo_catalog_commit_rebases_total")
				if conflicts != rebases {
					t.Errorf("%v conflicts and %v rebases", conflicts, rebases)
				}
				if conflicts > 0 {
					return
				}
				if time.Now().After(deadline) {
					t.Fatal("no commit ever loses")
				}
			}
		})
	}
}

// TestRedisThatStopsIsSeen: the breaker opens, in the metrics and in the log, and
// closes when Redis is back; requests are answered throughout.
func TestRedisThatStopsIsSeen(t *testing.T) {
	d := startShape(t, "split")
	mustCreate(t, d, "/v1/namespaces", `{"namespace":["m"]}`)
	const open, openings = "igloo_catalog_redis_breaker_open", "igloo_catalog_redis_breaker_openings_total"
	if found := telemetrytest.Fetch(t, d.URL+"/metrics"); !found.Has(open) || found.Sum(open) != 0 || !found.Has(openings) || found.Sum(openings) != 0 {
		t.Fatal("the breaker is open before anything happened")
	}
	if err := d.Redis.Kill(); err != nil {
		t.Fatal(err)
	}
	until(t, "the breaker opens", func() bool {
		if status, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":["m"]}`, "Idempotency-Key", "019aa1b2-0000-7000-8000-00000000000b"); status != http.StatusConflict {
			t.Fatalf("without Redis: %d %s", status, body)
		}
		found := telemetrytest.Fetch(t, d.URL+"/metrics")
		return found.Sum(open) == 1 && found.Sum(openings) > 0
	})
	if log := d.Output(); !strings.Contains(log, "Redis failed: going on without") {
		t.Errorf("the log does not tell of it:\n%s", log)
	}
	if err := d.Redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "the breaker closes", func() bool { return telemetrytest.Fetch(t, d.URL+"/metrics").Sum(open) == 0 })
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(30 * time.Second); !holds(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("never: %s", what)
		}
	}
}

// TestReportsOfEngines: a report is measured and kept, and is answered though the
// house tables are away.
func TestReportsOfEngines(t *testing.T) {
	const (
		table  = "/v1/namespaces/m/tables/t"
		report = `{"report-type":"scan-report","metrics":{"result-data-files":{"unit":"count","value":3}}}`
	)
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t, "--report-tables", "1")
			mustCreate(t, d, "/v1/namespaces", `{"namespace":["m"]}`)
			mustCreate(t, d, "/v1/namespaces/m/tables", `{"name":"t","schema":`+oneColumn+`}`)
			mustCreate(t, d, "/v1/namespaces/m/tables", `{"name":"u","schema":`+oneColumn+`}`)
			for path, wanted := range map[string]int{table: http.StatusNoContent, table + "x": http.StatusNotFound} {
				if status, body := ask(t, http.MethodPost, d.URL+path+"/metrics", report); status != wanted {
					t.Errorf("%s: %d %s", path, status, body)
				}
			}
			ask(t, http.MethodPost, d.URL+strings.TrimSuffix(table, "t")+"u/metrics", report)
			found := telemetrytest.Fetch(t, d.URL+"/metrics")
			for _, name := range []string{"t", "(other)"} {
				if files := found.Sum("igloo_table_scan_files_total", "table", name, "kind", "result_data"); files != 3 {
					t.Errorf("%s has %v files", name, files)
				}
			}
			until(t, "the report is listed", func() bool {
				_, body := ask(t, http.MethodGet, d.HTS+"/hts/reports?key.databaseId=m&key.tableId=t", "")
				return strings.Contains(body, `"reportType":"scan-report"`) && strings.Contains(body, `result-data-files`)
			})
			if shape.Name == "embedded" {
				return
			}
			d.KillHouseTables(t)
			for range 3 {
				if status, body := ask(t, http.MethodPost, d.URL+table+"/metrics", report); status != http.StatusNoContent {
					t.Errorf("without house tables: %d %s", status, body)
				}
			}
			if taken := telemetrytest.Fetch(t, d.URL+"/metrics").Sum("igloo_catalog_reports_total"); taken != 5 {
				t.Errorf("%v reports were taken, want 5", taken)
			}
		})
	}
}
