package scan

import (
	"bytes"
	"encoding/json"
)

// operator is a predicate's, as the protocol writes it.
type operator string

// The operators. Those of junctions hold children, the others test a column.
const (
	always        operator = "true"
	never         operator = "false"
	and           operator = "and"
	or            operator = "or"
	isNull        operator = "is-null"
	notNull       operator = "not-null"
	isNaNValue    operator = "is-nan"
	notNaNValue   operator = "not-nan"
	less          operator = "lt"
	lessEqual     operator = "lt-eq"
	greater       operator = "gt"
	greaterEqual  operator = "gt-eq"
	equal         operator = "eq"
	notEqual      operator = "not-eq"
	startsWith    operator = "starts-with"
	notStartsWith operator = "not-starts-with"
	in            operator = "in"
	notIn         operator = "not-in"
)

// negations hold of exactly the rows that the operator does not hold of; nulls
// are rows like any other. Source: Java's Expression.Operation.negate.
var negations = map[operator]operator{
	always: never, never: always, isNull: notNull, notNull: isNull, isNaNValue: notNaNValue, notNaNValue: isNaNValue,
	less: greaterEqual, greaterEqual: less, greater: lessEqual, lessEqual: greater,
	equal: notEqual, notEqual: equal, startsWith: notStartsWith, notStartsWith: startsWith, in: notIn, notIn: in,
}

// expression is a filter bound to a schema, without negations of wholes: they
// were moved down to the predicates.
type expression struct {
	operator

	// children of and, or: two.
	children []*expression
	// column is what a predicate tests.
	column column
	// opaque predicates test something of the column that is not looked into, a
	// transform or a whole struct: they may hold of any row.
	opaque bool
	values []value
	// text is the predicate as residuals say it.
	text []byte
}

var everything = &expression{operator: always, text: []byte("true")}

func constant(op operator, negated bool) *expression {
	if negated {
		op = negations[op]
	}
	return &expression{operator: op, text: []byte(op)}
}

// both and either are the junctions, simplified.
func both(left, right *expression) *expression {
	switch {
	case left.operator == never || right.operator == never:
		return constant(never, false)
	case left.operator == always:
		return right
	case right.operator == always:
		return left
	}
	return &expression{operator: and, children: []*expression{left, right}}
}

func either(left, right *expression) *expression {
	switch {
	case left.operator == always || right.operator == always:
		return everything
	case left.operator == never:
		return right
	case right.operator == never:
		return left
	}
	return &expression{operator: or, children: []*expression{left, right}}
}

// predicateText is the predicate in the spelling that every client reads.
func (e *expression) predicateText(operand json.RawMessage, transformed bool, literals []json.RawMessage) []byte {
	text := append([]byte(`{"type":"`), e.operator...)
	text = append(text, `","term":`...)
	if transformed {
		text = append(text, operand...)
	} else {
		text = appendString(text, e.column.name)
	}
	switch {
	case e.operator == in || e.operator == notIn:
		text = append(append(append(text, `,"values":[`...), bytes.Join(rawBytes(literals), []byte(","))...), ']')
	case len(literals) == 1:
		text = append(append(text, `,"value":`...), literals[0]...)
	}
	return append(text, '}')
}

func rawBytes(raw []json.RawMessage) [][]byte {
	all := make([][]byte, len(raw))
	for i, r := range raw {
		all[i] = r
	}
	return all
}

// appendTo writes the expression as a residual.
func (e *expression) appendTo(b []byte) []byte {
	if len(e.children) == 0 {
		return append(b, e.text...)
	}
	b = append(append(append(b, `{"type":"`...), e.operator...), `","left":`...)
	b = append(e.children[0].appendTo(b), `,"right":`...)
	return append(e.children[1].appendTo(b), '}')
}

// simplify puts another expression in the place of each predicate.
func (e *expression) simplify(decide func(*expression) *expression) *expression {
	switch {
	case len(e.children) == 0:
		return decide(e)
	case e.operator == and:
		left := e.children[0].simplify(decide)
		if left.operator == never {
			return left
		}
		return both(left, e.children[1].simplify(decide))
	default:
		left := e.children[0].simplify(decide)
		if left.operator == always {
			return left
		}
		return either(left, e.children[1].simplify(decide))
	}
}
