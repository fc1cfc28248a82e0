package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// TestReadsGoOnWhileCommitsWait: while the standby is away commits wait for it in
// the server, whoever gave them up. They do not take all of the server's
// connections, reads are answered, and commits are again when the standby is back.
func TestReadsGoOnWhileCommitsWait(t *testing.T) {
	t.Parallel()
	pgtest.Binaries(t)
	const connections, room = 4, 20
	primary, err := pgtest.Start(t.Context(), fmt.Sprint("max_connections=", room))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Stop() })
	if err := postgres.Migrate(t.Context(), primary.URL("postgres")); err != nil {
		t.Fatal(err)
	}
	standby, err := primary.Standby(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Stop() })
	s := openAt(t, primary.URL("postgres"), postgres.Options{Connections: connections})
	mustCommit(t, s, housetable.CreateNamespace{DatabaseID: "db"})
	for i := range 2 * room {
		mustCommit(t, s, creation(fmt.Sprint("t", i)))
	}
	operator := direct(t, primary.URL("postgres"))
	if err := standby.Kill(); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 2*room; i += 2 {
		var wait sync.WaitGroup
		for _, table := range []string{fmt.Sprint("t", i), fmt.Sprint("t", i+1)} {
			wait.Go(func() {
				_, err := send(t, s, 150*time.Millisecond, commit(swapOf(table)))
				if !fault.Is(err, fault.UnknownOutcome) && !fault.Is(err, fault.Unavailable) {
					t.Errorf("commit to %s: %v", table, err)
				}
			})
			wait.Go(func() {
				err := s.PutToggleRule(t.Context(), housetable.DefaultWarehouse, housetable.ToggleRule{FeatureID: table, DatabasePattern: "*", TablePattern: "*"})
				if i > room && !fault.Is(err, fault.Unavailable) {
					t.Errorf("toggle of %s: %v", table, err)
				}
			})
		}
		wait.Wait()
		if got := versionOf(t, s, fmt.Sprint("t", 2*room-1)); got < 1 {
			t.Fatalf("version %d", got)
		}
		if n := waiting(t, operator); n > 2*connections {
			t.Fatalf("after %d commits %d wait in the server", i+2, n)
		}
	}
	if err := standby.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "the standby is back", func() bool { return waiting(t, operator) == 0 })
	mustCommit(t, s, creation("after"))
}

// waiting are the sessions that wait for a standby.
func waiting(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
