package iceberg

import (
	"math"
	"slices"
	"strconv"
)

// schema is one of a table's or view's schemas.
type schema struct {
	id int
	// hasID is false for a schema that came without one.
	hasID       bool
	root        dataType
	identifiers []int
	byID        map[int]located
	names       map[string]int
}

// noParent is no field's id: those have 32 bits, and 0 is one of them.
const noParent = math.MinInt

// located is a field with its place.
type located struct {
	*field

	// parent is the id of the field around it, noParent at the top.
	parent int
}

func decodeSchema(at string, raw []byte) (*schema, error) {
	r := read(at, raw)
	s := &schema{}
	s.id, s.hasID = r.optionalInt("schema-id")
	if r.has("identifier-field-ids") {
		s.identifiers = r.ints("identifier-field-ids")
	}
	if name, _ := r.optionalText("type"); r.err == nil && name != "struct" {
		r.fail("type", "found %q, struct is allowed", name)
	}
	if r.err != nil {
		return nil, r.err
	}
	root, err := decodeStruct(r)
	if err != nil {
		return nil, err
	}
	s.root = root
	if err := s.index(at); err != nil {
		return nil, err
	}
	return s, s.checkIdentifiers(at)
}

// index finds every field by its id, and refuses ids and full names that occur
// twice.
func (s *schema) index(at string) error {
	count := s.root.columns()
	s.byID, s.names = make(map[int]located, count), make(map[string]int, count)
	var walk func(t dataType, parent int, prefix string) error
	walk = func(t dataType, parent int, prefix string) error {
		for i := range t.fields {
			f := &t.fields[i]
			if other, taken := s.byID[f.id]; taken {
				return invalid(at, "field id %d is that of %q and of %q", f.id, other.name, f.name)
			}
			s.byID[f.id] = located{f, parent}
			name := prefix + f.name
			if other, taken := s.names[name]; taken {
				return invalid(at, "multiple fields for name %s: %d and %d", name, other, f.id)
			}
			s.names[name] = f.id
			if f.kind.fields == nil {
				continue
			}
			if err := walk(f.kind, f.id, name+"."); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(s.root, noParent, "")
}

func (s *schema) checkIdentifiers(at string) error {
	for _, id := range s.identifiers {
		f, ok := s.byID[id]
		if !ok {
			return invalid(at, "identifier-field-ids: there is no field with id %d", id)
		}
		if what := s.unfitIdentifier(f); what != "" {
			return invalid(at, "identifier-field-ids: field %s %s", f.name, what)
		}
	}
	return nil
}

func (s *schema) unfitIdentifier(f located) string {
	switch {
	case f.kind.shape != primitiveShape:
		return "is not of a primitive type"
	case !f.required:
		return "is not required"
	case f.kind.name == "float" || f.kind.name == "double":
		return "is a float or double"
	}
	for parent := f.parent; parent != noParent; parent = s.byID[parent].parent {
		around := s.byID[parent]
		if around.kind.shape != structShape {
			return "is nested in a list or map"
		}
		if !around.required {
			return "is nested in an optional field"
		}
	}
	return ""
}

// highestID is the highest field id in the schema, 0 without fields.
func (s *schema) highestID() int {
	highest := 0
	for id := range s.byID {
		highest = max(highest, id)
	}
	return highest
}

// byName finds a field by its name, at any depth by its full name.
func (s *schema) byName(name string) (located, bool) {
	id, ok := s.names[name]
	if !ok {
		return located{}, false
	}
	return s.byID[id], true
}

func (s *schema) fullName(f located) string {
	name := f.name
	for parent := f.parent; parent != noParent; parent = s.byID[parent].parent {
		name = s.byID[parent].name + "." + name
	}
	return name
}

func (s *schema) encode() []byte {
	dst := s.root.appendStruct(make([]byte, 0, len(s.byID)*usualColumn))
	dst = strconv.AppendInt(append(dst, `,"schema-id":`...), int64(s.id), 10)
	if len(s.identifiers) > 0 {
		ids := make([][]byte, len(s.identifiers))
		for i, id := range s.identifiers {
			ids[i] = number(int64(id))
		}
		dst = append(append(dst, `,"identifier-field-ids":`...), encodeArray(ids)...)
	}
	return append(dst, '}')
}

// same tells whether two schemas differ in nothing but their ids.
func (s *schema) same(other *schema) bool {
	mine, theirs := slices.Clone(s.identifiers), slices.Clone(other.identifiers)
	slices.Sort(mine)
	slices.Sort(theirs)
	return slices.Equal(mine, theirs) && s.root.same(other.root)
}

// checkVersion refuses what the format version does not have yet.
// Source: specification, "Schemas and Data Types", added in v3.
func (s *schema) checkVersion(at string, version int) error {
	if version >= 3 {
		return nil
	}
	for id, f := range s.byID {
		if needsV3(f.kind.name) {
			return invalid(at, "field %d (%s): type %s is not supported until format version 3, found %d", id, s.fullName(f), f.kind.name, version)
		}
		if f.initialDefault != nil {
			return invalid(at, "field %d (%s): a default is not supported until format version 3, found %d", id, s.fullName(f), version)
		}
	}
	return nil
}

func needsV3(name string) bool {
	switch name {
	case "timestamp_ns", "timestamptz_ns", "variant", "unknown":
		return true
	}
	return geometryType.MatchString(name) || geographyType.MatchString(name)
}

func indexed(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }
