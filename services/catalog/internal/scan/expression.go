package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
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

// flipped are the operators of a comparison whose sides were exchanged.
var flipped = map[operator]operator{
	less: greater, greater: less, lessEqual: greaterEqual, greaterEqual: lessEqual, equal: equal, notEqual: notEqual,
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

// The bounds of a filter.
const (
	maxDepth      = 200
	maxPredicates = 10_000
)

// binder decodes a filter and binds it to a schema.
type binder struct {
	schema        *iceberg.Schema
	caseSensitive bool
	predicates    int
}

// filterError is what is wrong at a place of the filter.
func filterError(at, format string, args ...any) error { return fault.Field(at, format, args...) }

// members are an expression's members, of any spelling.
type members struct {
	Type   *string         `json:"type"`
	Left   json.RawMessage `json:"left"`
	Right  json.RawMessage `json:"right"`
	Child  json.RawMessage `json:"child"`
	Term   json.RawMessage `json:"term"`
	Value  json.RawMessage `json:"value"`
	Values json.RawMessage `json:"values"`
}

// bind decodes an expression; negated asks for its negation.
func (b *binder) bind(at string, raw json.RawMessage, negated bool, depth int) (*expression, error) {
	if depth > maxDepth {
		return nil, filterError(at, "is nested more than %d deep", maxDepth)
	}
	if b.predicates++; b.predicates > maxPredicates {
		return nil, filterError(at, "has more than %d predicates", maxPredicates)
	}
	switch string(bytes.TrimSpace(raw)) {
	case "true", "false":
		return constant(operator(bytes.TrimSpace(raw)), negated), nil
	}
	var m members
	if err := json.Unmarshal(raw, &m); err != nil || m.Type == nil {
		return nil, filterError(at, "must be true, false or an object with a type")
	}
	switch op := operator(strings.ToLower(strings.ReplaceAll(*m.Type, "_", "-"))); op {
	case always, never:
		return constant(op, negated), nil
	case "not":
		return b.bind(at+".child", m.Child, !negated, depth+1)
	case and, or:
		return b.bindJunction(at, op, m, negated, depth)
	default:
		if _, known := negations[op]; !known {
			return nil, filterError(at+".type", "found %q, which is no predicate", clip(*m.Type))
		}
		return b.bindPredicate(at, op, m, negated)
	}
}

func clip(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}

func constant(op operator, negated bool) *expression {
	if negated {
		op = negations[op]
	}
	return &expression{operator: op, text: []byte(op)}
}

func (b *binder) bindJunction(at string, op operator, m members, negated bool, depth int) (*expression, error) {
	left, err := b.bind(at+".left", m.Left, negated, depth+1)
	if err != nil {
		return nil, err
	}
	right, err := b.bind(at+".right", m.Right, negated, depth+1)
	if err != nil {
		return nil, err
	}
	// De Morgan: the children are negated, so the junction is the other one.
	if negated == (op == and) {
		return either(left, right), nil
	}
	return both(left, right), nil
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

// bindPredicate binds a test of a column.
func (b *binder) bindPredicate(at string, op operator, m members, negated bool) (*expression, error) {
	operand, literals, op, err := sides(at, op, m)
	if err != nil {
		return nil, err
	}
	name, transformed, err := b.reference(at, operand)
	if err != nil {
		return nil, err
	}
	field, err := b.find(at, name)
	if err != nil {
		return nil, err
	}
	e := &expression{column: columnOf(field.ID, name, field.Type), opaque: transformed}
	if e.column.kind == otherKind {
		if len(literals) > 0 && !transformed {
			return nil, filterError(at, "column %s is of type %s, which has no values to compare with", clip(name), clip(field.Type.String()))
		}
		e.opaque = true
	}
	if e.operator = op; negated {
		e.operator = negations[op]
	}
	if err := e.take(at, literals); err != nil {
		return nil, err
	}
	e.text = e.predicateText(operand, transformed, literals)
	return e.settled(), nil
}

// take reads the literals, and refuses what the column cannot be tested for.
func (e *expression) take(at string, literals []json.RawMessage) error {
	switch e.operator {
	case isNaNValue, notNaNValue:
		if !e.opaque && e.column.kind != floatKind && e.column.kind != doubleKind {
			return filterError(at, "column %s is not a float or double", clip(e.column.name))
		}
	case startsWith, notStartsWith:
		if !e.opaque && e.column.kind != stringKind {
			return filterError(at, "column %s is not a string", clip(e.column.name))
		}
	default:
	}
	for i, raw := range literals {
		v, err := e.column.parse(raw)
		switch {
		case e.opaque && len(raw) > 0 && raw[0] != '{' && raw[0] != '[':
		case errors.Is(err, errLiteral):
			return filterError(at, "value %d %s: %s", i, err, clip(e.column.name))
		default:
			e.values = append(e.values, v)
		}
	}
	return nil
}

// settled is a predicate of an empty set, which is decided already, or itself.
func (e *expression) settled() *expression {
	if e.opaque || len(e.values) > 0 {
		return e
	}
	switch e.operator {
	case in:
		return constant(never, false)
	case notIn:
		return everything
	default:
		return e
	}
}

// sides takes a predicate apart: what is tested, and against which literals.
func sides(at string, op operator, m members) (json.RawMessage, []json.RawMessage, operator, error) {
	operand, literal := m.Term, m.Value
	switch {
	case m.Term != nil && (m.Child != nil || m.Left != nil):
		return nil, nil, op, filterError(at, "has a term and a child or left; one is allowed")
	case m.Child != nil:
		operand = m.Child
	case m.Left != nil:
		operand, literal = m.Left, m.Right
		if !isReference(operand) && isReference(literal) {
			turned, ok := flipped[op]
			if !ok {
				return nil, nil, op, filterError(at+".left", "must be a reference")
			}
			operand, literal, op = literal, operand, turned
		}
	}
	if operand == nil {
		return nil, nil, op, filterError(at, "names no column")
	}
	literals, err := literalsOf(at, op, literal, m.Values)
	return operand, literals, op, err
}

// isReference tells a reference in the new spelling from a literal.
func isReference(raw json.RawMessage) bool {
	var m struct{ Type string }
	return json.Unmarshal(raw, &m) == nil && m.Type == "reference"
}

// literalsOf are the literals that an operator needs, as bare values.
func literalsOf(at string, op operator, one, many json.RawMessage) ([]json.RawMessage, error) {
	switch op {
	case isNull, notNull, isNaNValue, notNaNValue:
		return nil, nil
	case in, notIn:
		return literalList(at+".values", many)
	default:
	}
	if one == nil {
		return nil, filterError(at, "has no value")
	}
	bare, err := bareLiteral(at, one)
	return []json.RawMessage{bare}, err
}

func literalList(at string, raw json.RawMessage) ([]json.RawMessage, error) {
	var typed struct {
		Type   string
		Values json.RawMessage
	}
	if json.Unmarshal(raw, &typed) == nil && typed.Type == "literals" {
		raw = typed.Values
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		return nil, filterError(at, "must be an array of literals")
	}
	if len(list) > maxPredicates {
		return nil, filterError(at, "has %d literals, %d are allowed", len(list), maxPredicates)
	}
	for i, literal := range list {
		bare, err := bareLiteral(fmt.Sprintf("%s[%d]", at, i), literal)
		if err != nil {
			return nil, err
		}
		list[i] = bare
	}
	return list, nil
}

// bareLiteral takes the type off a literal: it is the column's that counts.
func bareLiteral(at string, raw json.RawMessage) (json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] != '{' && raw[0] != '[' && !bytes.Equal(raw, []byte("null")) {
		return raw, nil
	}
	var m struct {
		Type  string
		Value json.RawMessage
	}
	if json.Unmarshal(raw, &m) != nil || m.Type != "literal" || m.Value == nil || isContainer(m.Value) {
		return nil, filterError(at, "must be a literal that is not null")
	}
	return m.Value, nil
}

func isContainer(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n'
}

// reference is the name of the column that an operand is about, and whether it
// is a transform of it.
func (b *binder) reference(at string, raw json.RawMessage) (name string, transformed bool, err error) {
	if json.Unmarshal(raw, &name) == nil {
		return name, false, nil
	}
	var m struct {
		Type, Name, Transform string
		ID                    *int
		Term                  json.RawMessage
	}
	if json.Unmarshal(raw, &m) != nil {
		return "", false, filterError(at, "must name a column")
	}
	switch m.Type {
	case "reference":
		if m.ID == nil {
			return m.Name, false, nil
		}
		name, ok := b.schema.FindColumnName(*m.ID)
		if !ok {
			return "", false, filterError(at, "Cannot find field with id %d", *m.ID)
		}
		return name, false, nil
	case "transform":
		if _, err := iceberg.ParseTransform(m.Transform); err != nil {
			return "", false, filterError(at, "found %q, which is no transform", clip(m.Transform))
		}
		name, nested, err := b.reference(at, m.Term)
		if err == nil && nested {
			return "", false, filterError(at, "has a transform of a transform")
		}
		return name, true, err
	case "apply":
		return "", false, fault.New(fault.Unsupported, "%s: functions in filters are not supported, only references", at)
	default:
		return "", false, filterError(at, "must be a reference to a column, found type %q", clip(m.Type))
	}
}

func (b *binder) find(at, name string) (iceberg.NestedField, error) {
	field, ok := findField(b.schema, name, b.caseSensitive)
	if !ok {
		return field, filterError(at, "Cannot find field '%s' in the schema", clip(name))
	}
	return field, nil
}

func findField(schema *iceberg.Schema, name string, caseSensitive bool) (iceberg.NestedField, bool) {
	if caseSensitive {
		return schema.FindFieldByName(name)
	}
	return schema.FindFieldByNameCaseInsensitive(name)
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
