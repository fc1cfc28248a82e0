package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/housetabletest"
	"github.com/igloo-catalog/igloo/services/housetable/internal/lane"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// replicas are two stores on one database: calls that race go to one and the
// other by turns.
type replicas struct {
	*postgres.Store

	other *postgres.Store
	calls atomic.Int64
}

func (r *replicas) next() *postgres.Store {
	if r.calls.Add(1)%2 == 0 {
		return r.other
	}
	return r.Store
}

func (r *replicas) Commit(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, error) {
	return r.next().Commit(ctx, commits)
}

func (r *replicas) PurgeSoftDeleted(ctx context.Context, p housetable.Purge) (int64, error) {
	return r.next().PurgeSoftDeleted(ctx, p)
}

func (r *replicas) PutJob(ctx context.Context, warehouse string, j housetable.Job, expected *int64) (stored housetable.Job, created bool, err error) {
	return r.next().PutJob(ctx, warehouse, j, expected)
}

func (r *replicas) ClaimJob(ctx context.Context, warehouse string, leaseSeconds int64) (*housetable.Job, error) {
	return r.next().ClaimJob(ctx, warehouse, leaseSeconds)
}

// TestStore is the suite on two replicas of the store.
func TestStore(t *testing.T) {
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		database := pgtest.New(t, postgres.Migrate)
		o := postgres.Options{Connections: 4}
		return &replicas{Store: openAt(t, database, o), other: openAt(t, database, o)}
	})
}

// TestStoreBehindPooler is the suite through PgBouncer in transaction mode, with
// fewer sessions than the store has connections.
func TestStoreBehindPooler(t *testing.T) {
	pooler := pgtest.NewPooler(t, pgtest.New(t, nil))
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		return openAt(t, pooler.URL(pgtest.New(t, postgres.Migrate)), postgres.Options{Connections: 4, Pooler: true})
	})
}

// TestCoalescedReads is the suite as the service reads: many in one statement.
func TestCoalescedReads(t *testing.T) {
	limits := lane.Limits{Slots: 2, Batch: 16, Queue: 100, Timeout: time.Minute}
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		store, err := lane.Coalesce(open(t, postgres.Options{Connections: 4}), limits, noop.NewMeterProvider())
		if err != nil {
			t.Fatal(err)
		}
		return store
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
