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

// library is a store whose reads take a second. It notes what came together.
type library struct {
	housetable.Store
	mu      sync.Mutex
	batches []string
}

func (l *library) Tables(ctx context.Context, warehouse string, keys []housetable.TableKey) ([]*housetable.Table, error) {
	l.mu.Lock()
	l.batches = append(l.batches, fmt.Sprint(warehouse, " ", len(keys)))
	l.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	tables := make([]*housetable.Table, len(keys))
	for i, key := range keys {
		if key.TableID != "absent" {
			tables[i] = &housetable.Table{Key: key, MetadataLocation: warehouse}
		}
	}
	return tables, nil
}

func coalesce(t *testing.T, store housetable.Store, limits line.Limits) *lane.Store {
	t.Helper()
	s, err := lane.Coalesce(store, limits, noop.NewMeterProvider())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask reads one house table in the background and checks that it is the one.
func ask(ctx context.Context, t *testing.T, wait *sync.WaitGroup, store housetable.Reader, warehouse, table string) {
	t.Helper()
	wait.Go(func() {
		key := housetable.TableKey{DatabaseID: "db", TableID: table}
		found, err := store.Tables(ctx, warehouse, []housetable.TableKey{key})
		switch {
		case err != nil:
			t.Errorf("%s: %v", table, err)
		case table == "absent" && found[0] == nil:
		case found[0] == nil || found[0].Key != key || found[0].MetadataLocation != warehouse:
			t.Errorf("asked for %s in %s, got %v", table, warehouse, found[0])
		}
	})
	synctest.Wait()
}

func TestReadsOfOneWarehouseGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &library{}
		store := coalesce(t, inner, line.Limits{Slots: 1, Batch: 4, Queue: 100, Timeout: time.Minute})
		var wait sync.WaitGroup
		for _, read := range [][2]string{
			{"w", "alone"}, {"w", "a"}, {"v", "a"}, {"w", "absent"}, {"w", "b"}, {"v", "absent"}, {"w", "a"}, {"w", "c"},
		} {
			ask(t.Context(), t, &wait, store, read[0], read[1])
		}
		wait.Wait()
		if got, want := fmt.Sprint(inner.batches), "[w 1 w 4 v 2 w 1]"; got != want {
			t.Fatalf("batches %s, want %s", got, want)
		}
	})
}

func TestReaderWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &library{}
		store := coalesce(t, inner, line.Limits{Slots: 1, Batch: 4, Queue: 2, Timeout: time.Minute})
		gone, leave := context.WithCancel(t.Context())
		keys := []housetable.TableKey{{DatabaseID: "db", TableID: "t"}}
		var wait, left sync.WaitGroup
		ask(t.Context(), t, &wait, store, "w", "first")
		left.Go(func() {
			if _, err := store.Tables(gone, "w", keys); !fault.Is(err, fault.Unavailable) {
				t.Errorf("queued: %v", err)
			}
		})
		synctest.Wait()
		ask(t.Context(), t, &wait, store, "w", "stays")
		if _, err := store.Tables(t.Context(), "w", keys); !fault.Is(err, fault.Overloaded) {
			t.Errorf("full queue: %v", err)
		}
		leave()
		left.Wait() // at once, not after the statement
		wait.Wait()
		if got, want := fmt.Sprint(inner.batches), "[w 1 w 1]"; got != want {
			t.Fatalf("batches %s, want %s", got, want)
		}
	})
}
