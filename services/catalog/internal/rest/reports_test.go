package rest_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/reports"
)

// javasScan is what Java's client sends of a scan.
const javasScan = `{"report-type":"scan-report","table-name":"rest.n.t","snapshot-id":1,"filter":true,"schema-id":0,"projected-field-ids":[1],
	"projected-field-names":["id"],"metrics":{"total-planning-duration":{"count":1,"time-unit":"nanoseconds","total-duration":2500000000},
	"result-data-files":{"unit":"count","value":3},"skipped-data-manifests":{"unit":"count","value":2},"total-file-size-in-bytes":{"unit":"bytes","value":10},
	"of-the-future":{"x":1},"odd":7,"negative":{"unit":"count","value":-1},"result-delete-files":{"unit":"count","value":"many"}},"metadata":{"engine":"spark"}}`

// holding keeps nothing and tells when it was asked to.
type holding struct{ kept chan catalog.Report }

func (h holding) Keep(_ context.Context, _ string, found []catalog.Report) (int, error) {
	for _, r := range found {
		h.kept <- r
	}
	return len(found), nil
}

// TestReportsAreMeasuredAndKept: as they were sent, whatever is in them.
func TestReportsAreMeasuredAndKept(t *testing.T) {
	meters, err := telemetry.NewMeters()
	check(t, err)
	keeper := holding{make(chan catalog.Report, 10)}
	queue, err := reports.Open(keeper, reports.Settings{Meter: meters.Meter("test")}, slog.New(slog.DiscardHandler))
	check(t, err)
	defer queue.Close()
	w := withTable(t, func(c *choices) { c.settings.Reports = queue })
	w.must(t, "POST", table+"/metrics", javasScan)
	if kept := <-keeper.kept; string(kept.Body) != javasScan || kept.Type != "scan-report" || kept.Table.Name != "t" || kept.ID.Version() != 7 {
		t.Errorf("kept %+v", kept)
	}
	for _, odd := range []string{
		`{"report-type":"commit-report"}`, `{"report-type":"commit-report","operation":7,"metrics":[]}`, `{"report-type":"of the future","metrics":null}`,
		`{"report-type":"","x":1}`, `{"report-type":"commit-report","metrics":{"total-duration":{"time-unit":"fortnights","total-duration":1}}}`,
	} {
		w.must(t, "POST", table+"/metrics", odd)
	}
	found := telemetrytest.Read(t, telemetry.Scrape(meters))
	want(t, found, 1, "igloo_table_scans_total", "warehouse", "default", "namespace", "n", "table", "t")
	want(t, found, 2.5, "igloo_table_scan_planning_duration_seconds_sum")
	want(t, found, 3, "igloo_table_scan_files_total")
	want(t, found, 2, "igloo_table_scan_manifests_total", "kind", "skipped_data")
	want(t, found, 10, "igloo_table_scan_size_bytes_total", "kind", "data")
	want(t, found, 3, "igloo_table_commits_total", "operation", "other")
	want(t, found, 2, "igloo_catalog_reports_total", "type", "other")
	want(t, found, 0, "igloo_table_commit_duration_seconds_count")

	w.refused(t, 404, "NoSuchTableException", "POST", table+"x/metrics", javasScan)
	w.refused(t, 400, "BadRequestException", "POST", table+"/metrics", `[]`)
	w.refused(t, 400, "BadRequestException", "POST", table+"/metrics", `{"report-type":7}`)
	if r := w.do(t, "POST", table+"/metrics", `{"report-type":"x","y":"`+strings.Repeat("y", 300<<10)+`"}`); r.status != 413 {
		t.Errorf("of 300 KiB: %d %s", r.status, r.body)
	}
}
