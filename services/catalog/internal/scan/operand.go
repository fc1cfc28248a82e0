package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// flipped are the operators of a comparison whose sides were exchanged.
var flipped = map[operator]operator{
	less: greater, greater: less, lessEqual: greaterEqual, greaterEqual: lessEqual, equal: equal, notEqual: notEqual,
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
