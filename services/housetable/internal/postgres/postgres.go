// Package postgres keeps house tables in Postgres: the store of services that
// run in several replicas.
//
// It promises what every store does. A batch of commits is one statement, which
// locks what is there in the order of keys, checks all expectations, records
// operations and changes, and says for each commit whether it was applied; what
// a snapshot cannot see, the database's constraints catch, and the commits are
// tried again one by one. Nothing on the request path keeps state in a session,
// so that a pooler in transaction mode may stand in between.
package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

var _ housetable.Store = (*Store)(nil)

const selectEpoch = `SELECT system_identifier || '-' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) FROM pg_control_system()`

// Options of a store.
type Options struct {
	// Connections is the most there are.
	Connections int
	// Pooler is set when the connections go through a pooler in transaction mode.
	Pooler bool
	// AcquireTimeout is how long a call waits for a connection; 5 s when zero.
	AcquireTimeout time.Duration
	// Meters, when set, are told how the store fares.
	Meters metric.MeterProvider
}

// Store is a pool of connections.
type Store struct {
	pool     *conns
	measures measures
	folders  passage
}

// passage is how far the walk through the folders came.
type passage struct {
	mu              sync.Mutex
	warehouse, hold string
}

// Open prepares a pool; it connects when it must, so a database that is away
// makes the store not ready, and not fail to open.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	config, err := configure(url, o)
	if err != nil {
		return nil, err
	}
	config.AfterConnect = newFence().pass
	return openWith(ctx, config, o)
}

func openWith(ctx context.Context, config *pgxpool.Config, o Options) (*Store, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the pool: %w", err)
	}
	wait := o.AcquireTimeout
	if wait == 0 {
		wait = acquireTimeout
	}
	measures, err := measure(pool, o.Meters)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &Store{pool: &conns{pool: pool, wait: wait, crowd: newCrowd(o.Connections)}, measures: measures}, nil
}

// Epoch is the database system with its timeline, which changes at every
// failover and every restore to a point in time.
func (s *Store) Epoch(ctx context.Context) (string, error) {
	found, err := query(ctx, s, pgx.RowTo[string], "read the epoch", selectEpoch)
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// Ready is nil when the database answers and has the schema of this build, or a
// later one.
func (s *Store) Ready(ctx context.Context) error {
	exists, err := query(ctx, s, pgx.RowTo[bool], "check readiness", "SELECT to_regclass('goose_db_version') IS NOT NULL")
	if err != nil {
		return err
	}
	version := int64(0)
	if exists[0] {
		found, err := query(ctx, s, pgx.RowTo[int64], "check the schema", "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied")
		if err != nil {
			return err
		}
		version = found[0]
	}
	if version < schemaVersion {
		return fault.New(fault.Unavailable, "database schema is at version %d, this build needs %d: run 'housetable migrate'", version, schemaVersion)
	}
	return nil
}

// Close ends all connections.
func (s *Store) Close() error {
	err := s.measures.pool.Unregister()
	s.pool.Close()
	return err
}
