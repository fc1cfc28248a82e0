package scan

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// appendValue writes a value as the protocol does: see PrimitiveTypeValue.
func (c column) appendValue(b []byte, v value) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, x)
	case int64:
		return c.appendNumber(b, x)
	case float64:
		return c.appendFloat(b, x)
	case *big.Rat:
		return append(append(append(b, '"'), x.FloatString(c.scale)...), '"')
	case string:
		return c.appendText(b, x)
	}
	return append(b, "null"...)
}

func (c column) appendFloat(b []byte, f float64) []byte {
	bits := 64
	if c.kind == floatKind {
		bits = 32
	}
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}

func (c column) appendText(b []byte, s string) []byte {
	switch c.kind {
	case uuidKind:
		id, err := uuid.FromBytes([]byte(s))
		if err != nil {
			return append(b, "null"...)
		}
		return append(append(append(b, '"'), id.String()...), '"')
	case fixedKind, binaryKind:
		return appendHex(b, []byte(s))
	default:
		return appendString(b, s)
	}
}

func appendHex(b, data []byte) []byte {
	const digits = "0123456789ABCDEF"
	b = append(b, '"')
	for _, x := range data {
		b = append(b, digits[x>>4], digits[x&15])
	}
	return append(b, '"')
}

// appendString writes a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			quoted, err := json.Marshal(s)
			if err != nil {
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func (c column) appendNumber(b []byte, n int64) []byte {
	var t time.Time
	layout := "2006-01-02T15:04:05.000000"
	switch c.kind {
	case dateKind:
		t, layout = time.Unix(n*secondsOfDay, 0), time.DateOnly
	case timeKind:
		t, layout = time.UnixMicro(n), "15:04:05.000000"
	case timestampKind:
		t = time.UnixMicro(n)
	case timestampTZKind:
		t, layout = time.UnixMicro(n), layout+"-07:00"
	case nanosKind:
		t, layout = time.Unix(0, n), layout+"000"
	case nanosTZKind:
		t, layout = time.Unix(0, n), layout+"000-07:00"
	default:
		return strconv.AppendInt(b, n, 10)
	}
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, layout)
	return append(b, '"')
}
