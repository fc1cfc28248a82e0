package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
)

func migrate(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE t (n int)")
	return err
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	first, second := pgtest.New(t, migrate), pgtest.New(t, migrate)
	if first == second {
		t.Fatalf("both tests got %s", first)
	}
	run(t, first, "INSERT INTO t VALUES (1)")
	if n := count(t, second); n != 0 {
		t.Errorf("rows in the second database: %d, want 0", n)
	}
	if n := count(t, first); n != 1 {
		t.Errorf("rows in the first database: %d, want 1", n)
	}
}

func TestClusterSurvivesKillAndRestart(t *testing.T) {
	pgtest.Binaries(t)
	cluster, err := pgtest.Start(t.Context(), "fsync=on")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() })
	run(t, cluster.URL("postgres"), "CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
	if err := cluster.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, cluster.URL("postgres")); n != 1 {
		t.Errorf("rows after the crash: %d, want 1", n)
	}
}

func run(t *testing.T, url, statement string) {
	t.Helper()
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, url string) (n int) {
	t.Helper()
	conn := connect(t, url)
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
