package server_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

func TestMetrics(t *testing.T) {
	s, err := server.New(t.Context(), server.Config{DatabaseURL: "sqlite://" + filepath.Join(t.TempDir(), "igloo.db")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for id := range byte(2) { // the second finds the namespace there
		_, err := htsv1.NewCommitServiceClient(s.Conn()).Commit(t.Context(), &htsv1.CommitRequest{
			Operations: []*htsv1.Operation{{Id: append(make([]byte, 15), id+1), Kind: "createNamespace", Outcome: &htsv1.Outcome{Status: 200}}},
			Changes:    []*htsv1.Change{{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{DatabaseId: "db"}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	recorder := httptest.NewRecorder()
	telemetry.Scrape(s.Meters()).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	for _, want := range []string{
		`igloo_housetable_batch_size_sum{calls="commits"} 2`, `igloo_housetable_queue_wait_seconds_count{calls="commits"} 2`,
		`igloo_housetable_conflicts_total 1`,
	} {
		if !strings.Contains(recorder.Body.String(), want+"\n") {
			t.Errorf("no %s in:\n%s", want, recorder.Body)
		}
	}
}
