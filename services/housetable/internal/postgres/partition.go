package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// Records of operations lie in partitions by the time that their ids begin with.
// Whatever the clock says when an id arrives again, it leads to the partition
// that it led to before; so there is no boundary between a request and its
// replay, and dropping a partition forgets whole requests.
const (
	// partitionSpan is how much time one partition takes: longer ones are dropped
	// later, shorter ones make more to look into for a read that knows no time.
	partitionSpan = 4 * time.Hour
	// partitionsAhead are made before their time comes. Where they were not, ids
	// go to the default partition.
	partitionsAhead = 2
	// partitionGrace is how long after its time a partition may still be written
	// to by requests that were on their way, beyond how long records are kept.
	partitionGrace = time.Hour
	// maxMoved bounds the rows moved from one partition to another while all wait.
	maxMoved = 10_000

	partitionPrefix = "operation_until_"
	partitionLayout = "2006010215"
)

// errTaken means that another replica changes the partitions now.
var errTaken = errors.New("another replica changes the partitions")

// partition is named by the hour at which it ends.
type partition struct{ end time.Time }

func (p partition) name() string      { return partitionPrefix + p.end.Format(partitionLayout) }
func (p partition) start() time.Time  { return p.end.Add(-partitionSpan) }
func (p partition) first() string     { return firstID(p.start()) }
func (p partition) following() string { return firstID(p.end) }

// firstID is the lowest id of a time.
func firstID(t time.Time) string {
	var id housetable.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(t.UnixMilli())<<16)
	return id.String()
}

// keepPartitions drops the partitions that nothing in them keeps any more and
// makes those of the hours to come.
func (s *Store) keepPartitions(ctx context.Context, keep time.Duration) error {
	now, err := query(ctx, s, pgx.RowTo[time.Time], "read the time", "SELECT now()")
	if err != nil {
		return err
	}
	return s.keepPartitionsAt(ctx, now[0].UTC(), keep)
}

func (s *Store) keepPartitionsAt(ctx context.Context, now time.Time, keep time.Duration) error {
	there, err := s.partitions(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, p := range there {
		if p.end.Add(keep + partitionGrace).Before(now) {
			failures = append(failures, s.dropPartition(ctx, p, now.Add(-keep)))
		}
	}
	for n := range partitionsAhead + 1 {
		p := partition{end: now.Truncate(partitionSpan).Add(time.Duration(n+1) * partitionSpan)}
		if !slices.Contains(there, p) {
			failures = append(failures, s.makePartition(ctx, p))
		}
	}
	return errors.Join(failures...)
}

// partitions that lie in time, the oldest first.
func (s *Store) partitions(ctx context.Context) ([]partition, error) {
	names, err := query(ctx, s, pgx.RowTo[string], "list partitions", `SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'operation'::regclass AND starts_with(c.relname, $1) ORDER BY c.relname`, partitionPrefix)
	if err != nil {
		return nil, err
	}
	found := make([]partition, 0, len(names))
	for _, name := range names {
		end, err := time.Parse(partitionLayout, strings.TrimPrefix(name, partitionPrefix))
		if err != nil {
			return nil, fmt.Errorf("partition %s is not one of this service: %w", name, err)
		}
		found = append(found, partition{end: end})
	}
	return found, nil
}

// makePartition makes an empty partition, and puts into it what the default one
// has of its ids. Where that is much it leaves it all where it is.
func (s *Store) makePartition(ctx context.Context, p partition) error {
	return s.alter(ctx, "make partition", func(tx pgx.Tx) error {
		many, err := crowded(ctx, tx, "operation_default WHERE op_id >= $1::uuid AND op_id < $2::uuid", p.first(), p.following())
		if err != nil || many {
			return err
		}
		name, first, following := p.name(), p.first(), p.following()
		return run(ctx, tx,
			"LOCK TABLE operation_default IN ACCESS EXCLUSIVE MODE",
			"CREATE TABLE "+name+" (LIKE operation INCLUDING ALL)",
			"CREATE INDEX "+name+"_recorded ON "+name+" USING brin (recorded_at) WITH (autosummarize = on)",
			"WITH moved AS (DELETE FROM operation_default WHERE op_id >= '"+first+"' AND op_id < '"+following+"' RETURNING *) INSERT INTO "+name+" SELECT * FROM moved",
			"ALTER TABLE operation ATTACH PARTITION "+name+" FOR VALUES FROM ('"+first+"') TO ('"+following+"')")
	})
}

// dropPartition forgets a partition's records but those since cutoff: ids whose
// first arrival was late. They go to the default partition; while they are many
// the partition stays.
func (s *Store) dropPartition(ctx context.Context, p partition, cutoff time.Time) error {
	return s.alter(ctx, "drop partition", func(tx pgx.Tx) error {
		name := p.name()
		if err := run(ctx, tx, "SELECT brin_summarize_new_values('"+name+"_recorded')"); err != nil {
			return err
		}
		many, err := crowded(ctx, tx, name+" WHERE recorded_at >= $1", cutoff)
		if err != nil || many {
			return err
		}
		return run(ctx, tx,
			"ALTER TABLE operation DETACH PARTITION "+name,
			"INSERT INTO operation SELECT * FROM "+name+" WHERE recorded_at >= '"+cutoff.Format(time.RFC3339Nano)+"'",
			"DROP TABLE "+name)
	})
}

// crowded reports whether there are more rows than may be moved.
func crowded(ctx context.Context, tx pgx.Tx, rows string, args ...any) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT FROM %s LIMIT %d) r", rows, maxMoved+1), args...).Scan(&n)
	return n > maxMoved, err
}

// alter changes the partitions in one transaction, one replica at a time: where
// another is at it there is nothing to do. All commits wait while it holds its
// locks, and all that come while it waits for them, so it does neither for long.
func (s *Store) alter(ctx context.Context, what string, work func(pgx.Tx) error) error {
	err := s.pool.transact(ctx, func(tx pgx.Tx) error {
		err := run(ctx, tx, "SELECT set_config('lock_timeout', '500ms', true), set_config('statement_timeout', '5s', true), set_config('enable_seqscan', 'off', true)",
			"LOCK TABLE operation IN SHARE UPDATE EXCLUSIVE MODE NOWAIT")
		if sqlState(err) == lockNotAvailable {
			return errTaken
		}
		if err != nil {
			return err
		}
		return work(tx)
	})
	switch state := sqlState(err); {
	case errors.Is(err, errTaken), state == duplicateTable, state == undefinedTable: // another was faster
		return nil
	}
	return classify(err, what)
}

// run executes statements that are not worth preparing.
func run(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement, pgx.QueryExecModeExec); err != nil {
			return err
		}
	}
	return nil
}
