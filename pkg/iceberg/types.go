package iceberg

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// shape is how a type is built.
type shape uint8

const (
	primitiveShape shape = iota
	structShape
	listShape
	mapShape
)

// dataType is a column's type. Lists keep their element, maps their key and
// value as fields named "element", "key" and "value", as paths name them.
type dataType struct {
	shape shape
	// name of a primitive as Java spells it: "decimal(9, 2)".
	name string
	// fields of a struct; the element of a list; key and value of a map.
	fields []field
	// rest are the members that this package does not know.
	rest object
}

// field is a member of a struct.
type field struct {
	id             int
	name           string
	required       bool
	kind           dataType
	doc            *string
	initialDefault []byte
	writeDefault   []byte
	rest           object
}

// The types without parameters, as the specification names them.
var plainTypes = map[string]string{ //nolint:gochecknoglobals // read only
	"boolean": "boolean", "int": "int", "long": "long", "float": "float", "double": "double",
	"date": "date", "time": "time", "timestamp": "timestamp", "timestamptz": "timestamptz",
	"timestamp_ns": "timestamp_ns", "timestamptz_ns": "timestamptz_ns", "string": "string", "uuid": "uuid",
	"binary": "binary", "unknown": "unknown", "variant": "variant",
}

var (
	fixedType     = regexp.MustCompile(`^fixed\[\s*(\d+)\s*\]$`)
	decimalType   = regexp.MustCompile(`^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$`)
	geometryType  = regexp.MustCompile(`(?i)^geometry\s*(?:\(\s*([^)]*?)\s*\))?$`)
	geographyType = regexp.MustCompile(`(?i)^geography\s*(?:\(\s*([^,)]*?)\s*(?:,\s*(\w*)\s*)?\))?$`)
)

const (
	defaultCRS       = "OGC:CRS84"
	defaultAlgorithm = "spherical"
	maxPrecision     = 38
)

// parsePrimitive brings a primitive's name to Java's spelling.
func parsePrimitive(name string) (string, bool) {
	lower := strings.ToLower(name)
	if plain, ok := plainTypes[lower]; ok {
		return plain, true
	}
	if m := fixedType.FindStringSubmatch(lower); m != nil {
		length, err := strconv.Atoi(m[1])
		return "fixed[" + strconv.Itoa(length) + "]", err == nil
	}
	if m := decimalType.FindStringSubmatch(lower); m != nil {
		return parseDecimal(m[1], m[2])
	}
	if m := geometryType.FindStringSubmatch(name); m != nil {
		return "geometry(" + orElse(m[1], defaultCRS) + ")", true
	}
	if m := geographyType.FindStringSubmatch(name); m != nil {
		return parseGeography(m[1], m[2])
	}
	return "", false
}

func parseDecimal(precision, scale string) (string, bool) {
	p, errP := strconv.Atoi(precision)
	s, errS := strconv.Atoi(scale)
	return "decimal(" + strconv.Itoa(p) + ", " + strconv.Itoa(s) + ")", errP == nil && errS == nil && p <= maxPrecision
}

func parseGeography(crs, algorithm string) (string, bool) {
	algorithm = strings.ToLower(orElse(algorithm, defaultAlgorithm))
	switch algorithm {
	case "spherical", "vincenty", "thomas", "andoyer", "karney":
		return "geography(" + orElse(crs, defaultCRS) + ", " + algorithm + ")", true
	}
	return "", false
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func decodeType(at string, raw []byte) (dataType, error) {
	if len(raw) > 0 && raw[0] == '"' {
		name, err := unquote(raw)
		if err != nil {
			return dataType{}, err
		}
		canonical, ok := parsePrimitive(name)
		if !ok {
			return dataType{}, invalid(at, "found %q, which is not a type of Iceberg", name)
		}
		return dataType{name: canonical}, nil
	}
	if len(raw) == 0 || raw[0] != '{' {
		return dataType{}, invalid(at, "found %s, a type is allowed", shorten(raw))
	}
	r := read(at, raw)
	name, _ := r.optionalText("type")
	if r.err != nil {
		return dataType{}, r.err
	}
	switch name {
	case "struct":
		return decodeStruct(r)
	case "list":
		return decodeList(r)
	case "map":
		return decodeMap(r)
	}
	return dataType{}, invalid(at, "found %s, a type is allowed", shorten(raw))
}

// same tells whether two types are alike down to ids, docs and defaults.
func (t dataType) same(other dataType) bool {
	return t.shape == other.shape && t.name == other.name &&
		slices.EqualFunc(t.fields, other.fields, field.same) && t.rest.same(other.rest)
}

func (f field) same(other field) bool {
	if (f.doc == nil) != (other.doc == nil) || f.doc != nil && *f.doc != *other.doc {
		return false
	}
	return f.id == other.id && f.name == other.name && f.required == other.required &&
		bytes.Equal(f.initialDefault, other.initialDefault) && bytes.Equal(f.writeDefault, other.writeDefault) &&
		f.rest.same(other.rest) && f.kind.same(other.kind)
}

func (o object) same(other object) bool {
	return slices.EqualFunc(o, other, func(a, b member) bool { return a.key == b.key && bytes.Equal(a.value, b.value) })
}

func decodeStruct(r *reader) (dataType, error) {
	t, columns, at := dataType{shape: structShape}, r.array("fields"), r.path("fields")
	if len(columns) > 0 {
		t.fields = make([]field, 0, len(columns))
	}
	for i, raw := range columns {
		f, err := decodeField(indexed(at, i), raw)
		if err != nil {
			return t, err
		}
		t.fields = append(t.fields, f)
	}
	t.rest = r.rest()
	return t, r.err
}

func decodeList(r *reader) (dataType, error) {
	element := field{id: r.int("element-id"), name: "element", required: r.bool("element-required")}
	element.kind = r.typeOf("element")
	return dataType{shape: listShape, fields: []field{element}, rest: r.rest()}, r.err
}

func decodeMap(r *reader) (dataType, error) {
	key := field{id: r.int("key-id"), name: "key", required: true}
	value := field{id: r.int("value-id"), name: "value", required: r.bool("value-required")}
	key.kind, value.kind = r.typeOf("key"), r.typeOf("value")
	return dataType{shape: mapShape, fields: []field{key, value}, rest: r.rest()}, r.err
}

func (r *reader) typeOf(key string) dataType {
	raw := r.raw(key)
	if r.err != nil {
		return dataType{}
	}
	if plain, ok := plainTypes[string(bytes.Trim(raw, `"`))]; ok && raw[0] == '"' {
		return dataType{name: plain}
	}
	t, err := decodeType(r.path(key), raw)
	r.note(err)
	return t
}

func decodeField(at string, raw []byte) (field, error) {
	r := read(at, raw)
	f := field{id: r.int("id"), name: r.text("name"), required: r.bool("required")}
	f.kind = r.typeOf("type")
	if doc, ok := r.optionalText("doc"); ok {
		f.doc = &doc
	}
	f.initialDefault = r.defaultOf("initial-default", f.kind)
	f.writeDefault = r.defaultOf("write-default", f.kind)
	f.rest = r.rest()
	if r.err == nil && f.required && f.kind.name == "unknown" {
		r.fail("required", "a field of type unknown cannot be required")
	}
	return f, r.err
}

// usualColumn is about how long a column is in JSON.
const usualColumn = 80

func (t dataType) encode() []byte { return t.appendTo(nil) }

func (t dataType) appendTo(dst []byte) []byte {
	switch t.shape {
	case structShape:
		return append(t.appendStruct(dst), '}')
	case listShape:
		e := t.fields[0]
		dst = e.appendPart(append(dst, `{"type":"list",`...))
		dst = strconv.AppendBool(append(dst, `,"element-required":`...), e.required)
		return append(t.rest.appendMore(dst), '}')
	case mapShape:
		key, value := t.fields[0], t.fields[1]
		dst = key.appendPart(append(dst, `{"type":"map",`...))
		dst = value.appendPart(append(dst, ','))
		dst = strconv.AppendBool(append(dst, `,"value-required":`...), value.required)
		return append(t.rest.appendMore(dst), '}')
	case primitiveShape:
	}
	return appendString(dst, t.name)
}

// appendPart is what a list says of its element, and a map of its key and value.
func (f field) appendPart(dst []byte) []byte {
	dst = strconv.AppendInt(append(appendString(dst, f.name+"-id"), ':'), int64(f.id), 10)
	return f.kind.appendTo(append(appendString(append(dst, ','), f.name), ':'))
}

// appendStruct is a struct without its closing brace, so that a schema can add
// members of its own.
func (t dataType) appendStruct(dst []byte) []byte {
	dst = append(dst, `{"type":"struct","fields":[`...)
	for i, f := range t.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = f.appendTo(dst)
	}
	return t.rest.appendMore(append(dst, ']'))
}

func (f field) appendTo(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"id":`...), int64(f.id), 10)
	dst = appendString(append(dst, `,"name":`...), f.name)
	dst = strconv.AppendBool(append(dst, `,"required":`...), f.required)
	dst = f.kind.appendTo(append(dst, `,"type":`...))
	if f.initialDefault != nil {
		dst = append(append(dst, `,"initial-default":`...), f.initialDefault...)
	}
	if f.writeDefault != nil {
		dst = append(append(dst, `,"write-default":`...), f.writeDefault...)
	}
	if f.doc != nil {
		dst = appendString(append(dst, `,"doc":`...), *f.doc)
	}
	return append(f.rest.appendMore(dst), '}')
}

// columns counts the fields at all depths.
func (t dataType) columns() int {
	count := len(t.fields)
	for i := range t.fields {
		count += t.fields[i].kind.columns()
	}
	return count
}
