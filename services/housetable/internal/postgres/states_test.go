package postgres_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// TestStates makes the server fail the commit statement with each state, and
// reads what is made of it. 40001 and its like are tried again and so take longer.
func TestStates(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	conn := direct(t, b.database)
	for state, kind := range map[string]fault.Kind{
		"08006": fault.UnknownOutcome, // connection failure
		"08007": fault.UnknownOutcome, // transaction resolution unknown
		"25006": fault.Unavailable,    // read-only transaction
		"40001": fault.Unavailable,    // serialization failure
		"40003": fault.UnknownOutcome, // statement completion unknown
		"40P01": fault.Unavailable,    // deadlock
		"53100": fault.Unavailable,    // disk full
		"53200": fault.Unavailable,    // out of memory
		"53300": fault.Unavailable,    // too many connections
		"53400": fault.Unavailable,    // configuration limit
		"55P03": fault.Unavailable,    // lock not available
		"57014": fault.Unavailable,    // canceled, by a time-out
		"57P01": fault.UnknownOutcome, // server shuts down
		"57P03": fault.UnknownOutcome, // server starts up
		"58030": fault.Unavailable,    // input or output error
		"XX000": fault.Internal,       // a defect of the server
		"42501": fault.Internal,       // not permitted
	} {
		execute(t, conn, fmt.Sprintf(`CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
			$$BEGIN RAISE EXCEPTION 'made to fail' USING ERRCODE = '%s'; END$$`, state))
		execute(t, conn, "CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON operation EXECUTE FUNCTION fail()")
		limit := time.Minute
		if kind == fault.UnknownOutcome {
			limit = 700 * time.Millisecond // it is sent again for that long
		}
		_, err := send(t, b.Store, limit, commit(swapOf("t0")))
		if got := fault.KindOf(err); err == nil || got != kind {
			t.Errorf("%s: %v, want %s", state, err, kind)
		}
		if kind.HTTPStatus() < 500 {
			t.Errorf("%s: status %d", state, kind.HTTPStatus())
		}
		if kind == fault.Unavailable {
			wantRetryable(t, err, kind)
		}
		execute(t, conn, "DROP TRIGGER fail ON operation")
	}
	if got := versionOf(t, b.Store, "t0"); got != 1 {
		t.Errorf("version %d, want 1", got)
	}
}

// TestTimeouts: a lock that is held and a statement that takes too long end in
// time, and are no unknown outcome.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for _, parameters := range []string{"&lock_timeout=100", "&lock_timeout=0&statement_timeout=100"} {
		b := behindProxy(t, parameters)
		meetLock(t, b.Store, b.database)
	}
}

// TestTimeoutsBehindPooler: a pooler's sessions are nobody's to set, so the role
// or the database has the limits.
func TestTimeoutsBehindPooler(t *testing.T) {
	t.Parallel()
	b := behindPooler(t, "lock_timeout = 100")
	meetLock(t, b.Store, b.database)
}

func meetLock(t *testing.T, s *postgres.Store, database string) {
	t.Helper()
	conn := direct(t, database)
	execute(t, conn, "BEGIN")
	execute(t, conn, "SELECT 1 FROM house_table WHERE table_id = 't0' FOR UPDATE")
	_, err := send(t, s, time.Minute, commit(swapOf("t0")))
	wantRetryable(t, err, fault.Unavailable)
	if _, err := send(t, s, time.Minute, commit(swapOf("t1"))); err != nil {
		t.Errorf("beside the lock: %v", err)
	}
	execute(t, conn, "COMMIT")
	mustCommit(t, s, swapOf("t0"))
}

// TestBusyPool: whoever finds all connections busy waits a while, and is told to
// come back.
func TestBusyPool(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t, postgres.Migrate)
	s := openAt(t, database+"&lock_timeout=0&statement_timeout=0", postgres.Options{Connections: 1, AcquireTimeout: 200 * time.Millisecond})
	until(t, "there is a connection", func() bool { return s.Ready(t.Context()) == nil })
	conn := direct(t, database)
	execute(t, conn, "BEGIN")
	execute(t, conn, "LOCK TABLE operation")
	var busy sync.WaitGroup
	busy.Go(func() { mustApply(t, s, commit()) })
	until(t, "the commit waits for the lock", func() bool {
		var waiting bool
		err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))").Scan(&waiting)
		return err == nil && waiting
	})
	_, err := send(t, s, time.Minute, commit())
	wantRetryable(t, err, fault.Overloaded)
	_, err = s.Namespace(t.Context(), housetable.DefaultWarehouse, "db")
	wantRetryable(t, err, fault.Overloaded)
	execute(t, conn, "COMMIT")
	busy.Wait()
}

// TestNoConnections: a server that takes no more connections, and one that
// refuses the password or the database, were never sent anything.
func TestNoConnections(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t, postgres.Migrate)
	conn := direct(t, database)
	role := "limited_" + strings.TrimPrefix(mustParse(t, database).Path, "/")
	execute(t, conn, "CREATE ROLE "+role+" LOGIN CONNECTION LIMIT 0")
	defer execute(t, conn, "DROP ROLE "+role)
	refused, missing := mustParse(t, database), mustParse(t, database)
	refused.User = url.User(role)
	missing.Path = "/nothing_here"
	for _, u := range []*url.URL{refused, missing} {
		s := openAt(t, u.String(), postgres.Options{Connections: 2})
		_, err := send(t, s, time.Minute, commit(creation("t0")))
		wantRetryable(t, err, fault.Unavailable)
		wantRetryable(t, s.Ready(t.Context()), fault.Unavailable)
	}
}

// TestTerminated: an operator ends all sessions in the middle of commits, with
// and without a pooler that loses them. None is of unknown outcome for it, and
// each is applied once.
func TestTerminated(t *testing.T) {
	t.Parallel()
	b := behindProxy(t, "")
	terminate(t, b.Store, b.database)
}

func TestTerminatedBehindPooler(t *testing.T) {
	t.Parallel()
	b := behindPooler(t)
	terminate(t, b.Store, b.database)
}

func terminate(t *testing.T, s *postgres.Store, database string) {
	t.Helper()
	const writers, each = 3, 150
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for range each {
				mustApply(t, s, commit(swapOf(fmt.Sprint("t", w))))
			}
		})
	}
	finished := make(chan struct{})
	go func() { all.Wait(); close(finished) }()
	if endSessions(t, direct(t, database), finished) == 0 {
		t.Error("no session was ended: the test shows nothing")
	}
	for w := range writers {
		if got := versionOf(t, s, fmt.Sprint("t", w)); got != each+1 {
			t.Errorf("t%d at version %d, want %d", w, got, each+1)
		}
	}
}

// mustApply sends c until it is answered; only what was never sent may fail.
func mustApply(t *testing.T, s *postgres.Store, c housetable.Commit) {
	t.Helper()
	_, err := send(t, s, time.Minute, c)
	for fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Overloaded) {
		_, err = send(t, s, time.Minute, c)
	}
	if err != nil {
		t.Errorf("commit: %v", err)
	}
}

// endSessions ends all sessions but its own, again and again until finished.
func endSessions(t *testing.T, conn *pgx.Conn, finished <-chan struct{}) (ended int) {
	t.Helper()
	for {
		select {
		case <-finished:
			return ended
		case <-time.After(20 * time.Millisecond):
			var n int
			if err := conn.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			ended += n
		}
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
