package scan

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/iceberg-go"
	"github.com/google/uuid"
)

// partitionField is a field of a partition spec, bound to the column it takes.
type partitionField struct {
	id        int
	source    int
	transform iceberg.Transform
	// from is the source column, to what the transform makes of it.
	from, to column
}

// test is a predicate without its column.
type test struct {
	op     operator
	values []value
}

// inclusive is what surely holds of the partition value wherever the test holds
// of a row; false when nothing does. Source: specification, "Scan Planning".
func (f partitionField) inclusive(t test) (test, bool) {
	switch transform := f.transform.(type) {
	case iceberg.IdentityTransform:
		return t, true
	case iceberg.BucketTransform:
		if t.op == equal || t.op == in || t.op == isNull || t.op == notNull {
			return f.applied(t, t.op)
		}
	case iceberg.TruncateTransform:
		if f.from.kind == stringKind || f.from.kind == binaryKind {
			return f.inclusiveText(t, transform.Width)
		}
		return f.inclusiveOrdered(t)
	case iceberg.YearTransform, iceberg.MonthTransform, iceberg.DayTransform, iceberg.HourTransform:
		projected, ok := f.inclusiveOrdered(t)
		return f.widened(projected), ok
	}
	return test{}, false
}

// strict is what of the partition value makes the test hold of every row.
func (f partitionField) strict(t test) (test, bool) {
	switch transform := f.transform.(type) {
	case iceberg.IdentityTransform:
		return t, true
	case iceberg.BucketTransform:
		if t.op == notEqual || t.op == notIn || t.op == isNull || t.op == notNull {
			return f.applied(t, t.op)
		}
	case iceberg.TruncateTransform:
		if f.from.kind == stringKind || f.from.kind == binaryKind {
			return f.strictText(t, transform.Width)
		}
		return f.strictOrdered(t)
	case iceberg.YearTransform, iceberg.MonthTransform, iceberg.DayTransform, iceberg.HourTransform:
		projected, ok := f.strictOrdered(t)
		return projected, ok && !slices.ContainsFunc(projected.values, beforeEpoch)
	}
	return test{}, false
}

func beforeEpoch(v value) bool {
	n, ok := v.(int64)
	return ok && n < 0
}

// widened makes room for partition values that some old writers rounded towards
// 1970 instead of down. Source: Java's ProjectionUtil.fixInclusiveTimeProjection.
func (f partitionField) widened(t test) test {
	if f.from.kind == dateKind && f.to.kind == dateKind || !slices.ContainsFunc(t.values, beforeEpoch) {
		return t
	}
	switch t.op {
	case lessEqual:
		return test{lessEqual, []value{t.values[0].(int64) + 1}} //nolint:forcetypeassert // what beforeEpoch found is one
	case equal, in:
		wide := test{op: in}
		for _, v := range t.values {
			wide.values = append(wide.values, v, v.(int64)+1) //nolint:forcetypeassert // partitions by time are numbers
		}
		return wide
	default:
		return t
	}
}

// applied is the test of transformed values under another operator.
func (f partitionField) applied(t test, op operator) (test, bool) {
	values := make([]value, len(t.values))
	for i, v := range t.values {
		transformed, ok := f.apply(v)
		if !ok {
			return test{}, false
		}
		values[i] = transformed
	}
	return test{op, values}, true
}

// stepped is the test with its value moved by the smallest step there is.
func (f partitionField) stepped(t test, by int64, op operator) (test, bool) {
	moved, ok := f.step(t.values[0], by)
	if !ok {
		return test{}, false
	}
	return f.applied(test{t.op, []value{moved}}, op)
}

func (f partitionField) inclusiveOrdered(t test) (test, bool) {
	switch t.op {
	case isNull, notNull, equal, in, lessEqual, greaterEqual:
		return f.applied(t, t.op)
	case less:
		return f.stepped(t, -1, lessEqual)
	case greater:
		return f.stepped(t, 1, greaterEqual)
	default:
		return test{}, false
	}
}

func (f partitionField) strictOrdered(t test) (test, bool) {
	switch t.op {
	case isNull, notNull, notEqual, notIn, less, greater:
		return f.applied(t, t.op)
	case lessEqual:
		return f.stepped(t, 1, less)
	case greaterEqual:
		return f.stepped(t, -1, greater)
	default:
		return test{}, false
	}
}

func (f partitionField) inclusiveText(t test, width int) (test, bool) {
	switch t.op {
	case isNull, notNull, equal, in, lessEqual, greaterEqual:
		return f.applied(t, t.op)
	case less:
		return f.applied(t, lessEqual)
	case greater:
		return f.applied(t, greaterEqual)
	case startsWith:
		if length(t.values[0]) < width {
			return t, true
		}
		return f.applied(t, equal)
	case notStartsWith:
		switch n := length(t.values[0]); {
		case n < width:
			return t, true
		case n == width:
			return f.applied(t, notEqual)
		}
	default:
	}
	return test{}, false
}

func (f partitionField) strictText(t test, width int) (test, bool) {
	switch t.op {
	case isNull, notNull, notEqual, notIn, less, greater:
		return f.applied(t, t.op)
	case lessEqual:
		return f.applied(t, less)
	case greaterEqual:
		return f.applied(t, greater)
	case startsWith:
		return t, length(t.values[0]) <= width
	case notStartsWith:
		if length(t.values[0]) <= width {
			return t, true
		}
		return f.applied(t, notEqual)
	default:
		return test{}, false
	}
}

func length(v value) int {
	s, _ := v.(string)
	return utf8.RuneCountInString(s)
}

// step is the next value above or below; false where there is none.
func (f partitionField) step(v value, by int64) (value, bool) {
	switch x := v.(type) {
	case int64:
		if (by > 0 && x == math.MaxInt64) || (by < 0 && x == math.MinInt64) {
			return nil, false
		}
		return x + by, true
	case *big.Rat:
		n, ok := unscaled(x, f.from.scale)
		if !ok {
			return nil, false
		}
		return decimal(new(big.Int).Add(n, big.NewInt(by)), f.from.scale), true
	default:
		return nil, false
	}
}

// apply transforms a value of the source column.
func (f partitionField) apply(v value) (value, bool) {
	switch transform := f.transform.(type) {
	case iceberg.BucketTransform:
		return f.bucket(transform, v)
	case iceberg.TruncateTransform:
		return f.truncate(int64(transform.Width), v)
	default:
		n, ok := v.(int64)
		if !ok {
			return nil, false
		}
		return f.unitOf(n)
	}
}

// unitOf is the year, month, day or hour since 1970 of a date or time.
func (f partitionField) unitOf(n int64) (value, bool) {
	var seconds int64
	switch f.from.kind {
	case dateKind:
		if n > math.MaxInt32 || n < math.MinInt32 {
			return nil, false
		}
		seconds = n * secondsOfDay
	case timestampKind, timestampTZKind:
		seconds = floorDiv(n, microOfSecond)
	case nanosKind, nanosTZKind:
		seconds = floorDiv(n, microOfSecond*1000)
	default:
		return nil, false
	}
	t := time.Unix(seconds, 0).UTC()
	switch f.transform.(type) {
	case iceberg.YearTransform:
		return int64(t.Year() - 1970), true
	case iceberg.MonthTransform:
		return int64(t.Year()-1970)*12 + int64(t.Month()) - 1, true
	case iceberg.DayTransform:
		return floorDiv(seconds, secondsOfDay), true
	default:
		return floorDiv(seconds, 3600), true
	}
}

func (f partitionField) truncate(width int64, v value) (value, bool) {
	if width <= 0 {
		return nil, false
	}
	switch x := v.(type) {
	case int64:
		return floorDiv(x, width) * width, true
	case string:
		return f.truncateText(int(width), x), true
	case *big.Rat:
		n, ok := unscaled(x, f.from.scale)
		if !ok {
			return nil, false
		}
		w := big.NewInt(width)
		m := new(big.Int).Mod(n, w) // never negative
		return decimal(new(big.Int).Sub(n, m), f.from.scale), true
	default:
		return nil, false
	}
}

func (f partitionField) truncateText(width int, s string) string {
	if f.from.kind != stringKind {
		return s[:min(width, len(s))]
	}
	for i := range s {
		if width == 0 {
			return strings.Clone(s[:i])
		}
		width--
	}
	return s
}

func (f partitionField) bucket(transform iceberg.BucketTransform, v value) (value, bool) {
	literal, ok := f.from.literal(v)
	if !ok {
		return nil, false
	}
	applied := transform.Apply(iceberg.Optional[iceberg.Literal]{Val: literal, Valid: true})
	if !applied.Valid {
		return nil, false
	}
	n, ok := applied.Val.Any().(int32)
	return int64(n), ok
}

// literal is a value as iceberg-go hashes it.
func (c column) literal(v value) (iceberg.Literal, bool) {
	switch x := v.(type) {
	case int64:
		return c.numberLiteral(x)
	case string:
		switch c.kind {
		case stringKind:
			return iceberg.NewLiteral(x), true
		case uuidKind:
			id, err := uuid.FromBytes([]byte(x))
			return iceberg.NewLiteral(id), err == nil
		default:
			return iceberg.NewLiteral([]byte(x)), true
		}
	default:
		return nil, false
	}
}

func (c column) numberLiteral(n int64) (iceberg.Literal, bool) {
	switch c.kind {
	case intKind, longKind:
		return iceberg.NewLiteral(n), true
	case dateKind:
		return iceberg.NewLiteral(iceberg.Date(n)), n <= math.MaxInt32 && n >= math.MinInt32
	case timeKind:
		return iceberg.NewLiteral(iceberg.Time(n)), true
	case timestampKind, timestampTZKind:
		return iceberg.NewLiteral(iceberg.Timestamp(n)), true
	case nanosKind, nanosTZKind:
		return iceberg.NewLiteral(iceberg.TimestampNano(n)), true
	default:
		return nil, false
	}
}
