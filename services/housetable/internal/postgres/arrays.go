package postgres

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// column is one array parameter: a column of a set of rows that a statement is given.
type column struct {
	name   string
	sql    string
	values interface{ argument() any }
}

// list is what is in a column.
type list[T any] struct{ values []T }

// argument is the list as an array whose elements pgx encodes without reflection.
func (l *list[T]) argument() any { return pgtype.FlatArray[T](l.values) }

// rows is a set of rows under construction, by column.
type rows struct {
	columns []column
	// at is the column that comes next in the row under construction.
	at int
	// length is how many rows there are.
	length int
}

func newRows() *rows { return &rows{} }

// set adds a value to a column. Every row sets the same columns in the same
// order: the first row makes them.
func set[T any](r *rows, name, sql string, value T) {
	switch {
	case r.length == 0:
		r.length = 1
	case name == r.columns[0].name:
		r.at, r.length = 0, r.length+1
	}
	if r.at == len(r.columns) {
		r.columns = append(r.columns, column{name: name, sql: sql, values: &list[T]{}})
	}
	column, _ := r.columns[r.at].values.(*list[T]) // one column has one type
	column.values = append(column.values, value)
	r.at++
}

// rowAlias is what a set is called in the query that makes it a CTE.
const rowAlias = "u"

// arguments are the columns, as many as there are.
func (r *rows) arguments() []any {
	args := make([]any, len(r.columns))
	for i, c := range r.columns {
		args[i] = c.values.argument()
	}
	return args
}

// unnest is the set as a table expression, its arrays added to args.
func (r *rows) unnest(args *[]any) string {
	arrays := make([]string, len(r.columns))
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		arrays[i] = "$" + strconv.Itoa(len(*args)+i+1) + "::" + c.sql + "[]"
		names[i] = c.name
	}
	*args = append(*args, r.arguments()...)
	return "unnest(" + strings.Join(arrays, ", ") + ") AS " + rowAlias + "(" + strings.Join(names, ", ") + ")"
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
