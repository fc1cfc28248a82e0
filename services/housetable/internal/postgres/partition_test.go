package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
)

func openStore(t *testing.T) *Store {
	t.Helper()
	return openOn(t, pgtest.New(t, Migrate), 16)
}

// openOn opens a store that ends with the test.
func openOn(t *testing.T, url string, connections int) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, Options{Connections: connections})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// record is a commit of nothing but an operation whose id begins with a time.
func record(at time.Time, n uint64) housetable.Commit {
	var id housetable.UUID
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16)
	binary.BigEndian.PutUint64(id[8:], n)
	return housetable.Commit{
		Warehouse:  housetable.DefaultWarehouse,
		Operations: []housetable.Operation{{ID: id, Fingerprint: id[:], Outcome: housetable.Outcome{Status: 200}}},
	}
}

func (s *Store) mustRecord(t *testing.T, c housetable.Commit, replay bool) {
	t.Helper()
	verdicts, err := s.Commit(t.Context(), []housetable.Commit{c})
	if err != nil {
		t.Fatal(err)
	}
	if _, was := verdicts[0].(housetable.Replay); was != replay {
		t.Fatalf("%s: %#v, want a replay: %v", c.Operations[0].ID, verdicts[0], replay)
	}
}

func (s *Store) partitionOf(t *testing.T, c housetable.Commit) string {
	t.Helper()
	name, err := query(t.Context(), s, pgx.RowTo[string], "read the partition", "SELECT tableoid::regclass::text FROM operation WHERE op_id = $1", pgUUID(c.Operations[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	return name[0]
}

func (s *Store) mustKeepPartitions(t *testing.T, now time.Time) {
	t.Helper()
	if err := s.keepPartitionsAt(t.Context(), now, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
}

// TestPartitions follows records from the making of their partition to its end.
func TestPartitions(t *testing.T) {
	s := openStore(t)
	now := time.Now().UTC().Truncate(partitionSpan).Add(time.Hour)
	boundary := now.Truncate(partitionSpan).Add(partitionSpan)
	early := record(now, 1)
	s.mustRecord(t, early, false)
	if got := s.partitionOf(t, early); got != "operation_default" {
		t.Fatalf("before there are partitions: %s", got)
	}
	s.mustKeepPartitions(t, now)
	before, after, late, far := record(boundary.Add(-time.Millisecond), 1), record(boundary, 1), record(boundary.Add(-time.Second), 2), record(now.Add(48*time.Hour), 1)
	for _, c := range []housetable.Commit{before, after, late, far} {
		s.mustRecord(t, c, false)
	}
	first, second := partition{boundary}.name(), partition{boundary.Add(partitionSpan)}.name()
	for _, c := range []struct {
		commit housetable.Commit
		want   string
	}{{early, first}, {before, first}, {after, second}, {late, first}, {far, "operation_default"}} {
		if got := s.partitionOf(t, c.commit); got != c.want {
			t.Errorf("%s is in %s, want %s", c.commit.Operations[0].ID, got, c.want)
		}
	}
	// All but one of the first partition's records get old.
	if _, err := s.pool.Exec(t.Context(), "UPDATE "+first+" SET recorded_at = $1 WHERE op_id <> $2", now, pgUUID(late.Operations[0].ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pool.Exec(t.Context(), "UPDATE "+first+" SET recorded_at = $1 WHERE op_id = $2", now.Add(20*time.Hour), pgUUID(late.Operations[0].ID)); err != nil {
		t.Fatal(err)
	}
	for at := now; at.Before(boundary.Add(24 * time.Hour)); at = at.Add(partitionSpan) {
		s.mustKeepPartitions(t, at)
		for _, c := range []housetable.Commit{early, before, after, late, far} {
			s.mustRecord(t, c, true)
		}
	}
	s.mustKeepPartitions(t, boundary.Add(24*time.Hour+partitionGrace+time.Minute))
	for _, c := range []housetable.Commit{after, late, far} {
		s.mustRecord(t, c, true)
	}
	if got := s.partitionOf(t, late); got != "operation_default" {
		t.Errorf("the late record is in %s", got)
	}
	there, err := s.partitions(t.Context())
	if err != nil || len(there) == 0 || there[0].end.Equal(boundary) {
		t.Fatalf("partitions %v, %v", there, err)
	}
	// What is forgotten may be done again.
	s.mustRecord(t, early, false)
	s.mustRecord(t, before, false)
}

// TestPartitionsOfARace: each request has one effect, although it is delivered
// many times while partitions are made and dropped under it.
func TestPartitionsOfARace(t *testing.T) {
	s := openStore(t)
	const steps, each, rivals = 12, 20, 4
	// All records are new to a clock that is behind: none may be forgotten.
	now := time.Now().UTC().Truncate(partitionSpan).Add(-steps * partitionSpan)
	var done atomic.Bool
	var wait sync.WaitGroup
	for range 2 { // two replicas keep the partitions
		wait.Go(func() {
			for n := 0; !done.Load(); n++ {
				if err := s.keepPartitionsAt(t.Context(), now.Add(time.Duration(n%steps)*partitionSpan), 24*time.Hour); err != nil && !fault.Is(err, fault.Unavailable) {
					t.Error(err)
				}
			}
		})
	}
	for step := range steps {
		for n := range each {
			// Ids of times whose partitions are there, are being made, and are far off.
			c := record(now.Add(time.Duration(step+n%8-4)*partitionSpan+time.Minute), uint64(step*each+n))
			if won := s.deliver(t, c, rivals); won != 1 {
				t.Fatalf("%s was committed %d times", c.Operations[0].ID, won)
			}
		}
	}
	done.Store(true)
	wait.Wait()
}

// deliver sends one commit many times at once and returns how often it was committed.
func (s *Store) deliver(t *testing.T, c housetable.Commit, times int) (won int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var count atomic.Int64
	var rivals sync.WaitGroup
	for range times {
		rivals.Go(func() {
			verdicts, err := s.Commit(ctx, []housetable.Commit{c})
			if err != nil {
				t.Errorf("%s: %v", c.Operations[0].ID, err)
				return
			}
			if _, ok := verdicts[0].(housetable.Committed); ok {
				count.Add(1)
			}
		})
	}
	rivals.Wait()
	return count.Load()
}

// TestPartitionMadeUnderACommit: a record on its way to the default partition
// goes to the one that is made for it meanwhile.
func TestPartitionMadeUnderACommit(t *testing.T) {
	s := openStore(t)
	now := time.Now().UTC()
	c := record(now, 1)
	p := partition{end: now.Truncate(partitionSpan).Add(partitionSpan)}
	committed := make(chan error, 1)
	err := s.pool.transact(t.Context(), func(tx pgx.Tx) error {
		if err := run(t.Context(), tx, "LOCK TABLE operation_default IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
		go func() {
			_, err := s.Commit(t.Context(), []housetable.Commit{c})
			committed <- err
		}()
		awaitBlocked(t, tx)
		return run(t.Context(), tx, "CREATE TABLE "+p.name()+" (LIKE operation INCLUDING ALL)",
			"ALTER TABLE operation ATTACH PARTITION "+p.name()+" FOR VALUES FROM ('"+p.first()+"') TO ('"+p.following()+"')")
	})
	if err := errors.Join(err, <-committed); err != nil {
		t.Fatal(err)
	}
	s.mustRecord(t, c, true)
	if got := s.partitionOf(t, c); got != p.name() {
		t.Fatalf("the record is in %s", got)
	}
}

// awaitBlocked waits until somebody waits for a lock on the default partition.
func awaitBlocked(t *testing.T, tx pgx.Tx) {
	t.Helper()
	for blocked, until := false, time.Now().Add(20*time.Second); !blocked; {
		err := tx.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'operation_default'::regclass AND NOT granted)").Scan(&blocked)
		if err != nil || time.Now().After(until) {
			t.Fatalf("nobody waits for the lock: %v", err)
		}
	}
}

// TestMigrationKeepsOperations: what was recorded under the schema before answers
// replays under this one.
func TestMigrationKeepsOperations(t *testing.T) {
	url := pgtest.New(t, func(ctx context.Context, url string) error { return migrateTo(ctx, url, 3) })
	s, err := Open(t.Context(), url, Options{Connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	timed, untimed := record(time.Now(), 1), record(time.Unix(1<<33, 0), 1)
	s.mustRecord(t, timed, false)
	s.mustRecord(t, untimed, false)
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	s.mustRecord(t, timed, true)
	s.mustRecord(t, untimed, true)
	if got := s.partitionOf(t, untimed); got != "operation_untimed" {
		t.Errorf("an id that is no time is in %s", got)
	}
}

func migrateTo(ctx context.Context, url string, version int64) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	provider, err := newProvider(db)
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, version)
	return err
}
