package viewsql_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/viewsql"
)

// shown is a name in a form that tells its parts apart: catalog/level.level/name.
func shown(names []viewsql.Name) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = n.Catalog + "/" + strings.Join(n.Namespace, "+") + "/" + n.Name
	}
	return strings.Join(texts, " ")
}

// TestNamesAreFoundWhereAQueryReads, and nowhere else.
func TestNamesAreFoundWhereAQueryReads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ dialect, sql, want string }{
		{"spark", "SELECT * FROM orders", "//orders"},
		{"spark", "select o.id from sales.Orders as o where o.x in (1, 2)", "/sales/Orders"},
		{"SPARK", "SELECT * FROM lake . eu.sales.`or``der s`", "lake/eu+sales/or`der s"},
		{"trino", `SELECT * FROM lake."Sales.EU"."Orders" o`, "lake/sales+eu/orders"},
		{"trino", `SELECT * FROM a.b.c.d`, ""},
		{"spark", "SELECT * FROM a, b x JOIN c ON a.i = b.i LEFT JOIN n.d USING (i, j), e", "//a //b //c /n/d //e"},
		{"spark", "SELECT * FROM (a JOIN b ON true) JOIN (SELECT * FROM c) t, ((d))", "//a //b //c //d"},
		{"spark", "SELECT (SELECT max(x) FROM a) FROM b WHERE EXISTS (SELECT 1 FROM c) GROUP BY d, e HAVING x > (SELECT 1 FROM f)", "//a //b //c //f"},
		{"spark", "SELECT * FROM a UNION ALL SELECT x, y FROM b ORDER BY c, d", "//a //b"},
		{"spark", "SELECT 'FROM a, b' || \"JOIN c\" FROM d", "//d"},
		{"spark", "SELECT 'it''s FROM x' FROM a", "//a"},
		{"spark", "SELECT 1 -- FROM x\nFROM a /* JOIN b */ -- end", "//a"},
		{"spark", "WITH o AS (SELECT * FROM orders), p(x) AS (SELECT * FROM o) SELECT * FROM o, P, n.o", "//orders /n/o"},
		{"trino", "WITH o AS NOT MATERIALIZED (SELECT 1) SELECT * FROM o", ""},
		{"spark", "SELECT extract(YEAR FROM d), trim(BOTH 'x' FROM e) FROM a WHERE b IS DISTINCT FROM c", "//a"},
		{"spark", "SELECT * FROM range(1, 2) r, explode(x), a", "//a"},
		{"trino", "SELECT * FROM a CROSS JOIN UNNEST(b, c) WITH ORDINALITY AS u (d, e), f, TABLE(g(h => 1)), i", "//a //f //i"},
		{"spark", "SELECT * FROM a LATERAL VIEW OUTER explode(b) t AS c, d", "//a"},
		{"spark", "SELECT * FROM a, LATERAL (SELECT * FROM b) c", "//a //b"},
		{"spark", "SELECT * FROM a WINDOW w AS (ORDER BY b), v AS (PARTITION BY c)", "//a"},
		{"spark", "SELECT * FROM VALUES (1, 2), (3, 4) AS t(b, c)", ""},
		{"spark", "SELECT * FROM a TABLESAMPLE (10 PERCENT), b VERSION AS OF 3, c FOR TIMESTAMP AS OF '2026'", "//a //b //c"},
		{"spark", "SELECT * EXCEPT (b, c) FROM a", "//a"},
		{"spark", "SELECT * FROM a JOIN b ON a.x = ARRAY[c, d][0]", "//a //b"},
		{"spark", "SELECT * FROM a JOIN b ON a.x::map<int, c> = y, d", "//a //b"},
		{"spark", "SELECT * FROM `from`, `a.b`.c, ``", "//from /a.b/c"},
		{"spark", "SELECT a FROM", ""},
		{"spark", "SELECT * FROM a.", ""},
		{"spark", "SELECT * FROM a.*", ""},
		{"spark", "SELECT * FROM @a, b", "//b"},
		{"spark", "DELETE FROM a", ""},
		{"hive", "FROM a SELECT *", ""},
	} {
		if diff := cmp.Diff(c.want, shown(viewsql.Names(c.dialect, c.sql))); diff != "" {
			t.Errorf("%s: %s: (-want +got)\n%s", c.dialect, c.sql, diff)
		}
	}
}

// TestWhatIsInDoubtNamesNothing: where dialects, or settings of one, read differently.
func TestWhatIsInDoubtNamesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ dialect, sql string }{
		{"unknown", "SELECT * FROM a"},
		{"", "SELECT * FROM a"},
		{"spark", `SELECT 'x\' FROM b, '' FROM a`},
		{"trino", `SELECT 'x\' FROM a`},
		{"spark", `SELECT "x\" FROM a`},
		{"spark", "SELECT 1 /* /* */ FROM b */ FROM a"},
		{"spark", "SELECT 1 /* FROM a"},
		{"spark", "SELECT 1 -- \\\n, x FROM a"},
		{"spark", "SELECT 'x FROM a"},
		{"spark", "SELECT `x FROM a"},
		{"spark", "SELECT (1 FROM a"},
		{"spark", "SELECT 1) FROM a"},
		{"trino", "SELECT * FROM `a`"},
		{"trino", `SELECT * FROM U&"\0061"`},
		{"trino", "SELECT $$ x $$ FROM a"},
		{"spark", "SELECT ${x} FROM a"},
		{"spark", "FROM a |> SELECT b, c |> JOIN d"},
		{"flink", "SELECT * FROM a // , b\n"},
		{"spark", "SELECT \xff FROM a"},
		{"spark", "SELECT * FROM a -- " + strings.Repeat("x", 256<<10)},
	} {
		if got := viewsql.Names(c.dialect, c.sql); got != nil {
			t.Errorf("%s: %.100s: %s", c.dialect, c.sql, shown(got))
		}
	}
}

// FuzzNames: whatever the text, names are of what is in it, and none is found where
// all of it is a string, a comment, or a query's columns.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{
		"SELECT * FROM a.b, `c` JOIN (SELECT x FROM d) e ON true", `SELECT 'x' FROM "a"."b" -- c`, "WITH a AS (SELECT 1 /* x */) SELECT * FROM a",
		"SELECT extract(year FROM a) FROM b LATERAL VIEW explode(c) d AS e, f",
	} {
		f.Add("spark", seed)
		f.Add("trino", seed)
	}
	f.Fuzz(func(t *testing.T, dialect, sql string) {
		for _, n := range viewsql.Names(dialect, sql) {
			for _, part := range append([]string{n.Name}, n.Namespace...) {
				unquoted := strings.NewReplacer("``", "`", `""`, `"`).Replace(strings.ToLower(sql))
				if !strings.Contains(unquoted, strings.ToLower(part)) && !strings.Contains(strings.ToLower(sql), strings.ToLower(part)) {
					t.Errorf("%q is not in %q", part, sql)
				}
			}
		}
		if strings.ContainsAny(sql, "'\\") {
			return
		}
		for _, harmless := range []string{"'" + sql + "'", "-- " + strings.NewReplacer("\n", " ", "\r", " ").Replace(sql), "SELECT f('" + sql + "')"} {
			if found := viewsql.Names(dialect, harmless); len(found) > 0 {
				t.Errorf("%q names %s", harmless, shown(found))
			}
		}
	})
}
