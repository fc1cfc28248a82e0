package scan

import (
	"slices"
	"strings"
)

// share is how many of the rows have some property.
type share uint8

// The shares. Nothing is known of the zero share.
const (
	unknownShare share = iota
	noneOf
	someOf
	allOf
)

// span is what is known of many values: bounds that may be wider than they need
// be, and how many are null or NaN.
type span struct {
	low, high       value
	hasLow, hasHigh bool
	nulls, nans     share
}

// may tells whether the test may hold of a value in the span.
func (t test) may(s span) bool {
	switch t.op {
	case isNull:
		return s.nulls != noneOf
	case notNull:
		return s.nulls != allOf
	case isNaNValue:
		return s.nans != noneOf && s.nulls != allOf
	case notNaNValue:
		return s.nans != allOf
	case notEqual, notIn:
		return true
	case notStartsWith:
		return s.nulls != noneOf || !s.allStartWith(t.values[0])
	default:
	}
	if s.nulls == allOf || s.nans == allOf {
		return false
	}
	switch t.op {
	case less:
		return !s.hasLow || compare(s.low, t.values[0]) < 0
	case lessEqual:
		return !s.hasLow || compare(s.low, t.values[0]) <= 0
	case greater:
		return !s.hasHigh || compare(s.high, t.values[0]) > 0
	case greaterEqual:
		return !s.hasHigh || compare(s.high, t.values[0]) >= 0
	case startsWith:
		return s.mayStartWith(t.values[0])
	default: // equal, in
		return slices.ContainsFunc(t.values, s.holds)
	}
}

func (s span) holds(v value) bool {
	return (!s.hasLow || compare(s.low, v) <= 0) && (!s.hasHigh || compare(v, s.high) <= 0)
}

func (s span) mayStartWith(v value) bool {
	prefix, _ := v.(string)
	low, _ := s.low.(string)
	high, _ := s.high.(string)
	return (!s.hasLow || low[:min(len(low), len(prefix))] <= prefix) &&
		(!s.hasHigh || high[:min(len(high), len(prefix))] >= prefix)
}

func (s span) allStartWith(v value) bool {
	prefix, _ := v.(string)
	low, _ := s.low.(string)
	high, _ := s.high.(string)
	return s.hasLow && s.hasHigh && strings.HasPrefix(low, prefix) && strings.HasPrefix(high, prefix)
}

// holds tells whether the test holds of one value. Source: Java's Evaluator: of
// nulls hold is-null and the negative tests.
func (t test) holds(v value) bool {
	switch t.op {
	case isNull:
		return v == nil
	case notNull:
		return v != nil
	case isNaNValue:
		return isNaN(v)
	case notNaNValue:
		return !isNaN(v)
	case notEqual, notIn, notStartsWith:
		return v == nil || !test{negations[t.op], t.values}.holds(v)
	default:
	}
	return v != nil && t.holdsOf(v)
}

func (t test) holdsOf(v value) bool {
	switch t.op {
	case less:
		return compare(v, t.values[0]) < 0
	case lessEqual:
		return compare(v, t.values[0]) <= 0
	case greater:
		return compare(v, t.values[0]) > 0
	case greaterEqual:
		return compare(v, t.values[0]) >= 0
	case startsWith:
		s, _ := v.(string)
		prefix, _ := t.values[0].(string)
		return strings.HasPrefix(s, prefix)
	default: // equal, in
		return slices.ContainsFunc(t.values, func(w value) bool { return compare(v, w) == 0 })
	}
}

func (e *expression) test() test { return test{e.operator, e.values} }

// decided are constants and what is not looked into: no statistics decide them.
func (e *expression) decided() bool { return e.opaque || e.operator == always || e.operator == never }

// residual is what of the filter is left to check in a file of a partition;
// false where nothing in it can match.
func (s partitionSpec) residual(filter *expression, partition []value) *expression {
	return filter.simplify(func(e *expression) *expression {
		if e.decided() {
			return e
		}
		for i, field := range s.fields {
			if field.source != e.column.id || i >= len(partition) {
				continue
			}
			if t, ok := field.inclusive(e.test()); ok && !t.holds(partition[i]) {
				return constant(never, false)
			}
			if t, ok := field.strict(e.test()); ok && t.holds(partition[i]) {
				return everything
			}
		}
		return e
	})
}

// mayMatchSpans tells whether a manifest of the spec may hold matching files, by
// the spans of its partition fields.
func (s partitionSpec) mayMatchSpans(filter *expression, spans []span) bool {
	return filter.simplify(func(e *expression) *expression {
		if e.decided() {
			return e
		}
		for i, field := range s.fields {
			if field.source != e.column.id || i >= len(spans) {
				continue
			}
			if t, ok := field.inclusive(e.test()); ok && !t.may(spans[i]) {
				return constant(never, false)
			}
		}
		return e
	}).operator != never
}

// mayMatch tells whether a file may hold matching rows, by its columns' statistics.
func (f *file) mayMatch(filter *expression) bool {
	if f.records == 0 {
		return filter.operator == always
	}
	return filter.simplify(func(e *expression) *expression {
		if e.decided() || e.test().may(f.span(e.column)) {
			return e
		}
		return constant(never, false)
	}).operator != never
}
