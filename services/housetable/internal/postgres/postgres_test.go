package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"

	"github.com/igloo-catalog/igloo/pkg/line"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/housetabletest"
	"github.com/igloo-catalog/igloo/services/housetable/internal/lane"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// replicas are two stores on one database, with point reads that go together as
// in the service: calls that race go to one and the other by turns.
type replicas struct {
	housetable.Store

	both  [2]*postgres.Store
	calls atomic.Int64
}

func (r *replicas) next() *postgres.Store { return r.both[r.calls.Add(1)%2] }

func (r *replicas) Commit(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, error) {
	return r.next().Commit(ctx, commits)
}

func (r *replicas) PurgeSoftDeleted(ctx context.Context, p housetable.Purge) (int64, error) {
	return r.next().PurgeSoftDeleted(ctx, p)
}

func (r *replicas) PutJob(ctx context.Context, warehouse string, j housetable.Job, expected *int64) (stored housetable.Job, created bool, err error) {
	return r.next().PutJob(ctx, warehouse, j, expected)
}

func (r *replicas) ClaimJob(ctx context.Context, warehouse string, c housetable.Claim) (*housetable.ClaimedJob, error) {
	return r.next().ClaimJob(ctx, warehouse, c)
}

func (r *replicas) ChangeGrants(ctx context.Context, c housetable.GrantChange) (int64, error) {
	return r.next().ChangeGrants(ctx, c)
}

// TestStore is the suite on two replicas of the store.
func TestStore(t *testing.T) {
	t.Parallel()
	limits := line.Limits{Slots: 2, Batch: 16, Queue: 100, Timeout: time.Minute}
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		database := pgtest.New(t, postgres.Migrate)
		o := postgres.Options{Connections: 4}
		both := [2]*postgres.Store{openAt(t, database, o), openAt(t, database, o)}
		read, err := lane.Coalesce(both[0], limits, noop.NewMeterProvider())
		if err != nil {
			t.Fatal(err)
		}
		return &replicas{Store: read, both: both}
	})
}

// TestStoreBehindPooler is the suite through PgBouncer in transaction mode, with
// fewer sessions than the store has connections.
func TestStoreBehindPooler(t *testing.T) {
	t.Parallel()
	pooler := pgtest.NewPooler(t, pgtest.New(t, nil))
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		return openAt(t, pooler.URL(pgtest.New(t, postgres.Migrate)), postgres.Options{Connections: 4, Pooler: true})
	})
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
