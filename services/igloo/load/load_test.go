package load_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
		if operation.Large {
			continue
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

// What is answered otherwise than expected is counted as that alone.
func TestAnErrorIsNoFastSuccess(t *testing.T) {
	const good = 4 // the first asks for the configuration
	var asked int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked > good {
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
	plan := load.Plan{Connections: 1, Duration: 50 * time.Millisecond}
	got, err := load.Run(t.Context(), work, plan)
	if err != nil || got.Done != good-1 || got.Errors == 0 {
		t.Errorf("%d done, %d errors, %v; wanted %d done, and errors", got.Done, got.Errors, err, good-1)
	}
	_, err = load.Run(t.Context(), work, plan)
	var status *load.StatusError
	if !errors.As(err, &status) || status.Status != http.StatusTooManyRequests {
		t.Errorf("got %v, wanted the answer's status", err)
	}
}

// What is asked of one table, of a namespace's or in transactions of the same tables goes to
// one server of a catalog, and all else to all in turn.
func TestReplicas(t *testing.T) {
	all := func(asked [2]int64) bool { return asked == [2]int64{20, 20} }
	one := func(asked [2]int64) bool { return asked == [2]int64{40, 0} || asked == [2]int64{0, 40} }
	for operation, want := range map[string]func(asked [2]int64) bool{
		"config": all, "loadTable, 1 snapshots": one, "createTable": one, load.Transaction(10): one,
	} {
		t.Run(operation, func(t *testing.T) {
			var asked [2]atomic.Int64
			urls := make([]string, len(asked))
			for i := range asked {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked[i].Add(1)
					if strings.HasSuffix(r.URL.Path, "/transactions/commit") {
						w.WriteHeader(http.StatusNoContent)
						return
					}
					_, _ = w.Write([]byte(`{"defaults":{},"overrides":{}}`))
				}))
				t.Cleanup(server.Close)
				urls[i] = server.URL
			}
			c, err := load.Open(t.Context(), load.Target{URL: urls[0], Replicas: urls[1:]}, 1)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			work := prepared(t, operation, c)
			before := [2]int64{asked[0].Load(), asked[1].Load()}
			for turn := range 40 {
				if _, err := work(t.Context(), 0, turn); err != nil {
					t.Fatal(err)
				}
			}
			if got := [2]int64{asked[0].Load() - before[0], asked[1].Load() - before[1]}; !want(got) {
				t.Errorf("asked %v times", got)
			}
		})
	}
}

func prepared(t *testing.T, operation string, c *load.Catalog) load.Work {
	t.Helper()
	operations := load.Operations()
	at := slices.IndexFunc(operations, func(o load.Operation) bool { return o.Name == operation })
	if at < 0 {
		t.Fatalf("there is no operation %q", operation)
	}
	work, err := operations[at].Prepare(t.Context(), c, 1)
	if err != nil {
		t.Fatal(err)
	}
	return work
}
