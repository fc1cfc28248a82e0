package scan

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/google/uuid"
)

// kind is a primitive type, as far as comparing its values goes.
type kind uint8

// The kinds. What is of no other cannot be compared: structs, lists, variants.
const (
	otherKind kind = iota
	boolKind
	intKind
	longKind
	floatKind
	doubleKind
	dateKind
	timeKind
	timestampKind
	timestampTZKind
	nanosKind
	nanosTZKind
	stringKind
	uuidKind
	fixedKind
	binaryKind
	decimalKind
)

// value is a primitive value: bool; int64 for numbers, dates (days) and times
// (micro- or nanoseconds); float64; string, of bytes for uuid, fixed and binary;
// *big.Rat for decimals; nil for null.
type value any

// column is a field of the schema that values belong to.
type column struct {
	id    int
	name  string
	kind  kind
	scale int
}

func columnOf(id int, name string, t iceberg.Type) column {
	c := column{id: id, name: name, kind: kindOf(t)}
	if d, ok := t.(iceberg.DecimalType); ok {
		c.scale = d.Scale()
	}
	return c
}

func kindOf(t iceberg.Type) kind {
	switch t.(type) {
	case iceberg.BooleanType:
		return boolKind
	case iceberg.Int32Type:
		return intKind
	case iceberg.Int64Type:
		return longKind
	case iceberg.Float32Type:
		return floatKind
	case iceberg.Float64Type:
		return doubleKind
	case iceberg.DateType:
		return dateKind
	case iceberg.TimeType:
		return timeKind
	case iceberg.TimestampType:
		return timestampKind
	case iceberg.TimestampTzType:
		return timestampTZKind
	case iceberg.TimestampNsType:
		return nanosKind
	case iceberg.TimestampTzNsType:
		return nanosTZKind
	case iceberg.StringType:
		return stringKind
	case iceberg.UUIDType:
		return uuidKind
	case iceberg.FixedType:
		return fixedKind
	case iceberg.BinaryType:
		return binaryKind
	case iceberg.DecimalType:
		return decimalKind
	default:
		return otherKind
	}
}

// compare orders two values of one column. Source: Java's Comparators, where NaN
// is above every number.
func compare(a, b value) int {
	switch x := a.(type) {
	case bool:
		return cmp.Compare(rank(x), rank(b.(bool))) //nolint:forcetypeassert // values of one column are of one type
	case int64:
		return cmp.Compare(x, b.(int64)) //nolint:forcetypeassert // as above
	case float64:
		return compareFloats(x, b.(float64)) //nolint:forcetypeassert // as above
	case string:
		return strings.Compare(x, b.(string)) //nolint:forcetypeassert // as above
	case *big.Rat:
		return x.Cmp(b.(*big.Rat)) //nolint:forcetypeassert // as above
	}
	return 0
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compareFloats(a, b float64) int {
	switch {
	case math.IsNaN(a) && math.IsNaN(b):
		return 0
	case math.IsNaN(a):
		return 1
	case math.IsNaN(b):
		return -1
	}
	return cmp.Compare(a, b)
}

func isNaN(v value) bool {
	f, ok := v.(float64)
	return ok && math.IsNaN(f)
}

// bound reads a bound as manifests hold it; false when it says nothing: it is
// missing, NaN, or was written for a type the column has been promoted from in a
// way that changes its meaning. Source: specification, "Single-value serialization".
func (c column) bound(data []byte) (value, bool) {
	if data == nil {
		return nil, false
	}
	switch c.kind {
	case boolKind:
		return len(data) == 1 && data[0] != 0, len(data) == 1
	case intKind, longKind, dateKind:
		return littleEndian(data)
	case timeKind, timestampKind, timestampTZKind, nanosKind, nanosTZKind:
		if len(data) != 8 {
			return nil, false
		}
		return littleEndian(data)
	case floatKind, doubleKind:
		return floatBound(data)
	case stringKind, uuidKind, fixedKind, binaryKind:
		return string(data), true
	case decimalKind:
		return decimal(signed(data), c.scale), len(data) > 0
	default:
		return nil, false
	}
}

func littleEndian(data []byte) (value, bool) {
	switch len(data) {
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(data))), true
	case 8:
		return int64(binary.LittleEndian.Uint64(data)), true
	default:
		return nil, false
	}
}

func floatBound(data []byte) (value, bool) {
	var f float64
	switch len(data) {
	case 4:
		f = float64(math.Float32frombits(binary.LittleEndian.Uint32(data)))
	case 8:
		f = math.Float64frombits(binary.LittleEndian.Uint64(data))
	default:
		return nil, false
	}
	return f, !math.IsNaN(f)
}

// signed is a two's complement number, most significant byte first.
func signed(data []byte) *big.Int {
	n := new(big.Int).SetBytes(data)
	if len(data) > 0 && data[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(data))*8))
	}
	return n
}

func decimal(unscaled *big.Int, scale int) *big.Rat {
	return new(big.Rat).SetFrac(unscaled, power(scale))
}

func power(scale int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
}

// unscaled is the inverse of decimal; false when the scale is too small for it.
func unscaled(r *big.Rat, scale int) (*big.Int, bool) {
	n := new(big.Rat).Mul(r, new(big.Rat).SetInt(power(scale)))
	return n.Num(), n.IsInt()
}

// partitionValue is a value as iceberg-go reads it from a manifest.
func (c column) partitionValue(v any) value {
	switch x := v.(type) {
	case bool:
		return x
	case int:
		return int64(x)
	case int32:
		return int64(x)
	case int64:
		return x
	case float32:
		return float64(x)
	case float64:
		return x
	case string:
		return x
	case []byte:
		return c.bytesValue(x)
	default:
		return c.logicalValue(v)
	}
}

func (c column) bytesValue(data []byte) value {
	if c.kind == decimalKind {
		return decimal(signed(data), c.scale)
	}
	return string(data)
}

func (c column) logicalValue(v any) value {
	switch x := v.(type) {
	case iceberg.Date:
		return int64(x)
	case iceberg.Time:
		return int64(x)
	case iceberg.Timestamp:
		return int64(x)
	case iceberg.TimestampNano:
		return int64(x)
	case iceberg.DecimalLiteral:
		return decimal(x.Val.BigInt(), x.Scale)
	case uuid.UUID:
		return string(x[:])
	default:
		return nil
	}
}

// errLiteral is what parse says of a value that is not of the column's type.
var errLiteral = errors.New("is not a value of the column's type")

// parse reads a literal as the protocol writes it. Times may also be the numbers
// that engines count them in.
func (c column) parse(raw json.RawMessage) (value, error) {
	var v any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return nil, errLiteral
	}
	switch x := v.(type) {
	case bool:
		if c.kind == boolKind {
			return x, nil
		}
	case json.Number:
		return c.parseNumber(x)
	case string:
		return c.parseText(x)
	}
	return nil, errLiteral
}

func (c column) parseNumber(n json.Number) (value, error) {
	switch c.kind {
	case intKind, longKind, dateKind, timeKind, timestampKind, timestampTZKind, nanosKind, nanosTZKind:
		i, err := strconv.ParseInt(n.String(), 10, 64)
		if err != nil {
			return nil, errLiteral
		}
		return i, nil
	case floatKind, doubleKind:
		f, err := n.Float64()
		if err != nil {
			return nil, errLiteral
		}
		if c.kind == floatKind {
			f = float64(float32(f))
		}
		return f, nil
	case decimalKind:
		return parseDecimal(n.String())
	default:
		return nil, errLiteral
	}
}

// maxDecimalText keeps an exponent from asking for more memory than there is.
const maxDecimalText = 100

func parseDecimal(text string) (value, error) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if e, err := strconv.Atoi(cmp.Or(exponent, "0")); err != nil || e > maxDecimalText || e < -maxDecimalText || len(mantissa) > maxDecimalText || strings.Contains(mantissa, "/") {
		return nil, errLiteral
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, errLiteral
	}
	return r, nil
}

func (c column) parseText(s string) (value, error) {
	switch c.kind {
	case stringKind:
		return s, nil
	case decimalKind:
		return parseDecimal(s)
	case uuidKind:
		id, err := uuid.Parse(s)
		if err != nil {
			return nil, errLiteral
		}
		return string(id[:]), nil
	case fixedKind, binaryKind:
		data, err := hex.DecodeString(s)
		if err != nil {
			return nil, errLiteral
		}
		return string(data), nil
	default:
		return c.parseTime(s)
	}
}

// layout is how the protocol writes values of a kind of time.
func (k kind) layout() string {
	switch k {
	case dateKind:
		return time.DateOnly
	case timeKind:
		return "15:04:05.999999"
	case timestampKind, nanosKind:
		return "2006-01-02T15:04:05.999999999"
	case timestampTZKind, nanosTZKind:
		return "2006-01-02T15:04:05.999999999Z07:00"
	default:
		return ""
	}
}

const (
	secondsOfDay  = 86_400
	microsOfDay   = secondsOfDay * 1_000_000
	nanosOfDay    = microsOfDay * 1_000
	microOfSecond = 1_000_000
)

func (c column) parseTime(s string) (value, error) {
	layout := c.kind.layout()
	if layout == "" {
		return nil, errLiteral
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		if t, err = time.Parse(strings.Replace(layout, ":05.999999999", "", 1), s); err != nil {
			return nil, errLiteral
		}
	}
	switch c.kind {
	case dateKind:
		return floorDiv(t.Unix(), secondsOfDay), nil
	case timeKind:
		return int64(t.Sub(t.Truncate(24*time.Hour)) / time.Microsecond), nil
	case nanosKind, nanosTZKind:
		return t.UnixNano(), nil
	default:
		return t.UnixMicro(), nil
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
