package viewsql

import "strings"

// frame is what is between two parentheses.
type frame struct {
	// query says that there was a SELECT, whose FROM is to come.
	query bool
	// from says that it is after that, where a comma comes before another table.
	from bool
	// wants says that a table comes next.
	wants bool
}

// query is a query that is being read.
type query struct {
	dialect dialect
	tokens  []token
	// own are names that the query defines.
	own    map[string]bool
	next   int
	frames []frame
	found  []Name
}

// read goes through all tokens. It is false if parentheses do not match.
func (q *query) read() bool {
	for q.next < len(q.tokens) {
		t := q.tokens[q.next]
		at := &q.frames[len(q.frames)-1]
		switch {
		case at.wants && q.begins(t):
			at.wants = false
			q.name()
			continue
		case t.kind == open:
			nested := frame{from: at.wants, wants: at.wants}
			at.wants = false
			q.frames = append(q.frames, nested)
		case t.kind == shut:
			if q.frames = q.frames[:len(q.frames)-1]; len(q.frames) == 0 {
				return false
			}
		case t.kind == comma:
			at.wants = at.from
		case t.kind == word:
			at.wants = at.wants && t.is("LATERAL")
			at.keyword(q, strings.ToUpper(t.text))
		case t.text == ":" && q.before(":"): // a type follows, which may have commas
			*at = frame{}
		default:
			at.wants = false
		}
		q.next++
	}
	return len(q.frames) == 1
}

// before reports whether the token before is this one, whatever its case.
func (q *query) before(text string) bool {
	return q.next > 0 && strings.EqualFold(q.tokens[q.next-1].text, text) && q.tokens[q.next-1].kind != quoted
}

// after reports whether the next token is a keyword.
func (q *query) after(keyword string) bool {
	return q.next+1 < len(q.tokens) && q.tokens[q.next+1].is(keyword)
}

// keyword follows the clauses of a query. Words that are no keywords, and those that
// change nothing here, may be anything.
func (f *frame) keyword(q *query, text string) {
	switch text {
	case "SELECT":
		*f = frame{query: true}
	case "FROM":
		if f.query && !q.before("DISTINCT") {
			*f = frame{from: true, wants: true}
		}
	case "JOIN":
		f.wants = f.from
	case "LATERAL":
		if q.after("VIEW") {
			*f = frame{}
		}
	case "WITH":
		if !q.after("ORDINALITY") {
			*f = frame{}
		}
	case "WHERE", "GROUP", "HAVING", "WINDOW", "QUALIFY", "ORDER", "LIMIT", "OFFSET", "FETCH", "BY",
		"UNION", "INTERSECT", "MINUS", "CLUSTER", "DISTRIBUTE", "SORT", "VALUES", "SET", "MATCH_RECOGNIZE":
		*f = frame{}
	case "EXCEPT": // of columns, before FROM, too
		*f = frame{query: f.query}
	}
}

// begins reports whether a token begins the name of a table.
func (q *query) begins(t token) bool {
	return t.kind == quoted || t.kind == word && !reserved(t.text)
}

// reserved are words that may stand where a table may, and are none.
func reserved(text string) bool {
	switch strings.ToUpper(text) {
	case "SELECT", "FROM", "JOIN", "LATERAL", "VALUES", "WITH", "WHERE", "GROUP", "HAVING", "ORDER", "UNION", "INTERSECT", "EXCEPT",
		"ON", "USING", "AS", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "OUTER", "ANTI", "SEMI", "ONLY", "TABLE", "UNNEST", "LIMIT":
		return true
	default:
		return false
	}
}

// name reads a name. What a parenthesis or a dot follows is none of a table, and one
// of a single part may be what the query defines.
func (q *query) name() {
	var parts []string
	for q.next < len(q.tokens) && (q.tokens[q.next].kind == word || q.tokens[q.next].kind == quoted) {
		parts = append(parts, q.tokens[q.next].text)
		if q.next++; q.next == len(q.tokens) || q.tokens[q.next].kind != dot {
			break
		}
		q.next++
	}
	if q.next > 0 && q.tokens[q.next-1].kind == dot {
		return
	}
	if q.next < len(q.tokens) && q.tokens[q.next].kind == open || len(parts) == 1 && q.own[strings.ToLower(parts[0])] {
		return
	}
	if n, is := q.dialect.name(parts); is {
		q.found = append(q.found, n)
	}
}
