package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// row is what the scan functions read from.
type row interface{ Scan(dest ...any) error }

// first reads the first row, or nil where there is none.
func first[T any](scan func(row) (T, error), rows *sql.Rows, err error) (*T, error) {
	found, err := all(scan, rows, err)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// all reads every row and closes rows. It takes the two results of a query as
// they come, so that a read is one expression.
func all[T any](scan func(row) (T, error), rows *sql.Rows, err error) (found []T, _ error) {
	if err != nil {
		return nil, classify(err, "query")
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, classify(err, "scan")
		}
		found = append(found, item)
	}
	return found, classify(rows.Err(), "query")
}

func scanBool(r row) (b bool, err error) {
	err = r.Scan(&b)
	return b, err
}

func scanInt(r row) (n int64, err error) {
	err = r.Scan(&n)
	return n, err
}

func encodeJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	return string(b), nil
}

// blob is b, never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// optional is the bytes of a uuid, NULL for none.
func optional(u *housetable.UUID) []byte {
	if u == nil {
		return nil
	}
	return u[:]
}
