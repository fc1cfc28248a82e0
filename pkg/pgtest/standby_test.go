package pgtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
)

func TestStandbyTakesOver(t *testing.T) {
	pgtest.Binaries(t)
	primary, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Stop() })
	run(t, primary.URL("postgres"), "CREATE TABLE t (n int)")
	standby, err := primary.Standby(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Stop() })
	run(t, primary.URL("postgres"), "INSERT INTO t VALUES (1)")
	if err := standby.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := insertWithin(primary.URL("postgres"), time.Second); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a commit without its standby: %v", err)
	}
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := standby.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, standby.URL("postgres")); n != 1 {
		t.Errorf("rows after the failover: %d, want 1", n)
	}
	run(t, standby.URL("postgres"), "INSERT INTO t VALUES (2)")
}

func insertWithin(url string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(ctx, "INSERT INTO t VALUES (3)")
	return err
}
