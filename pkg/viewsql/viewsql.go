// Package viewsql owns which tables and views the SQL of a view names.
//
// It promises to find a name only where a query reads from it: never in a string, a
// comment or a column, and never one that the query defines by itself. What it cannot
// tell for certain it does not find: a query may read from more than is found, such
// as by a statement of a dialect that is not known here.
package viewsql

import (
	"slices"
	"strings"
)

// Name is what a query calls a table or view that it reads from.
type Name struct {
	// Catalog is empty where none is named.
	Catalog string
	// Namespace has no levels where none is named.
	Namespace []string
	Name      string
}

// maxSQL bounds what is read, in bytes.
const maxSQL = 256 << 10

// dialect is how a dialect spells names.
type dialect struct {
	// quote is around names that are quoted.
	quote byte
	// lower says that all names are lower case, quoted or not.
	lower bool
	// levels says that a name has at most three parts, the middle one with dots
	// between the levels of a namespace.
	levels bool
}

// dialectOf knows dialects by the names that engines write into views.
func dialectOf(name string) (dialect, bool) {
	switch strings.ToLower(name) {
	case "spark", "hive", "flink":
		return dialect{quote: '`'}, true
	case "trino", "presto", "athena":
		return dialect{quote: '"', lower: true, levels: true}, true
	default:
		return dialect{}, false
	}
}

// Names are what a query of a dialect reads from, in the order in which they stand
// there; none where the dialect is not known, or the query in doubt.
func Names(dialectName, sql string) []Name {
	d, known := dialectOf(dialectName)
	if !known || len(sql) > maxSQL {
		return nil
	}
	tokens, sound := d.tokens(sql)
	if !sound {
		return nil
	}
	q := query{dialect: d, tokens: tokens, frames: []frame{{}}, own: defined(tokens)}
	if !q.read() {
		return nil
	}
	return q.found
}

// defined are the names, folded, that stand in front of a parenthesis, also with AS
// in between: those that a query gives to parts of itself, and functions.
func defined(tokens []token) map[string]bool {
	names := map[string]bool{}
	for i, t := range tokens {
		next := i + 1
		if t.kind != word && t.kind != quoted || next == len(tokens) {
			continue
		}
		if tokens[next].is("AS") {
			next++
			for next < len(tokens) && (tokens[next].is("NOT") || tokens[next].is("MATERIALIZED")) {
				next++
			}
		}
		if next < len(tokens) && tokens[next].kind == open {
			names[strings.ToLower(t.text)] = true
		}
	}
	return names
}

// name makes a name of its parts, if they are one.
func (d dialect) name(parts []string) (Name, bool) {
	if d.lower {
		for i, part := range parts {
			parts[i] = strings.ToLower(part)
		}
	}
	last := len(parts) - 1
	n := Name{Name: parts[last], Namespace: parts[:last]}
	if last > 1 {
		n.Catalog, n.Namespace = parts[0], parts[1:last]
	}
	if d.levels && last > 0 {
		n.Namespace = strings.Split(parts[last-1], ".")
	}
	return n, !slices.Contains(parts, "") && (!d.levels || last < 3)
}
