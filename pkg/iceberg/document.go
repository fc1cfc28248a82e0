package iceberg

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/igloo-catalog/igloo/pkg/span"
)

// document is a metadata file's JSON text with the places of its top-level
// members. It is never changed: a commit writes a new one around the old bytes.
type document struct {
	text    []byte
	members []place
}

// place is where the value of a top-level member stands.
type place struct {
	key   string
	value span.Span
}

// scan finds the top-level members; value passes the value of one of them.
func (d *document) scan(value func(s *span.Scanner, name string) error) error {
	s := span.NewScanner(d.text)
	var seen nameSet
	err := s.Object(func(key span.Span) error {
		name, err := unquote(d.text[key.Start-1 : key.End+1])
		if err != nil {
			return err
		}
		if seen.add(name, len(d.members), func(i int) string { return d.members[i].key }) {
			return invalid("", "%s: occurs twice", shorten([]byte(name)))
		}
		s.Peek()
		start := s.Pos()
		err = value(s, name)
		d.members = append(d.members, place{name, span.Span{Start: start, End: s.Pos()}})
		return err
	})
	if err != nil {
		return err
	}
	return s.End()
}

func skipMember(s *span.Scanner, _ string) error {
	_, err := s.Skip()
	return err
}

func (d *document) get(key string) ([]byte, bool) {
	for _, m := range d.members {
		if m.key == key {
			return m.value.Of(d.text), true
		}
	}
	return nil, false
}

// rewrite is what happens to one top-level member.
type rewrite struct {
	key string
	// value replaces the member's, or adds the member at the end; nil leaves it out.
	value []byte
	// appended, instead, are elements to add at the end of the array that the
	// member is.
	appended [][]byte
}

// rewritten copies the document with some members changed. What is not named is
// copied byte for byte. The work is one copy, whatever the members hold.
func (d *document) rewritten(changes []rewrite) document {
	size := len(d.text)
	for _, c := range changes {
		size += len(c.key) + len(c.value) + 8
		if old, ok := d.get(c.key); ok && c.appended == nil {
			size -= len(old)
		}
		for _, e := range c.appended {
			size += len(e) + 1
		}
	}
	w := writer{old: d, new: document{text: uncleared(size), members: make([]place, 0, len(d.members)+len(changes))}}
	for _, m := range d.members {
		w.member(m, changes)
	}
	for _, c := range changes {
		if !slices.ContainsFunc(d.members, func(m place) bool { return m.key == c.key }) {
			w.add(c)
		}
	}
	w.new.text = append(w.new.text, '}')
	return w.new
}

// uncleared is a buffer of which nothing has been read or written: clearing one
// that is then filled takes a fifth of the time of a large commit. A strings
// Builder is what the standard library offers for that.
func uncleared(size int) []byte {
	var b strings.Builder
	b.Grow(max(size, 1))
	b.WriteByte('{')
	return unsafe.Slice(unsafe.StringData(b.String()), b.Cap())[:0] //nolint:gosec // nobody has the string
}

// writer copies a document member by member.
type writer struct {
	old *document
	new document
}

func (w *writer) member(m place, changes []rewrite) {
	i := slices.IndexFunc(changes, func(c rewrite) bool { return c.key == m.key })
	switch {
	case i < 0:
		w.begin(m.key)
		w.new.text = append(w.new.text, m.value.Of(w.old.text)...)
		w.end()
	case changes[i].appended != nil:
		w.begin(m.key)
		w.extend(m.value.Of(w.old.text), changes[i].appended)
		w.end()
	case changes[i].value != nil:
		w.add(changes[i])
	}
}

func (w *writer) add(c rewrite) {
	value := c.value
	if c.appended != nil {
		value = encodeArray(c.appended)
	}
	if value == nil {
		return
	}
	w.begin(c.key)
	w.new.text = append(w.new.text, value...)
	w.end()
}

func (w *writer) begin(key string) {
	opening := byte(',')
	if len(w.new.members) == 0 {
		opening = '{'
	}
	w.new.text = append(appendString(append(w.new.text, opening), key), ':')
	w.new.members = append(w.new.members, place{key: key, value: span.Span{Start: len(w.new.text)}})
}

func (w *writer) end() { w.new.members[len(w.new.members)-1].value.End = len(w.new.text) }

// extend copies an array and adds elements before its closing bracket. The old
// elements keep their offsets from the array's beginning.
func (w *writer) extend(array []byte, elements [][]byte) {
	body := array[:len(array)-1]
	w.new.text = append(w.new.text, body...)
	comma := !emptyArray(body)
	for _, e := range elements {
		if comma {
			w.new.text = append(w.new.text, ',')
		}
		w.new.text = append(w.new.text, e...)
		comma = true
	}
	w.new.text = append(w.new.text, ']')
}

// emptyArray tells whether nothing but white space follows the opening bracket.
func emptyArray(body []byte) bool {
	for _, c := range body[1:] {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
