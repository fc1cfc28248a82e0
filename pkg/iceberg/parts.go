package iceberg

import "slices"

// part is an element of one of the arrays that stay small: its text, and what
// it says.
type part[T any] struct {
	text  []byte
	value T
}

// parts are such an array, decoded when a commit first needs it.
type parts[T any] struct {
	items   []part[T]
	changed bool
	// shrunk is set where this commit removed elements, whose ids are free again.
	shrunk bool
	// fresh are the ids that this commit added, lastAdded the last of them; Java
	// resolves -1 to it.
	fresh     map[int]bool
	lastAdded *int
}

func (p *parts[T]) add(id int, text []byte, value T) {
	p.items = append(slices.Clip(p.items), part[T]{text, value})
	p.changed = true
	if p.fresh == nil {
		p.fresh = map[int]bool{}
	}
	p.fresh[id] = true
	p.lastAdded = &id
}

// reuse notes that an element which was to be added is there already: it counts
// as the last added one only where this commit added it.
func (p *parts[T]) reuse(id int) {
	p.lastAdded = nil
	if p.fresh[id] {
		p.lastAdded = &id
	}
}

// keep leaves out the elements that keep refuses.
func (p *parts[T]) keep(keep func(T) bool) {
	kept := make([]part[T], 0, len(p.items))
	for _, item := range p.items {
		if keep(item.value) {
			kept = append(kept, item)
		}
	}
	p.items, p.changed, p.shrunk = kept, true, true
}

func (p *parts[T]) encode() []byte {
	texts := make([][]byte, len(p.items))
	for i, item := range p.items {
		texts[i] = item.text
	}
	return encodeArray(texts)
}

func find[T any](p *parts[T], is func(T) bool) (T, bool) {
	for _, item := range p.items {
		if is(item.value) {
			return item.value, true
		}
	}
	var none T
	return none, false
}

// decodeParts decodes an array of the document; nil where there is none.
func decodeParts[T any](r *reader, key string, decode func(at string, raw []byte) (T, error)) *parts[T] {
	p := &parts[T]{}
	if !r.hasNonNull(key) {
		return nil
	}
	for i, raw := range r.array(key) {
		value, err := decode(indexed(key, i), raw)
		r.note(err)
		p.items = append(p.items, part[T]{raw, value})
	}
	return p
}

// schemaParts are the schemas of a document; format v1 may have but one.
func (m *TableMetadata) schemaParts() (*parts[*schema], error) {
	r := m.reader()
	p := decodeParts(r, "schemas", decodeSchema)
	if p == nil {
		if m.head.version > 1 {
			r.fail("schemas", "is missing")
			return nil, r.err
		}
		raw := r.raw("schema")
		only, err := decodeSchema("schema", raw)
		r.note(err)
		if r.err != nil {
			return nil, r.err
		}
		p = &parts[*schema]{items: []part[*schema]{{only.encode(), only}}}
	}
	return p, r.err
}

func (m *TableMetadata) specParts() (*parts[*partitionSpec], error) {
	r := m.reader()
	p := decodeParts(r, "partition-specs", decodePartitionSpec)
	if p == nil {
		if m.head.version > 1 {
			r.fail("partition-specs", "is missing")
			return nil, r.err
		}
		p = &parts[*partitionSpec]{}
		for _, spec := range m.legacySpecs(r) {
			p.items = append(p.items, part[*partitionSpec]{spec.encode(), spec})
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	for i, item := range p.items {
		if item.value.numbered() {
			p.items[i].text, p.changed = item.value.encode(), true
		}
	}
	return p, r.err
}

// numbered gives ids, in order, to fields that format v1 wrote without, and
// tells whether there were any.
func (s *partitionSpec) numbered() bool {
	missing := false
	for i := range s.fields {
		if f := &s.fields[i]; !f.hasID {
			f.id, f.hasID, missing = firstPartitionID+i, true, true
		}
	}
	return missing
}

// legacySpecs is the one spec that format v1 had before there were specs; its
// fields may lack ids, which are then given in order.
func (m *TableMetadata) legacySpecs(r *reader) []*partitionSpec {
	if r.hasNonNull("partition-specs") {
		p := decodeParts(r, "partition-specs", decodePartitionSpec)
		specs := make([]*partitionSpec, len(p.items))
		for i, item := range p.items {
			if item.value == nil {
				return nil
			}
			item.value.numbered()
			specs[i] = item.value
		}
		return specs
	}
	spec := &partitionSpec{}
	for i, raw := range r.array("partition-spec") {
		f, err := decodePartitionField(indexed("partition-spec", i), raw)
		r.note(err)
		spec.fields = append(spec.fields, f)
	}
	spec.numbered()
	return []*partitionSpec{spec}
}

func (m *TableMetadata) orderParts() (*parts[*sortOrder], error) {
	r := m.reader()
	p := decodeParts(r, "sort-orders", decodeSortOrder)
	if p == nil {
		if m.head.version > 1 {
			r.fail("sort-orders", "is missing")
		}
		unsorted := &sortOrder{}
		p = &parts[*sortOrder]{items: []part[*sortOrder]{{unsorted.encode(), unsorted}}}
	}
	return p, r.err
}
