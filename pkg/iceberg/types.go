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
var plainTypes = map[string]bool{ //nolint:gochecknoglobals // read only
	"boolean": true, "int": true, "long": true, "float": true, "double": true,
	"date": true, "time": true, "timestamp": true, "timestamptz": true,
	"timestamp_ns": true, "timestamptz_ns": true, "string": true, "uuid": true,
	"binary": true, "unknown": true, "variant": true,
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
	if plainTypes[lower] {
		return lower, true
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
	t := dataType{shape: structShape}
	for i, raw := range r.array("fields") {
		f, err := decodeField(r.path("fields")+"["+strconv.Itoa(i)+"]", raw)
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

func (t dataType) encode() []byte {
	switch t.shape {
	case structShape:
		return t.structObject().encode()
	case listShape:
		e := t.fields[0]
		return append(object{
			{"type", quoted("list")},
			{"element-id", number(int64(e.id))},
			{"element", e.kind.encode()},
			{"element-required", boolean(e.required)},
		}, t.rest...).encode()
	case mapShape:
		k, v := t.fields[0], t.fields[1]
		return append(object{
			{"type", quoted("map")},
			{"key-id", number(int64(k.id))},
			{"key", k.kind.encode()},
			{"value-id", number(int64(v.id))},
			{"value", v.kind.encode()},
			{"value-required", boolean(v.required)},
		}, t.rest...).encode()
	case primitiveShape:
	}
	return quoted(t.name)
}

// structObject is a struct without its closing members, so that a schema can
// add its own.
func (t dataType) structObject() object {
	fields := make([][]byte, len(t.fields))
	for i, f := range t.fields {
		fields[i] = f.encode()
	}
	return append(object{{"type", quoted("struct")}, {"fields", encodeArray(fields)}}, t.rest...)
}

func (f field) encode() []byte {
	o := object{
		{"id", number(int64(f.id))},
		{"name", quoted(f.name)},
		{"required", boolean(f.required)},
		{"type", f.kind.encode()},
	}
	if f.initialDefault != nil {
		o = append(o, member{"initial-default", f.initialDefault})
	}
	if f.writeDefault != nil {
		o = append(o, member{"write-default", f.writeDefault})
	}
	if f.doc != nil {
		o = append(o, member{"doc", quoted(*f.doc)})
	}
	return append(o, f.rest...).encode()
}
