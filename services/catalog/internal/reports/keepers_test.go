package reports_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/reports"
)

// TestReportsInTheLog are lines with all that is known of them, as they were sent.
func TestReportsInTheLog(t *testing.T) {
	var lines bytes.Buffer
	q, read := open(t, reports.Log{Logger: slog.New(slog.NewJSONHandler(&lines, nil))}, 0)
	sent := report("t", `{"report-type":"scan-report","x":"a\nb"}`)
	sent.Principal, sent.RequestID = "alice", "r-1"
	q.Take(t.Context(), sent)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
		t.Fatalf("%s: %v", lines.String(), err)
	}
	for name, want := range map[string]string{
		"msg": "metrics report", "id": sent.ID.String(), "warehouse": "default", "table": "n.t", "type": "scan-report", "principal": "alice",
		"reported_under": "r-1", "report": string(sent.Body),
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %q", name, line[name], want)
		}
	}
	want(t, read(), 1, "igloo_catalog_reports_kept_total")
}

// service keeps reports, unless it hangs.
type service struct {
	htsv1.UnimplementedReportServiceServer
	hangs chan struct{}
}

func (s service) RecordReports(ctx context.Context, r *htsv1.RecordReportsRequest) (*htsv1.RecordReportsResponse, error) {
	if s.hangs != nil {
		select {
		case <-s.hangs:
		case <-ctx.Done():
		}
	}
	return &htsv1.RecordReportsResponse{Recorded: int64(len(r.GetReports()))}, nil
}

func (s service) serve(t *testing.T, address string) {
	t.Helper()
	var from net.ListenConfig
	listener, err := from.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	htsv1.RegisterReportServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

// free is an address at which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	var from net.ListenConfig
	listener, err := from.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func dial(t *testing.T, address string) *hts.Reports {
	t.Helper()
	conn, err := grpcclient.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return hts.NewReports(conn)
}

// TestAnAbsentHouseTableService gets what was reported when it comes.
func TestAnAbsentHouseTableService(t *testing.T) {
	address := free(t)
	q, read := open(t, dial(t, address), 0)
	for range 10 {
		q.Take(t.Context(), report("t", "{}"))
	}
	for deadline := time.Now().Add(5 * time.Second); read().Sum("igloo_catalog_reports_waiting") > 0 && time.Now().Before(deadline); {
		<-time.After(20 * time.Millisecond) // until a batch is on its way
	}
	service{}.serve(t, address)
	for deadline := time.Now().Add(30 * time.Second); read().Sum("igloo_catalog_reports_kept_total") < 10; {
		if time.Now().After(deadline) {
			t.Fatal("not kept")
		}
		<-time.After(20 * time.Millisecond)
	}
	want(t, read(), 0, "igloo_catalog_reports_dropped_total")
}

// TestASlowHouseTableService holds nobody up: reports are taken, those that there
// is no room for are counted, and the end does not wait for it.
func TestASlowHouseTableService(t *testing.T) {
	address, hangs := free(t), make(chan struct{})
	defer close(hangs)
	service{hangs: hangs}.serve(t, address)
	q, read := open(t, dial(t, address), 0)
	const taken = 6000
	for range taken {
		q.Take(t.Context(), report("t", "{}"))
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	found := read()
	want(t, found, taken, "igloo_table_scans_total")
	want(t, found, 0, "igloo_catalog_reports_kept_total")
	if full := found.Sum("igloo_catalog_reports_dropped_total", "reason", "queue_full"); full == 0 || full >= taken {
		t.Errorf("%v of %d found no room", full, taken)
	}
	if failed := found.Sum("igloo_catalog_reports_dropped_total", "reason", "keeper_failed"); failed == 0 {
		t.Error("what the service did not take is not counted")
	}
}
