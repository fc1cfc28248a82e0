package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// TestRecordWaitsForTheStandby: a commit that an operator cancels while it waits
// for its standby is there for all to see, and gone after a failover. Nobody may have
// been told meanwhile that it was applied.
func TestRecordWaitsForTheStandby(t *testing.T) {
	t.Parallel()
	pgtest.Binaries(t)
	primary, err := pgtest.Start(t.Context())
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
	s := openAt(t, fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable", primary.Port, standby.Port),
		postgres.Options{Connections: 8})
	mustCommit(t, s, housetable.CreateNamespace{DatabaseID: "db"})
	mustCommit(t, s, creation("t0"))

	if err := standby.Kill(); err != nil {
		t.Fatal(err)
	}
	c := commit(swapOf("t0"))
	_, err = send(t, s, time.Second, c)
	wantKind(t, err, fault.UnknownOutcome)
	operator := direct(t, primary.URL("postgres"))
	until(t, "the commit is seen", func() bool {
		execute(t, operator, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
		return versionOf(t, s, "t0") == 2
	})
	verdicts, err := send(t, s, time.Second, c)
	if err == nil {
		t.Errorf("answered without the standby: %#v", verdicts[0])
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = s.Operation(ctx, housetable.DefaultWarehouse, c.Operations[0].ID)
	wantKind(t, err, fault.Unavailable)

	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	_, err = send(t, s, 5*time.Second, commit(swapOf("t0")))
	wantKind(t, err, fault.Unavailable) // there is no server at all
	if err := standby.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = send(t, s, 5*time.Second, commit(swapOf("t0")))
	wantKind(t, err, fault.Unavailable) // and then none that takes writes
	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := versionOf(t, s, "t0"); got != 1 {
		t.Fatalf("after the failover: version %d, want 1: the test shows nothing", got)
	}
	verdicts, err = send(t, s, time.Minute, c)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := verdicts[0].(housetable.Committed); !ok || versionOf(t, s, "t0") != 2 {
		t.Errorf("sent again: %#v, version %d", verdicts[0], versionOf(t, s, "t0"))
	}
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("error %v, want %s", err, kind)
	}
}
