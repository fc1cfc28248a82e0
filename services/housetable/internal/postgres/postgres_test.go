package postgres_test

import (
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/housetabletest"
	"github.com/igloo-catalog/igloo/services/housetable/internal/lane"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

func TestStore(t *testing.T) { run(t, postgres.Options{Connections: 4}) }

// TestStoreBehindPooler is the suite through PgBouncer in transaction mode, with
// fewer sessions than the store has connections.
func TestStoreBehindPooler(t *testing.T) {
	pooler := pgtest.NewPooler(t, pgtest.New(t, nil))
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		return openAt(t, pooler.URL(pgtest.New(t, postgres.Migrate)), postgres.Options{Connections: 4, Pooler: true})
	})
}

func run(t *testing.T, o postgres.Options) {
	t.Helper()
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		return open(t, o)
	})
}

// TestCoalescedReads is the suite as the service reads: many in one statement.
func TestCoalescedReads(t *testing.T) {
	limits := lane.Limits{Slots: 2, Batch: 16, Queue: 100, Timeout: time.Minute}
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		return lane.Coalesce(open(t, postgres.Options{Connections: 4}), limits)
	})
}

func open(t testing.TB, o postgres.Options) *postgres.Store {
	t.Helper()
	return openAt(t, pgtest.New(t, postgres.Migrate), o)
}

func openAt(t testing.TB, url string, o postgres.Options) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}
