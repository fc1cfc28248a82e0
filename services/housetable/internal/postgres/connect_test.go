package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestConfigure: what the URL says wins, and behind a pooler nothing is set in
// sessions.
func TestConfigure(t *testing.T) {
	for _, c := range []struct {
		url     string
		pooler  bool
		mode    pgx.QueryExecMode
		connect time.Duration
		lock    string
		hosts   int
	}{
		{"postgres://a/db?sslmode=disable", false, pgx.QueryExecModeCacheStatement, 3 * time.Second, "2000", 1},
		{"postgres://a:1,b:2/db?sslmode=disable&connect_timeout=7&lock_timeout=9", false, pgx.QueryExecModeCacheStatement, 7 * time.Second, "9", 2},
		{"postgres://a/db?sslmode=disable", true, pgx.QueryExecModeCacheDescribe, 3 * time.Second, "", 1},
		{"postgres://a/db?sslmode=disable&default_query_exec_mode=cache_statement", true, pgx.QueryExecModeCacheStatement, 3 * time.Second, "", 1},
	} {
		config, err := configure(c.url, Options{Connections: 3, Pooler: c.pooler})
		if err != nil {
			t.Fatal(err)
		}
		conn := config.ConnConfig
		if config.MaxConns != 3 || conn.DefaultQueryExecMode != c.mode || conn.ConnectTimeout != c.connect ||
			conn.RuntimeParams["lock_timeout"] != c.lock || len(conn.Fallbacks) != c.hosts-1 || conn.ValidateConnect == nil {
			t.Errorf("%s: %d connections, mode %s, connect within %s, lock_timeout %q, fallbacks %d",
				c.url, config.MaxConns, conn.DefaultQueryExecMode, conn.ConnectTimeout, conn.RuntimeParams["lock_timeout"], len(conn.Fallbacks))
		}
	}
}
