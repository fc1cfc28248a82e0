package iceberg

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	uuidText    = regexp.MustCompile(`^[0-9a-fA-F]{1,8}-[0-9a-fA-F]{1,4}-[0-9a-fA-F]{1,4}-[0-9a-fA-F]{1,4}-[0-9a-fA-F]{1,12}$`)
	decimalText = regexp.MustCompile(`^[+-]?(?:\d+\.?|\d*\.(\d+))(?:[eE]([+-]?\d+))?$`)
)

// defaultOf takes a default value, JSON single-value serialization of the
// specification's appendix D; nil when there is none.
func (r *reader) defaultOf(key string, t dataType) []byte {
	raw, ok := r.take(key)
	if !ok || isNull(raw) || r.err != nil {
		return nil
	}
	value, ok := singleValue(t, raw)
	if !ok {
		r.fail(key, "found %s, a value of type %s is allowed", shorten(raw), t.encode())
	}
	return value
}

// singleValue checks a value against its type and brings it to Java's spelling.
func singleValue(t dataType, raw []byte) ([]byte, bool) {
	if t.shape != primitiveShape {
		return nil, false // Java reads no default of a struct, list or map but null
	}
	return primitiveValue(t.name, raw)
}

func primitiveValue(name string, raw []byte) ([]byte, bool) {
	switch name {
	case "boolean":
		return raw, string(raw) == "true" || string(raw) == "false"
	case "int":
		_, ok := parseInt32(raw)
		return raw, ok
	case "long":
		_, ok := parseInt64(raw)
		return raw, ok
	case "float", "double":
		_, err := strconv.ParseFloat(string(raw), 64)
		return raw, err == nil && bytes.ContainsAny(raw, ".eE")
	}
	if raw[0] != '"' {
		return nil, false
	}
	text, err := unquote(raw)
	if err != nil {
		return nil, false
	}
	return textValue(name, text, raw)
}

func textValue(name, text string, raw []byte) ([]byte, bool) {
	switch name {
	case "string":
		return raw, true
	case "uuid":
		return raw, uuidText.MatchString(text)
	case "date":
		return raw, parses(text, "2006-01-02")
	case "time":
		return raw, parses(text, "15:04:05.999999999", "15:04")
	case "timestamp", "timestamp_ns":
		return raw, parses(text, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04")
	case "timestamptz", "timestamptz_ns":
		local, utc := strings.CutSuffix(text, "+00:00")
		return raw, utc && parses(local, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04")
	case "binary":
		return hexValue(text, -1)
	}
	return parameterisedValue(name, text, raw)
}

func parameterisedValue(name, text string, raw []byte) ([]byte, bool) {
	if m := fixedType.FindStringSubmatch(name); m != nil {
		length, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, false
		}
		return hexValue(text, length)
	}
	if m := decimalType.FindStringSubmatch(name); m != nil {
		digits := decimalText.FindStringSubmatch(text)
		return raw, digits != nil && scaleOf(digits[1], digits[2]) == m[2]
	}
	return nil, false
}

func parses(text string, layouts ...string) bool {
	for _, layout := range layouts {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

// hexValue takes bytes as hexadecimal digits; length -1 allows any number.
func hexValue(text string, length int) ([]byte, bool) {
	decoded, err := hex.DecodeString(text)
	if err != nil || length >= 0 && len(decoded) != length {
		return nil, false
	}
	return quoted(strings.ToUpper(text)), true
}

// scaleOf is the scale of a decimal with those digits after the point.
func scaleOf(fraction, exponent string) string {
	shift, _ := strconv.Atoi(exponent)
	return strconv.Itoa(len(fraction) - shift)
}
