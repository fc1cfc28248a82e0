package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

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
