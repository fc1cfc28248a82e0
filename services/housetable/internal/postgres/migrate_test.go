package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
)

// firstKept is the oldest schema beside whose build a later one must be able to run.
const firstKept = 5

// TestMigrationsExpand: the build of each schema can go on writing and reading
// when the next migration has run.
func TestMigrationsExpand(t *testing.T) {
	url := pgtest.New(t, nil)
	before := schemaOf(t, migratedTo(t, url, firstKept))
	for version := firstKept + 1; version <= schemaVersion; version++ {
		after := schemaOf(t, migratedTo(t, url, version))
		if broken := contractions(before, after); len(broken) > 0 {
			t.Errorf("migration %d breaks the build before it:\n%s", version, strings.Join(broken, "\n"))
		}
		before = after
	}
}

// TestContractionsAreSeen shows that the rule can fail: on a migration of before
// the first release, and on each thing that a migration must not do.
func TestContractionsAreSeen(t *testing.T) {
	url := pgtest.New(t, nil)
	fourth := schemaOf(t, migratedTo(t, url, 4))
	conn := migratedTo(t, url, firstKept)
	before := schemaOf(t, conn)
	if broken := contractions(fourth, before); !slices.Contains(broken, "change_event.txid is gone") {
		t.Errorf("migration 5 dropped a column: %q", broken)
	}
	for statement, want := range map[string]string{
		"ALTER TABLE job RENAME COLUMN state TO status":           "job.state is gone",
		"DROP TABLE toggle_rule":                                  "toggle_rule.feature_id is gone",
		"ALTER TABLE job ALTER COLUMN version TYPE integer":       "job.version is integer, was bigint",
		"ALTER TABLE job ALTER COLUMN state SET NOT NULL":         "job.state must not be NULL any more",
		"ALTER TABLE job ALTER COLUMN changed_at_ms DROP DEFAULT": "job.changed_at_ms needs a value now",
		"ALTER TABLE job ADD COLUMN x text NOT NULL":              "job.x needs a value now",
		"ALTER TABLE job ADD CHECK (version < 9)":                 "job is bound by CHECK ((version < 9))",
		"CREATE UNIQUE INDEX one_name ON job (job_name)":          "job is bound by CREATE UNIQUE INDEX one_name ON public.job USING btree (job_name)",
	} {
		execAll(t, conn, "BEGIN", statement)
		after := schemaOf(t, conn)
		execAll(t, conn, "ROLLBACK")
		if broken := contractions(before, after); !slices.Contains(broken, want) {
			t.Errorf("%s: found %q, want %q", statement, broken, want)
		}
	}
}

// field is a column of a table, as far as others depend on it.
type field struct {
	dataType          string
	nullable, isGiven bool
}

// schema is what is in a database: columns by "table.column", and what rows of a
// table must satisfy beyond that, by table.
type schema struct {
	columns map[string]field
	tables  map[string]bool
	bounds  map[[2]string]bool
}

// contractions are what of before a build may rely on and after does not have.
func contractions(before, after schema) (broken []string) {
	for name, was := range before.columns {
		is, there := after.columns[name]
		switch {
		case !there:
			broken = append(broken, name+" is gone")
		case is.dataType != was.dataType:
			broken = append(broken, fmt.Sprintf("%s is %s, was %s", name, is.dataType, was.dataType))
		case was.nullable && !is.nullable:
			broken = append(broken, name+" must not be NULL any more")
		}
	}
	for name, is := range after.columns {
		table, _, _ := strings.Cut(name, ".")
		was, there := before.columns[name]
		needed := !is.nullable && !is.isGiven
		if before.tables[table] && needed && (!there || was.nullable || was.isGiven) {
			broken = append(broken, name+" needs a value now")
		}
	}
	for bound := range after.bounds {
		if before.tables[bound[0]] && !before.bounds[bound] {
			broken = append(broken, bound[0]+" is bound by "+bound[1])
		}
	}
	return broken
}

// migratedTo is a connection to the database at url once it has the schema of a
// version.
func migratedTo(t *testing.T, url string, version int) *pgx.Conn {
	t.Helper()
	if err := migrateTo(t.Context(), url, int64(version)); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execAll(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func schemaOf(t *testing.T, conn *pgx.Conn) schema {
	t.Helper()
	s := schema{columns: map[string]field{}, tables: map[string]bool{}, bounds: map[[2]string]bool{}}
	var table, name string
	var c field
	each(t, conn, `SELECT table_name, column_name, data_type, is_nullable = 'YES',
			column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS'
		FROM information_schema.columns WHERE table_schema = 'public'`,
		[]any{&table, &name, &c.dataType, &c.nullable, &c.isGiven}, func() { s.columns[table+"."+name], s.tables[table] = c, true })
	var bound string
	each(t, conn, `SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
			WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'x')
		UNION ALL SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
			WHERE indisunique AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)`,
		[]any{&table, &bound}, func() { s.bounds[[2]string{table, bound}] = true })
	return s
}

func each(t *testing.T, conn *pgx.Conn, query string, targets []any, row func()) {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.ForEachRow(rows, targets, func() error { row(); return nil }); err != nil {
		t.Fatal(err)
	}
}
