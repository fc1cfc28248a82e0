package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// operations numbers those of this process's tests.
var operations atomic.Uint32

func commit(changes ...housetable.Change) housetable.Commit {
	n := operations.Add(1)
	id := housetable.UUID{0: 0xfa, 1: 0x7e, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
	return housetable.Commit{
		Warehouse:  housetable.DefaultWarehouse,
		Operations: []housetable.Operation{{ID: id, Fingerprint: id[:], Kind: "test", Outcome: housetable.Outcome{Status: 200}}},
		Changes:    changes,
	}
}

func tableKey(name string) housetable.TableKey {
	return housetable.TableKey{DatabaseID: "db", TableID: name}
}

func creation(name string) housetable.CreateTable {
	return housetable.CreateTable{Key: tableKey(name), Kind: housetable.KindTable, MetadataLocation: "/1"}
}

func swapOf(name string) housetable.SwapTable {
	return housetable.SwapTable{Key: tableKey(name), MetadataLocation: "/2"} // applies again and again, if it is let
}

// send commits within limit and returns the verdicts.
func send(t *testing.T, s *postgres.Store, limit time.Duration, commits ...housetable.Commit) ([]housetable.Verdict, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return s.Commit(ctx, commits)
}

func mustCommit(t *testing.T, s *postgres.Store, changes ...housetable.Change) {
	t.Helper()
	verdicts, err := send(t, s, time.Minute, commit(changes...))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := verdicts[0].(housetable.Committed); !ok {
		t.Fatalf("not committed: %#v", verdicts[0])
	}
}

func versionOf(t *testing.T, s *postgres.Store, name string) int64 {
	t.Helper()
	found, err := s.Tables(t.Context(), housetable.DefaultWarehouse, []housetable.TableKey{tableKey(name)})
	if err != nil || len(found) != 1 {
		t.Fatalf("read %s: %v, %v", name, found, err)
	}
	return found[0].Version
}

// broken is a store behind a proxy, with tables t0, t1 and t2.
type broken struct {
	*postgres.Store

	proxy    *nettest.Proxy
	database string
}

func behindProxy(t *testing.T, parameters string) *broken {
	t.Helper()
	database := pgtest.New(t, postgres.Migrate)
	u := mustParse(t, database)
	proxy := nettest.NewProxy(t, u.Host)
	u.Host = proxy.Addr()
	return &broken{Store: filled(t, u.String()+parameters, false), proxy: proxy, database: database}
}

// behindPooler is the same behind PgBouncer, on a database with settings of its
// own, and without a proxy.
func behindPooler(t *testing.T, settings ...string) *broken {
	t.Helper()
	database := pgtest.New(t, postgres.Migrate)
	for _, setting := range settings {
		execute(t, direct(t, database), "ALTER DATABASE "+strings.TrimPrefix(mustParse(t, database).Path, "/")+" SET "+setting)
	}
	pooler := pgtest.NewPooler(t, database)
	return &broken{Store: filled(t, pooler.URL(database), true), database: database}
}

func filled(t *testing.T, database string, pooler bool) *postgres.Store {
	t.Helper()
	s := openAt(t, database, postgres.Options{Connections: 4, Pooler: pooler})
	mustCommit(t, s, housetable.CreateNamespace{DatabaseID: "db"})
	mustCommit(t, s, creation("t0"), creation("t1"), creation("t2"))
	return s
}

// wants makes fate the fate of the next requests that carry the operation.
func (b *broken) wants(fate nettest.Fate, times int64, c housetable.Commit) {
	var left atomic.Int64
	left.Store(times)
	id := c.Operations[0].ID
	b.proxy.Judge(func(sent []byte) nettest.Fate {
		if bytes.Contains(sent, id[:]) && left.Add(-1) >= 0 {
			return fate
		}
		return nettest.Pass
	})
}

func TestLostRequestIsSentAgain(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	c := commit(swapOf("t0"))
	b.wants(nettest.CutBefore, 3, c)
	verdicts, err := send(t, b.Store, time.Minute, c)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := verdicts[0].(housetable.Committed); !ok || v.Results[0].Table.Version != 2 || versionOf(t, b.Store, "t0") != 2 {
		t.Fatalf("verdict %#v at version %d", verdicts[0], versionOf(t, b.Store, "t0"))
	}
}

// TestLostAnswer loses the answers to three deliveries of one batch. All were
// applied once, and each is answered with its own record.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	batch := []housetable.Commit{commit(swapOf("t0")), commit(swapOf("t1")), commit(creation("t2"))}
	b.wants(nettest.CutAfter, 3, batch[0])
	verdicts, err := send(t, b.Store, time.Minute, batch...)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"t0", "t1"} {
		replay, ok := verdicts[i].(housetable.Replay)
		if !ok || replay.Operations[0].ID != batch[i].Operations[0].ID {
			t.Errorf("%s: %#v, want its record", name, verdicts[i])
		}
		if got := versionOf(t, b.Store, name); got != 2 {
			t.Errorf("%s: version %d, want 2", name, got)
		}
	}
	if conflict, ok := verdicts[2].(housetable.Conflict); !ok || conflict.Changes[0].Reason != housetable.TableExists {
		t.Errorf("the creation of what is there: %#v", verdicts[2])
	}
}

// TestNoAnswer: a commit whose answers are all lost was applied once, and is
// said to be of unknown outcome when its time is over; sent again it is known.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	c := commit(swapOf("t0"))
	b.wants(nettest.CutAfter, 1<<40, c)
	started := time.Now()
	if _, err := send(t, b.Store, time.Second, c); !fault.Is(err, fault.UnknownOutcome) {
		t.Fatalf("error %v, want an unknown outcome", err)
	}
	if took := time.Since(started); took < 900*time.Millisecond {
		t.Errorf("given up after %s of 1s", took)
	}
	if got := versionOf(t, b.Store, "t0"); got != 2 {
		t.Fatalf("version %d, want 2", got)
	}
	b.proxy.Judge(func([]byte) nettest.Fate { return nettest.Pass })
	if verdicts, err := send(t, b.Store, time.Minute, c); err != nil || len(verdicts[0].(housetable.Replay).Operations) != 1 {
		t.Fatalf("again: %#v, %v", verdicts, err)
	}
}

// TestNeverSent: a database that cannot be reached is no unknown outcome.
func TestNeverSent(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	b.proxy.Away(true)
	time.Sleep(1100 * time.Millisecond) // an idle connection is tried out after one second
	_, err := send(t, b.Store, time.Minute, commit(swapOf("t0")))
	wantRetryable(t, err, fault.Unavailable)
	_, err = b.Tables(t.Context(), housetable.DefaultWarehouse, []housetable.TableKey{tableKey("t0")})
	wantRetryable(t, err, fault.Unavailable)
	wantRetryable(t, b.Ready(t.Context()), fault.Unavailable)
	b.proxy.Away(false)
	if got := versionOf(t, b.Store, "t0"); got != 1 {
		t.Fatalf("version %d, want 1", got)
	}
}

// TestNeighboursVerdictsStand: what can be said of one commit of a batch is said,
// also when the database is gone before it explained the other.
func TestNeighboursVerdictsStand(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	applied, refused := commit(swapOf("t0")), commit(creation("t1"))
	var deliveries atomic.Int64
	id := refused.Operations[0].ID
	b.proxy.Judge(func(sent []byte) nettest.Fate {
		if bytes.Contains(sent, id[:]) && deliveries.Add(1) > 1 {
			return nettest.CutBefore
		}
		return nettest.Pass
	})
	verdicts, err := send(t, b.Store, 2*time.Second, applied, refused)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := verdicts[0].(housetable.Committed); !ok {
		t.Errorf("the first was applied and is answered %#v", verdicts[0])
	}
	if v, ok := verdicts[1].(housetable.Refused); !ok || !fault.Is(v.Err, fault.UnknownOutcome) {
		t.Errorf("the second is answered %#v", verdicts[1])
	}
}

// TestSilentServer: a network that swallows all makes no call late.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	b.proxy.Freeze()
	c := commit(swapOf("t0"))
	started := time.Now()
	if _, err := send(t, b.Store, time.Second, c); !fault.Is(err, fault.UnknownOutcome) && !fault.Is(err, fault.Unavailable) {
		t.Fatalf("error %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := b.Tables(ctx, housetable.DefaultWarehouse, []housetable.TableKey{tableKey("t0")})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("read: %v", err)
	}
	if took := time.Since(started); took > 15*time.Second {
		t.Errorf("two calls of a second took %s", took)
	}
	b.proxy.Thaw()
	if verdicts, err := send(t, b.Store, time.Minute, c); err != nil || versionOf(t, b.Store, "t0") != 2 {
		t.Fatalf("after the silence: %#v, %v, version %d", verdicts, err, versionOf(t, b.Store, "t0"))
	}
}

// TestSilentServerIsLeft: a commit goes to the next server of the URL when the
// first one is silent, and so does what comes after it.
func TestSilentServerIsLeft(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t, postgres.Migrate)
	u := mustParse(t, database)
	first, second := nettest.NewProxy(t, u.Host), nettest.NewProxy(t, u.Host)
	s := filled(t, fmt.Sprintf("postgres://postgres@%s,%s%s?sslmode=disable", first.Addr(), second.Addr(), u.Path), false)
	first.Freeze()
	defer first.Thaw() // the end of a silent connection is waited for
	for version := int64(2); version < 4; version++ {
		verdicts, err := send(t, s, time.Minute, commit(swapOf("t0")))
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := verdicts[0].(housetable.Committed); !ok || v.Results[0].Table.Version != version {
			t.Fatalf("verdict %#v, want version %d", verdicts[0], version)
		}
	}
}

// TestReadsGoOn: a read whose connection ends is asked again on another.
func TestReadsGoOn(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	for _, fate := range []nettest.Fate{nettest.CutBefore, nettest.CutAfter} {
		var left atomic.Int64
		left.Store(3)
		b.proxy.Judge(func(sent []byte) nettest.Fate {
			if bytes.Contains(sent, []byte("t0")) && left.Add(-1) >= 0 {
				return fate
			}
			return nettest.Pass
		})
		if got := versionOf(t, b.Store, "t0"); got != 1 || left.Load() > 0 {
			t.Errorf("version %d, %d cuts left", got, left.Load())
		}
	}
}

// TestChangesWithoutRecord are not sent again: whether they were made is not known.
func TestChangesWithoutRecord(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	name := "lost"
	b.proxy.Judge(func(sent []byte) nettest.Fate {
		if bytes.Contains(sent, []byte(name)) {
			return nettest.CutAfter
		}
		return nettest.Pass
	})
	_, _, err := b.PutJob(t.Context(), housetable.DefaultWarehouse, housetable.Job{JobID: name}, nil)
	wantKind(t, err, fault.UnknownOutcome)
	wantKind(t, b.PutToggleRule(t.Context(), housetable.DefaultWarehouse, housetable.ToggleRule{FeatureID: name, DatabasePattern: "*", TablePattern: "*"}), fault.UnknownOutcome)
	_, err = b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: name})
	wantKind(t, err, fault.UnknownOutcome)
	b.proxy.Judge(func([]byte) nettest.Fate { return nettest.Pass })
	for what, err := range map[string]error{
		"job":       second(b.Job(t.Context(), housetable.DefaultWarehouse, name)),
		"warehouse": second(b.Warehouse(t.Context(), name)),
	} {
		if err != nil {
			t.Errorf("the %s that was made: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func wantRetryable(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != kind || e.RetryAfter <= 0 {
		t.Errorf("error %v, want %s with a time to come back", err, kind)
	}
}

func direct(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", statement, err))
	}
}
