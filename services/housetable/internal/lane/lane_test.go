package lane_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/metric/noop"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/line"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/lane"
)

// slow is a store that takes a second for a batch and notes what came.
type slow struct {
	mu      sync.Mutex
	batches [][]housetable.Commit
	running int
	most    int
}

func (s *slow) Commit(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, error) {
	s.mu.Lock()
	s.batches = append(s.batches, commits)
	s.running++
	s.most = max(s.most, s.running)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running--
	}()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, fault.Wrap(fault.UnknownOutcome, ctx.Err(), "cut short")
	}
	verdicts := make([]housetable.Verdict, len(commits))
	for i, c := range commits {
		verdicts[i] = housetable.Committed{Results: make([]housetable.ChangeResult, len(c.Changes))}
	}
	return verdicts, nil
}

func commit(n int, table string) housetable.Commit {
	return housetable.Commit{
		Warehouse:  housetable.DefaultWarehouse,
		Operations: []housetable.Operation{{ID: housetable.UUID{byte(n), byte(n >> 8)}}},
		Changes:    []housetable.Change{housetable.SwapTable{Key: housetable.TableKey{DatabaseID: "db", TableID: table}}},
	}
}

func newLane(t *testing.T, store housetable.Committer, limits line.Limits) *lane.Lane {
	t.Helper()
	l, err := lane.New(store, limits, noop.NewMeterProvider())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var limits = line.Limits{Slots: 2, Batch: 4, Queue: 100, Timeout: time.Minute}

func TestBatchesOnlyWhatQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{}
		l := newLane(t, store, limits)
		var wait sync.WaitGroup
		for i := range 10 {
			wait.Go(func() {
				if v, err := l.Commit(t.Context(), commit(i, fmt.Sprint("t", i))); err != nil || v == nil {
					t.Errorf("commit %d: %v %v", i, v, err)
				}
			})
		}
		wait.Wait()
		if len(store.batches) != 4 || len(store.batches[0]) != 1 || len(store.batches[1]) != 1 || len(store.batches[2]) != 4 || len(store.batches[3]) != 4 {
			t.Fatalf("%d batches", len(store.batches))
		}
		if store.most != limits.Slots {
			t.Fatalf("%d batches at a time, want %d", store.most, limits.Slots)
		}
	})
}

func TestRivalsGoInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{}
		l := newLane(t, store, line.Limits{Slots: 1, Batch: 64, Queue: 100, Timeout: time.Minute})
		var wait sync.WaitGroup
		for i := range 9 {
			wait.Go(func() {
				if _, err := l.Commit(t.Context(), commit(i, []string{"A", "a", "b"}[i%3])); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		for _, batch := range store.batches {
			seen := map[string]bool{}
			for _, c := range batch {
				for _, claim := range c.Claims() {
					if seen[claim] {
						t.Fatalf("two commits of one batch claim %q", claim)
					}
					seen[claim] = true
				}
			}
		}
	})
}

func TestFullQueueIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, &slow{}, line.Limits{Slots: 1, Batch: 4, Queue: 1, Timeout: time.Minute})
		var wait sync.WaitGroup
		defer wait.Wait()
		for i := range 2 {
			wait.Go(func() {
				if _, err := l.Commit(t.Context(), commit(i, fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if _, err := l.Commit(t.Context(), commit(3, "x")); !fault.Is(err, fault.Overloaded) {
			t.Fatalf("error %v", err)
		}
	})
}

// Commits that come together go together, but for rivals and for what there is no room for.
func TestCommitsThatComeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{}
		l := newLane(t, store, line.Limits{Slots: 1, Batch: 4, Queue: 4, Timeout: time.Minute})
		commits := []housetable.Commit{commit(1, "a"), commit(2, "b"), commit(3, "a"), commit(4, "c"), commit(5, "d")}
		verdicts, errs := l.CommitAll(t.Context(), commits)
		for i := range commits {
			if full := i == 4; full != fault.Is(errs[i], fault.Overloaded) || !full && (errs[i] != nil || verdicts[i] == nil) {
				t.Errorf("commit %d: %v, %v", i, verdicts[i], errs[i])
			}
		}
		if len(store.batches) != 2 || len(store.batches[0]) != 3 || len(store.batches[1]) != 1 {
			t.Errorf("batches are %v", store.batches)
		}
	})
}

func TestCallerWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{}
		l := newLane(t, store, line.Limits{Slots: 1, Batch: 4, Queue: 9, Timeout: time.Minute})
		gone, leave := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { // in the store already: it is carried to its end
			if v, err := l.Commit(gone, commit(1, "a")); err != nil || v == nil {
				t.Errorf("in flight: %v %v", v, err)
			}
		})
		synctest.Wait()
		wait.Go(func() { // still queued: certainly not written
			if _, err := l.Commit(gone, commit(2, "b")); !fault.Is(err, fault.Unavailable) {
				t.Errorf("queued: %v", err)
			}
		})
		synctest.Wait()
		leave()
		wait.Wait()
		if len(store.batches) != 1 {
			t.Fatalf("%d batches, want 1", len(store.batches))
		}
		if _, err := l.Commit(t.Context(), commit(3, "c")); err != nil {
			t.Fatalf("the slot is lost: %v", err)
		}
	})
}

func TestEachSortGoesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{}
		l := newLane(t, store, line.Limits{Slots: 1, Batch: 4, Queue: 100, Timeout: time.Minute})
		var wait sync.WaitGroup
		for i, sort := range []string{"swap", "swap", "create", "namespace", "swap", "implicit", "create", "swap"} {
			c, key := commit(i, fmt.Sprint("t", i)), housetable.TableKey{DatabaseID: "db", TableID: fmt.Sprint("t", i)}
			switch sort {
			case "create":
				c.Changes = []housetable.Change{housetable.CreateTable{Key: key}}
			case "implicit":
				c.Changes = []housetable.Change{housetable.CreateTable{Key: key, ImplicitNamespace: true}}
			case "namespace":
				c.Changes = []housetable.Change{housetable.CreateNamespace{DatabaseID: fmt.Sprint("n", i)}}
			}
			wait.Go(func() {
				if _, err := l.Commit(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		wait.Wait()
		sizes := make([]int, len(store.batches))
		for i, batch := range store.batches {
			sizes[i] = len(batch)
		}
		if got, want := fmt.Sprint(sizes), "[1 3 2 2]"; got != want {
			t.Fatalf("batches of %s, want %s", got, want)
		}
	})
}
