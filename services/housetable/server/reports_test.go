package server_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// TestReports: what is recorded over gRPC is read over REST, and what no report
// can be is refused, and costs the others nothing.
func TestReports(t *testing.T) {
	s, err := server.New(t.Context(), server.Config{DatabaseURL: "sqlite://" + filepath.Join(t.TempDir(), "igloo.db"), ImplicitDatabases: true}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rest := func(method, path, body string) string {
		recorder := httptest.NewRecorder()
		s.Gateway().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
		return recorder.Body.String()
	}
	rest(http.MethodPut, "/hts/tables", `{"entity":{"tableId":"t","databaseId":"d","metadataLocation":"/t/1"}}`)
	report := func(change func(*htsv1.MetricsReport)) *htsv1.MetricsReport {
		id := uuid.Must(uuid.NewV7())
		r := &htsv1.MetricsReport{
			Id: id[:], Key: &htsv1.TableKey{DatabaseId: "d", TableId: "t"}, ReportType: "scan-report", Body: `{"a":1}`, Principal: "alice", RequestId: "r-1",
		}
		change(r)
		return r
	}
	record := func(reports ...*htsv1.MetricsReport) (int64, []string, error) {
		answer, err := htsv1.NewReportServiceClient(s.Conn()).RecordReports(t.Context(), &htsv1.RecordReportsRequest{Reports: reports})
		return answer.GetRecorded(), answer.GetRefused(), fault.FromStatus(err, fault.Internal)
	}
	good := report(func(*htsv1.MetricsReport) {})
	if n, refused, err := record(good, report(func(r *htsv1.MetricsReport) { r.Key.TableId = "none" })); n != 1 || len(refused) != 0 || err != nil {
		t.Fatalf("recorded %d, refused %q, %v", n, refused, err)
	}
	for name, change := range map[string]func(*htsv1.MetricsReport){
		"no id":          func(r *htsv1.MetricsReport) { r.Id = nil },
		"another id":     func(r *htsv1.MetricsReport) { r.Id[6] = 0x40 },
		"no table":       func(r *htsv1.MetricsReport) { r.Key = nil },
		"a long body":    func(r *htsv1.MetricsReport) { r.Body = strings.Repeat("x", 256<<10+1) },
		"NUL":            func(r *htsv1.MetricsReport) { r.Body = "\x00" },
		"a long type":    func(r *htsv1.MetricsReport) { r.ReportType = strings.Repeat("x", 256) },
		"an odd request": func(r *htsv1.MetricsReport) { r.RequestId = "\n" },
	} {
		if n, refused, err := record(report(change), good); n != 1 || len(refused) != 1 || !strings.HasPrefix(refused[0], "reports[0].") || err != nil {
			t.Errorf("%s: recorded %d, refused %q, %v", name, n, refused, err)
		}
	}
	if _, _, err := record(make([]*htsv1.MetricsReport, 1001)...); !fault.Is(err, fault.Invalid) {
		t.Errorf("too many: %v", err)
	}
	read := rest(http.MethodGet, "/hts/reports?key.databaseId=d&key.tableId=t", "")
	for _, part := range []string{`"reportType":"scan-report"`, `"body":"{\"a\":1}"`, `"principal":"alice"`, `"requestId":"r-1"`, `"reportedAt":"20`, `"nextPageToken":""`} {
		if !strings.Contains(read, part) {
			t.Errorf("%s does not say %s", read, part)
		}
	}
	if strings.Count(read, "reportType") != 1 {
		t.Errorf("not one report: %s", read)
	}
	if later := rest(http.MethodGet, "/hts/reports?key.databaseId=d&key.tableId=t&until=2001-01-01T00:00:00Z", ""); later != `{"reports":[],"nextPageToken":""}` {
		t.Errorf("before there were any: %s", later)
	}
}
