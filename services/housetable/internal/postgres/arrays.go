package postgres

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// column is one array parameter: a column of a set of rows that a statement is given.
type column struct {
	name   string
	sql    string
	values any
}

// rows is a set of rows under construction, by column.
type rows struct {
	columns []*column
	byName  map[string]*column
	length  int
}

func newRows() *rows { return &rows{byName: map[string]*column{}} }

// set adds a value to a column, which begins with its first value: every row
// sets the same columns in the same order.
func set[T any](r *rows, name, sql string, value T) {
	c, ok := r.byName[name]
	if !ok {
		c = &column{name: name, sql: sql, values: []T(nil)}
		r.byName[name] = c
		r.columns = append(r.columns, c)
	}
	values, _ := c.values.([]T) // one name has one type
	values = append(values, value)
	c.values, r.length = values, len(values)
}

// rowAlias is what a set is called in the query that makes it a CTE.
const rowAlias = "u"

// unnest is the set as a table expression, its arrays added to args.
func (r *rows) unnest(args *[]any) string {
	arrays := make([]string, len(r.columns))
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		*args = append(*args, c.values)
		arrays[i] = fmt.Sprintf("$%d::%s[]", len(*args), c.sql)
		names[i] = c.name
	}
	return fmt.Sprintf("unnest(%s) AS %s(%s)", strings.Join(arrays, ", "), rowAlias, strings.Join(names, ", "))
}

// setKey adds the typed and the folded spelling of a key under a prefix; the
// statement picks one by the warehouse's rule.
func setKey(r *rows, prefix string, key housetable.TableKey) {
	folded := key.Fold()
	set(r, prefix+"db", "text", key.DatabaseID)
	set(r, prefix+"dbf", "text", folded.DatabaseID)
	set(r, prefix+"tb", "text", key.TableID)
	set(r, prefix+"tbf", "text", folded.TableID)
}

func setDatabase(r *rows, id string) {
	set(r, "db", "text", id)
	set(r, "dbf", "text", housetable.Fold(id))
}

// keyOf picks the spelling that is compared, of a row u in the warehouse w.
func keyOf(typed, folded, as string) string {
	return "CASE WHEN w.case_insensitive THEN u." + folded + " ELSE u." + typed + " END AS " + as
}

func pgUUID(id housetable.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

func optionalUUID(id *housetable.UUID) pgtype.UUID {
	if id == nil {
		return pgtype.UUID{}
	}
	return pgUUID(*id)
}

func encodeJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	return string(b), nil
}

// jsonMap is a map of strings as JSON; strings always marshal.
func jsonMap(m map[string]string) string {
	if m == nil {
		return "{}"
	}
	s, err := encodeJSON(m)
	if err != nil {
		return "{}"
	}
	return s
}

func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
