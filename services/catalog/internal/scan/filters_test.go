package scan_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
)

// filter is a random filter over the columns that there are now, as decoded JSON.
func (h *history) filter(depth int) any {
	if depth > 0 && h.chance(0.6) {
		switch h.IntN(3) {
		case 0:
			return map[string]any{"type": "not", "child": h.filter(depth - 1)}
		case 1:
			return map[string]any{"type": "and", "left": h.filter(depth - 1), "right": h.filter(depth - 1)}
		default:
			return map[string]any{"type": "or", "left": h.filter(depth - 1), "right": h.filter(depth - 1)}
		}
	}
	return h.predicate(pick(h, h.columns...))
}

func (h *history) predicate(c field) any {
	operators := []string{"lt", "lt-eq", "gt", "gt-eq", "eq", "not-eq", "in", "not-in", "is-null", "not-null"}
	switch c.Type {
	case "string":
		operators = append(operators, "starts-with", "not-starts-with")
	case "double":
		operators = append(operators, "is-nan", "not-nan")
	}
	p := map[string]any{"type": pick(h, operators...), "term": c.Name}
	switch p["type"] {
	case "is-null", "not-null", "is-nan", "not-nan":
	case "in", "not-in":
		p["values"] = []any{h.constant(c), h.constant(c)}
	default:
		p["value"] = h.constant(c)
	}
	return p
}

// constant is a literal as the protocol writes it.
func (h *history) constant(c field) any {
	for {
		switch v := h.literal(c); x := plain(v).(type) {
		case nil:
		case float64:
			if !math.IsNaN(x) && !math.IsInf(x, 0) {
				return x
			}
		case int64:
			switch c.Type {
			case "date":
				return time.Unix(x*86_400, 0).UTC().Format(time.DateOnly)
			case "timestamp":
				return time.UnixMicro(x).UTC().Format("2006-01-02T15:04:05.000000")
			}
			return x
		default:
			return x
		}
	}
}

// plain is a value that can be compared: int64, float64 or string; nil for null.
func plain(v iceberg.Literal) any {
	if v == nil {
		return nil
	}
	switch x := v.Any().(type) {
	case int32:
		return int64(x)
	case iceberg.Date:
		return int64(x)
	case iceberg.Timestamp:
		return int64(x)
	default:
		return x
	}
}

func compareValues(a, b any) int {
	switch x := a.(type) {
	case int64:
		return cmp.Compare(x, b.(int64))
	case float64:
		return cmp.Compare(x, b.(float64))
	default:
		return strings.Compare(a.(string), b.(string))
	}
}

// readLiteral is a constant as a value of its column.
func readLiteral(c field, v any) any {
	switch x := v.(type) {
	case string:
		for kind, layout := range map[string]string{"date": time.DateOnly, "timestamp": "2006-01-02T15:04:05.000000"} {
			if at, err := time.Parse(layout, x); c.Type == kind && err == nil {
				if kind == "date" {
					return at.Unix() / 86_400
				}
				return at.UnixMicro()
			}
		}
		return x
	case float64:
		if c.Type == "double" {
			return x
		}
		return int64(x)
	default:
		return x
	}
}

// holds tells whether a filter holds of a row, as SQL would not quite: of null
// hold is-null and the negative tests, of NaN no comparison does.
func (h *history) holds(filter any, row map[int]iceberg.Literal, negated bool) bool {
	if constant, ok := filter.(bool); ok {
		return constant != negated
	}
	e := filter.(map[string]any)
	switch e["type"] {
	case "not":
		return h.holds(e["child"], row, !negated)
	case "and", "or":
		left, right := h.holds(e["left"], row, negated), h.holds(e["right"], row, negated)
		if (e["type"] == "and") != negated {
			return left && right
		}
		return left || right
	}
	operator := e["type"].(string)
	if negated {
		operator = opposites[operator]
	}
	c := h.columns[slices.IndexFunc(h.columns, func(c field) bool { return c.Name == e["term"] })]
	var values []any
	if v, ok := e["value"]; ok {
		values = append(values, readLiteral(c, v))
	}
	if many, ok := e["values"].([]any); ok {
		for _, v := range many {
			values = append(values, readLiteral(c, v))
		}
	}
	return holdsOf(operator, plain(row[c.ID]), values)
}

var opposites = map[string]string{
	"lt": "gt-eq", "gt-eq": "lt", "gt": "lt-eq", "lt-eq": "gt", "eq": "not-eq", "not-eq": "eq", "in": "not-in", "not-in": "in",
	"is-null": "not-null", "not-null": "is-null", "is-nan": "not-nan", "not-nan": "is-nan",
	"starts-with": "not-starts-with", "not-starts-with": "starts-with",
}

func holdsOf(operator string, v any, values []any) bool {
	f, isFloat := v.(float64)
	nan := isFloat && math.IsNaN(f)
	switch operator {
	case "is-null":
		return v == nil
	case "not-null":
		return v != nil
	case "is-nan":
		return nan
	case "not-nan":
		return !nan
	case "not-eq", "not-in", "not-starts-with":
		return v == nil || nan || !holdsOf(opposites[operator], v, values)
	}
	if v == nil || nan {
		return false
	}
	switch operator {
	case "lt":
		return compareValues(v, values[0]) < 0
	case "lt-eq":
		return compareValues(v, values[0]) <= 0
	case "gt":
		return compareValues(v, values[0]) > 0
	case "gt-eq":
		return compareValues(v, values[0]) >= 0
	case "starts-with":
		return strings.HasPrefix(v.(string), values[0].(string))
	default: // eq, in
		return slices.ContainsFunc(values, func(w any) bool { return compareValues(v, w) == 0 })
	}
}

// decoded is JSON as this file evaluates it.
func (h *history) decoded(text []byte) any {
	var v any
	h.must(json.Unmarshal(text, &v))
	return v
}

func (h *history) encoded(filter any) json.RawMessage {
	text, err := json.Marshal(filter)
	h.must(err)
	return text
}

// hasNaN tells whether a comparison of the row is a matter of taste.
func hasNaN(row map[int]iceberg.Literal) bool {
	for _, v := range row {
		if v != nil && isNaN(v) {
			return true
		}
	}
	return false
}

func (k *known) String() string {
	return fmt.Sprintf("%s of spec %d, partition %v", k.path, k.spec, k.partition)
}
