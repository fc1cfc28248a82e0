package postgres_test

import (
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// documented are the lines of docs/database.md about the pooler that are to be typed:
// those of pgbouncer.ini below [pgbouncer], and those for the role.
func documented(t *testing.T) (settings, statements []string) {
	t.Helper()
	page, err := os.ReadFile("../../../../docs/database.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## PgBouncer")
	for _, line := range regexp.MustCompile(`(?m)^    .*$`).FindAllString(section, -1) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "ALTER ROLE igloo "):
			statements = append(statements, line)
		case !strings.HasPrefix(line, "[") && !strings.HasPrefix(line, "igloo ="):
			settings = append(settings, line)
		}
	}
	if len(settings) == 0 || len(statements) == 0 {
		t.Fatalf("docs/database.md has the settings %q, and for the role %q", settings, statements)
	}
	return settings, statements
}

// TestLoadBehindDocumentedPooler: two replicas with more connections than the
// pooler has sessions, which are as docs/database.md has them, commit together:
// each commit is applied once, and the limits of the role hold.
func TestLoadBehindDocumentedPooler(t *testing.T) {
	t.Parallel()
	const writers, each = 16, 25
	settings, statements := documented(t)
	database := pgtest.New(t, postgres.Migrate)
	admin := direct(t, database)
	execute(t, admin, "DO $$ BEGIN CREATE ROLE igloo SUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
	for _, statement := range statements {
		execute(t, admin, statement)
	}
	u := mustParse(t, database)
	u.User = url.User("igloo")
	pooled := pgtest.NewPooler(t, u.String(), settings...).URL(u.String())
	replicas := [2]*postgres.Store{filled(t, pooled, true), openAt(t, pooled, postgres.Options{Connections: 32, Pooler: true})}
	var load sync.WaitGroup
	for w := range writers {
		load.Go(func() {
			for range each {
				if _, err := send(t, replicas[w%2], time.Minute, commit(swapOf([]string{"t0", "t1", "t2"}[w%3]))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	load.Wait()
	swaps := int64(0)
	for _, table := range []string{"t0", "t1", "t2"} {
		swaps += versionOf(t, replicas[0], table) - 1
	}
	if swaps != writers*each {
		t.Errorf("%d swaps, want %d", swaps, writers*each)
	}
	var limit string
	if err := direct(t, pooled+"&default_query_exec_mode=exec").QueryRow(t.Context(), "SHOW statement_timeout").Scan(&limit); err != nil || limit != "5s" {
		t.Errorf("statement_timeout %s, %v", limit, err)
	}
}
