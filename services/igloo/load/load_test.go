package load_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

const workers = 4

// Every operation is served, and every turn is counted.
func TestOperations(t *testing.T) {
	c := open(t, iglootest.Shapes()[0].Start(t).URL)
	for _, operation := range load.Operations() {
		if strings.Contains(operation.Name, "0000 ") {
			continue // takes minutes to make
		}
		t.Run(operation.Name, func(t *testing.T) { run(t, c, operation) })
	}
}

func run(t *testing.T, c *load.Catalog, operation load.Operation) {
	t.Helper()
	work, err := operation.Prepare(t.Context(), c, workers)
	if err != nil {
		t.Fatal(err)
	}
	got, err := load.Run(t.Context(), work, load.Plan{Connections: workers, Duration: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if got.Done < workers || got.Tries < got.Done || got.Latency.P50 <= 0 || got.Latency.Max < got.Latency.P99 {
		t.Errorf("%d done in %d tries, %+v", got.Done, got.Tries, got.Latency)
	}
}

func open(t *testing.T, url string) *load.Catalog {
	t.Helper()
	c, err := load.Open(t.Context(), load.Target{URL: url}, workers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// A server that stands still for a while delays all that were due meanwhile, though
// one alone was on its way.
func TestThoseWhoHadToWaitAreCounted(t *testing.T) {
	const stall, rate, duration = 500 * time.Millisecond, 200, time.Second
	var once sync.Once
	work := func(context.Context, int, int) (load.Step, error) {
		once.Do(func() { <-time.After(stall) })
		return load.Step{}, nil
	}
	got, err := load.Run(t.Context(), work, load.Plan{Connections: 1, Duration: duration, Rate: rate})
	if err != nil {
		t.Fatal(err)
	}
	if got.Done != rate || got.Latency.Max < stall || got.Latency.P90 < stall/2 {
		t.Errorf("%d done, wanted %d; %+v", got.Done, rate, got.Latency)
	}
}

// What is answered otherwise than expected ends the run.
func TestAnErrorIsNoFastSuccess(t *testing.T) {
	var asked int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked > 3 {
			http.Error(w, "too much", http.StatusTooManyRequests)
			return
		}
		_, _ = w.Write([]byte(`{"defaults":{},"overrides":{}}`))
	}))
	t.Cleanup(server.Close)
	c := open(t, server.URL)
	work, err := load.Operations()[0].Prepare(t.Context(), c, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = load.Run(t.Context(), work, load.Plan{Connections: 1, Duration: time.Minute})
	var status *load.StatusError
	if !errors.As(err, &status) || status.Status != http.StatusTooManyRequests {
		t.Errorf("got %v, wanted the answer's status", err)
	}
}
