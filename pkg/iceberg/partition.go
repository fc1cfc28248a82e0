package iceberg

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// firstPartitionID is the first id of partition fields, below which data
// columns are. Source: specification, "Partition Specs".
const firstPartitionID = 1000

// partitionSpec is one of a table's partition specs.
type partitionSpec struct {
	id     int
	fields []partitionField
	rest   object
}

type partitionField struct {
	source    int
	id        int
	hasID     bool
	name      string
	transform transform
	rest      object
}

// transform as written: "identity", "bucket[16]", ….
type transform string

var sizedTransform = regexp.MustCompile(`^(\w+)\[(\d+)\]$`)

// parseTransform brings a transform to Java's spelling; what it does not know
// stays as it is, for it may be known to others.
func parseTransform(text string) (transform, bool) {
	if m := sizedTransform.FindStringSubmatch(text); m != nil {
		name := strings.ToLower(m[1])
		size, err := strconv.ParseInt(m[2], 10, 32)
		if name == "bucket" || name == "truncate" {
			return transform(name + "[" + strconv.FormatInt(size, 10) + "]"), err == nil && size > 0
		}
	}
	switch lower := strings.ToLower(text); lower {
	case "identity", "year", "month", "day", "hour", "void":
		return transform(lower), true
	}
	return transform(text), true
}

// fits tells whether the transform takes values of a primitive type.
// Source: specification, "Partition Transforms".
func (t transform) fits(name string) bool {
	base, _, _ := strings.Cut(name, "(")
	base, _, _ = strings.Cut(base, "[")
	kind, _, sized := strings.Cut(string(t), "[")
	switch {
	case t == "void":
		return true
	case t == "identity":
		return !slices.Contains([]string{"variant", "geometry", "geography"}, base)
	case t == "year" || t == "month" || t == "day":
		return base == "date" || strings.HasPrefix(base, "timestamp")
	case t == "hour":
		return strings.HasPrefix(base, "timestamp")
	case sized && kind == "bucket":
		return slices.Contains([]string{
			"int", "long", "decimal", "date", "time", "timestamp", "timestamptz",
			"timestamp_ns", "timestamptz_ns", "string", "uuid", "fixed", "binary",
		}, base)
	case sized && kind == "truncate":
		return slices.Contains([]string{"int", "long", "decimal", "string", "binary"}, base)
	}
	return true
}

func decodePartitionSpec(at string, raw []byte) (*partitionSpec, error) {
	r := read(at, raw)
	s := &partitionSpec{id: r.int("spec-id")}
	for i, raw := range r.array("fields") {
		f, err := decodePartitionField(indexed(r.path("fields"), i), raw)
		if err != nil {
			return nil, err
		}
		s.fields = append(s.fields, f)
	}
	s.rest = r.rest()
	if missing := s.withoutID(); r.err == nil && missing > 0 && missing < len(s.fields) {
		r.fail("fields", "%d of %d fields have no field-id; all or none may lack it", missing, len(s.fields))
	}
	return s, r.err
}

func (s *partitionSpec) withoutID() int {
	missing := 0
	for _, f := range s.fields {
		if !f.hasID {
			missing++
		}
	}
	return missing
}

func decodePartitionField(at string, raw []byte) (partitionField, error) {
	r := read(at, raw)
	f := partitionField{name: r.text("name")}
	f.transform = r.transform()
	f.source = r.int("source-id")
	if r.has("field-id") {
		f.id, f.hasID = r.int("field-id"), true
	}
	f.rest = r.rest()
	return f, r.err
}

func (r *reader) transform() transform {
	text := r.text("transform")
	t, ok := parseTransform(text)
	if !ok {
		r.fail("transform", "found %q, which is not a transform of Iceberg", text)
	}
	return t
}

// bind checks the spec against the schema whose columns it takes, and gives ids
// to the fields that came without.
func (s *partitionSpec) bind(at string, columns *schema) error {
	last := firstPartitionID - 1
	names := map[string]bool{}
	for i := range s.fields {
		f := &s.fields[i]
		here := indexed(at+".fields", i)
		source, there := columns.byID[f.source]
		switch column, clash := columns.byName(f.name); {
		case there && source.name == "":
			return invalid(here, "source-id: column %d has no name", f.source)
		case f.name == "":
			return invalid(here, "name: must not be empty")
		case names[f.name]:
			return invalid(here, "name: %q is used more than once", f.name)
		case clash && column.id != f.source:
			return invalid(here, "name: %q is that of a column which is not its source", f.name)
		}
		names[f.name] = true
		if !f.hasID {
			f.id, f.hasID = last+1, true
		}
		last = max(last, f.id)
	}
	return s.check(at, columns)
}

// check refuses a spec that the columns do not bear.
func (s *partitionSpec) check(at string, columns *schema) error {
	for i, f := range s.fields {
		if f.transform == "void" {
			continue
		}
		here := indexed(at+".fields", i)
		column, ok := columns.byID[f.source]
		switch {
		case !ok:
			return invalid(here, "Cannot find source column for partition field: %d: %s: %s(%d)", f.id, f.name, f.transform, f.source)
		case column.kind.shape != primitiveShape:
			return invalid(here, "source column %s is not of a primitive type", column.name)
		case !f.transform.fits(column.kind.name):
			return invalid(here, "transform %s does not take a %s", f.transform, column.kind.name)
		}
		if columns.insideCollection(column) {
			return invalid(here, "source column %s is nested in a list or map", column.name)
		}
	}
	return nil
}

func (s *schema) insideCollection(f located) bool {
	for parent := f.parent; parent != noParent; parent = s.byID[parent].parent {
		if s.byID[parent].kind.shape != structShape {
			return true
		}
	}
	return false
}

func (s *partitionSpec) sequential() bool {
	for i, f := range s.fields {
		if f.id != firstPartitionID+i {
			return false
		}
	}
	return true
}

func (s *partitionSpec) lastID() int {
	last := firstPartitionID - 1
	for _, f := range s.fields {
		last = max(last, f.id)
	}
	return last
}

// same tells whether two specs partition alike, whatever their ids.
func (s *partitionSpec) same(other *partitionSpec) bool {
	return slices.EqualFunc(s.fields, other.fields, func(a, b partitionField) bool {
		return a.source == b.source && a.name == b.name && a.transform == b.transform
	})
}

func (s *partitionSpec) encode() []byte {
	return append(object{
		{"spec-id", number(int64(s.id))},
		{"fields", s.encodeFields()},
	}, s.rest...).encode()
}

func (s *partitionSpec) encodeFields() []byte {
	fields := make([][]byte, len(s.fields))
	for i, f := range s.fields {
		fields[i] = append(object{
			{"name", quoted(f.name)},
			{"transform", quoted(string(f.transform))},
			{"source-id", number(int64(f.source))},
			{"field-id", number(int64(f.id))},
		}, f.rest...).encode()
	}
	return encodeArray(fields)
}
