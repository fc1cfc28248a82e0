package httpserver_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/httpserver"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

func quiet(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

func failed(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "failed", http.StatusInternalServerError)
}

// serve runs handler until the test's end, or until the returned function is called.
func serve(t *testing.T, handler http.Handler) (url string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server, err := httpserver.Listen(ctx, "127.0.0.1:0", handler, httpserver.Options{}, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	stop = func() error { cancel(); return <-done }
	t.Cleanup(cancel)
	return "http://" + server.Addr(), stop
}

func get(t *testing.T, url string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		request.Header = header
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestServeDrains(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	url, stop := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-release
		_, _ = io.WriteString(w, "finished")
	}))
	body := make(chan string, 1)
	go func() { _, text := get(t, url, nil); body <- text }()
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	select {
	case err := <-stopped:
		t.Fatalf("Serve ended (%v) while a request was in flight", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	if got := <-body; got != "finished" {
		t.Errorf("body = %q", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestRequestIDIsTakenOverOrMade(t *testing.T) {
	url, _ := serve(t, httpserver.Observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, telemetry.RequestID(r.Context()))
	}), quiet(t), failed))
	for name, sent := range map[string]string{"sound": "abc-1", "missing": "", "over-long": strings.Repeat("x", 200)} {
		response, body := get(t, url, http.Header{httpserver.RequestIDHeader: {sent}})
		answered := response.Header.Get(httpserver.RequestIDHeader)
		if answered == "" || answered != body {
			t.Errorf("%s: answered %q, handler saw %q", name, answered, body)
		}
		if kept := answered == sent; kept != (name == "sound") {
			t.Errorf("%s: sent %q, answered %q", name, sent, answered)
		}
	}
}

func TestPanicCostsOneRequest(t *testing.T) {
	url, _ := serve(t, httpserver.Observe(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("broken")
	}), quiet(t), failed))
	for range 2 {
		if response, _ := get(t, url, nil); response.StatusCode != http.StatusInternalServerError {
			t.Errorf("status = %d, want 500", response.StatusCode)
		}
	}
}

func TestProbes(t *testing.T) {
	var broken error
	probes := httpserver.NewProbes(func(context.Context) error { return broken })
	mux := http.NewServeMux()
	probes.Register(mux)
	url, _ := serve(t, mux)
	expect := func(path string, status int) {
		t.Helper()
		if response, body := get(t, url+path, nil); response.StatusCode != status {
			t.Errorf("%s: %d %s, want %d", path, response.StatusCode, body, status)
		}
	}
	expect("/readyz", http.StatusOK)
	broken = errors.New("no database")
	expect("/readyz", http.StatusServiceUnavailable)
	broken = nil
	probes.Drain()
	expect("/readyz", http.StatusServiceUnavailable)
	expect("/livez", http.StatusOK)
	expect("/startedz", http.StatusOK)
}

// TestURLIsTheSameWhileServing: what was told before is so afterwards.
func TestURLIsTheSameWhileServing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server, err := httpserver.Listen(ctx, "127.0.0.1:0", http.HandlerFunc(failed), httpserver.Options{}, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	before := server.URL()
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	get(t, before, nil)
	if after := server.URL(); after != before || before != "http://"+server.Addr() {
		t.Errorf("%s became %s", before, after)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
