package pgtest_test

import (
	"testing"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
)

// TestPoolerSharesSessions: what makes transaction mode hard is really there.
func TestPoolerSharesSessions(t *testing.T) {
	database := pgtest.New(t, migrate)
	pooler := pgtest.NewPooler(t, database, "default_pool_size = 1")
	first, second := connect(t, pooler.URL(database)), connect(t, pooler.URL(database))
	if _, err := first.Exec(t.Context(), "SET application_name TO 'left behind'; SET lock_timeout TO '1234ms'"); err != nil {
		t.Fatal(err)
	}
	var timeout string
	if err := second.QueryRow(t.Context(), "SHOW lock_timeout").Scan(&timeout); err != nil || timeout != "1234ms" {
		t.Errorf("lock_timeout of another client: %s, %v", timeout, err)
	}
	if n := count(t, pooler.URL(database)); n != 0 {
		t.Errorf("rows through the pooler: %d, want 0", n)
	}
}
