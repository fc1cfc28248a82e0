package postgres

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// references are the tables that are small and belong to no one warehouse: where
// warehouses are spread over servers, each server has all of them. All others are
// spread by their warehouse. goose_db_version is the list of migrations.
var references = []string{"access_role", "goose_db_version", "warehouse"}

// deviations are what of the schema would not do where the rows of warehouses lie
// on different servers: there a key is unique among those of one warehouse alone,
// and refers to rows of the same warehouse or to a table that is everywhere. $1
// are the references.
const deviations = `WITH spread AS (
		SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
		WHERE s.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT c.relname = ANY ($1::text[])),
	own AS (SELECT s.oid, s.relname, a.attnum FROM spread s LEFT JOIN pg_attribute a
		ON a.attrelid = s.oid AND a.attname = 'warehouse_id' AND a.attnotnull AND a.attgenerated = '' AND NOT a.attisdropped)
	SELECT relname || ' has no warehouse_id' FROM own WHERE attnum IS NULL
	UNION ALL SELECT relname || ' has no primary key' FROM own
		WHERE NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = own.oid AND i.indisprimary)
	UNION ALL SELECT i.indexrelid::regclass::text || ' does not begin with warehouse_id' FROM own JOIN pg_index i ON i.indrelid = own.oid
		WHERE i.indisunique AND i.indkey[0] IS DISTINCT FROM own.attnum
	UNION ALL SELECT f.conname || ' leads to another warehouse' FROM pg_constraint f JOIN own ON own.oid = f.conrelid
		JOIN own target ON target.oid = f.confrelid
		WHERE f.contype = 'f' AND f.conparentid = 0 AND (f.conkey[1], f.confkey[1]) IS DISTINCT FROM (own.attnum, target.attnum)
	UNION ALL SELECT f.conname || ' leads from a table that is everywhere to one that is not' FROM pg_constraint f
		JOIN spread target ON target.oid = f.confrelid WHERE f.contype = 'f' AND f.conrelid NOT IN (SELECT oid FROM spread)
	UNION ALL SELECT f.conname || ' is an exclusion' FROM pg_constraint f JOIN own ON own.oid = f.conrelid WHERE f.contype = 'x'
	UNION ALL SELECT r || ' is not there' FROM unnest($1::text[]) r WHERE to_regclass(r) IS NULL
	ORDER BY 1`

func (s *Store) deviations(t *testing.T) []string {
	t.Helper()
	found, err := query(t.Context(), s, pgx.RowTo[string], "read the schema", deviations, references)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestSchemaDistributes: the rows of a warehouse can lie on a server of their own.
func TestSchemaDistributes(t *testing.T) {
	s := openStore(t)
	if found := s.deviations(t); len(found) > 0 {
		t.Error(strings.Join(found, "\n"))
	}
	s.mustExec(t, `CREATE TABLE a (warehouse_id text NOT NULL, id int PRIMARY KEY)`)
	s.mustExec(t, `CREATE TABLE b (warehouse_id text NOT NULL, id int REFERENCES a, PRIMARY KEY (warehouse_id, id))`)
	s.mustExec(t, `CREATE TABLE c (id int REFERENCES a)`)
	s.mustExec(t, `ALTER TABLE warehouse ADD COLUMN a int REFERENCES a`)
	want := []string{
		"a_pkey does not begin with warehouse_id", "b_id_fkey leads to another warehouse", "c has no primary key", "c has no warehouse_id",
		"c_id_fkey leads to another warehouse", "warehouse_a_fkey leads from a table that is everywhere to one that is not",
	}
	if found := s.deviations(t); !slices.Equal(found, want) {
		t.Errorf("of a schema that does not distribute: %q, want %q", found, want)
	}
}

// placed are statements of docs/scale.md that say where a table lies.
var placed = regexp.MustCompile(`create_(reference|distributed)_table\('(\w+)'`)

// TestEveryTableIsPlaced: docs/scale.md names each table, as what it is.
func TestEveryTableIsPlaced(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	found := placed.FindAllStringSubmatch(string(page), -1)
	told := make([]string, 0, len(found))
	for _, match := range found {
		told = append(told, match[1]+" "+match[2])
	}
	slices.Sort(told)
	want, err := query(t.Context(), openStore(t), pgx.RowTo[string], "read the schema", `SELECT
		CASE WHEN relname = ANY ($1::text[]) THEN 'reference ' ELSE 'distributed ' END || relname FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'goose_db_version'
		ORDER BY 1`, references)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, want) {
		t.Errorf("docs/scale.md places %q, want %q", told, want)
	}
}
