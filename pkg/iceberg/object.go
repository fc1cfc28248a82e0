package iceberg

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/igloo-catalog/igloo/pkg/span"
)

// member is one member of an object with its value as it stands.
type member struct {
	key   string
	value []byte
}

// object is a small JSON object: its members in their order, their values raw.
type object []member

func (o object) get(key string) ([]byte, bool) {
	for i := range o {
		if o[i].key == key {
			return o[i].value, true
		}
	}
	return nil, false
}

// with replaces the value of key, or adds it at the end.
func (o object) with(key string, value []byte) object {
	for i := range o {
		if o[i].key == key {
			changed := append(object(nil), o...)
			changed[i].value = value
			return changed
		}
	}
	return append(slices.Clip(o), member{key, value})
}

// merged has the members of changes instead of its own, and after them.
func (o object) merged(changes object) object {
	places := make(map[string]int, len(o)+len(changes))
	all := slices.Clone(o)
	for i, m := range all {
		places[m.key] = i
	}
	for _, m := range changes {
		if i, there := places[m.key]; there {
			all[i].value = m.value
			continue
		}
		places[m.key] = len(all)
		all = append(all, m)
	}
	return all
}

// without leaves keys out.
func (o object) without(keys ...string) object {
	gone := make(map[string]bool, len(keys))
	for _, key := range keys {
		gone[key] = true
	}
	kept := make(object, 0, len(o))
	for _, m := range o {
		if !gone[m.key] {
			kept = append(kept, m)
		}
	}
	return kept
}

func (o object) encode() []byte {
	size := 2
	for _, m := range o {
		size += len(m.key) + len(m.value) + 4
	}
	dst := append(make([]byte, 0, size), '{')
	for i, m := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = m.appendTo(dst)
	}
	return append(dst, '}')
}

func (m member) appendTo(dst []byte) []byte {
	return append(append(appendString(dst, m.key), ':'), m.value...)
}

// appendMore has each member after a comma, for an object that has some already.
func (o object) appendMore(dst []byte) []byte {
	for _, m := range o {
		dst = m.appendTo(append(dst, ','))
	}
	return dst
}

func parseObject(path string, raw []byte) (object, error) {
	if span.NewScanner(raw).Peek() != '{' {
		return nil, invalid(path, "found %s, an object is allowed", shorten(raw))
	}
	var o object
	var seen nameSet
	err := span.Members(raw, func(quoted, value []byte) error {
		name, err := memberName(quoted)
		if seen.add(name, len(o), func(i int) string { return o[i].key }) {
			return invalid(path, "%s: occurs twice", shorten([]byte(name)))
		}
		if o == nil {
			o = make(object, 0, usualMembers)
		}
		o = append(o, member{name, value})
		return err
	})
	return o, malformed(path, err)
}

// usualMembers are as many as most objects have.
const usualMembers = 6

// repeatedNames are those of members that each column of a schema has.
var repeatedNames = map[string]string{ //nolint:gochecknoglobals // read only
	"id": "id", "name": "name", "required": "required", "type": "type", "doc": "doc",
}

// memberName decodes a name with its quotes.
func memberName(raw []byte) (string, error) {
	if name, ok := repeatedNames[string(raw[1:len(raw)-1])]; ok {
		return name, nil
	}
	return unquote(raw)
}

// nameSet tells names that occur twice: JSON leaves open which of two counts, and
// readers of one document must not differ on it. A few names are compared one by
// one; the map is for the many that a hostile document may have.
type nameSet struct{ many map[string]bool }

// add tells whether name is among the count names before it.
func (s *nameSet) add(name string, count int, before func(i int) string) (twice bool) {
	const few = 16
	if count < few {
		for i := range count {
			if before(i) == name {
				return true
			}
		}
		return false
	}
	if s.many == nil {
		s.many = make(map[string]bool, 2*count)
		for i := range count {
			s.many[before(i)] = true
		}
	}
	twice, s.many[name] = s.many[name], true
	return twice
}

func parseArray(path string, raw []byte) ([][]byte, error) {
	if span.NewScanner(raw).Peek() != '[' {
		return nil, invalid(path, "found %s, an array is allowed", shorten(raw))
	}
	elements, err := span.Elements[[]byte](raw)
	return elements, malformed(path, err)
}

func encodeArray(elements [][]byte) []byte {
	size := 2
	for _, e := range elements {
		size += len(e) + 1
	}
	dst := append(make([]byte, 0, size), '[')
	for i, e := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, e...)
	}
	return append(dst, ']')
}

func isNull(raw []byte) bool { return string(raw) == "null" }

// shorten shows a value in a message without letting it fill the log.
func shorten(raw []byte) string {
	const limit = 80
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	if len(raw) <= limit {
		return strings.ToValidUTF8(string(raw), "\ufffd")
	}
	cut := limit
	for cut > limit-utf8.UTFMax && !utf8.RuneStart(raw[cut]) {
		cut--
	}
	return strings.ToValidUTF8(string(raw[:cut]), "\ufffd") + "…"
}

// unquote decodes a JSON string with its quotes.
func unquote(raw []byte) (string, error) { return span.Unquote(raw) }

// appendString encodes s as JSON does, with nothing escaped that need not be.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		default:
			const digits = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(dst, '"')
}

func quoted(s string) []byte { return appendString(make([]byte, 0, len(s)+2), s) }

func number(n int64) []byte { return strconv.AppendInt(nil, n, 10) }

// parseInt64 takes an integer as JSON spells it: no fraction, no exponent.
func parseInt64(raw []byte) (int64, bool) {
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return 0, false
	}
	// This many digits cannot overflow 64 bits without a sign; ids have as many.
	const safe = 19
	digits, negative := bytes.CutPrefix(raw, []byte{'-'})
	if len(digits) > safe {
		n, err := strconv.ParseInt(string(raw), 10, 64)
		return n, err == nil
	}
	n, ok := parseDigits(digits)
	switch {
	case !ok, n > math.MaxInt64+1, n > math.MaxInt64 && !negative:
		return 0, false
	case negative:
		return -int64(n), true
	}
	return int64(n), true
}

func parseDigits(digits []byte) (n uint64, ok bool) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, len(digits) > 0
}

func parseInt32(raw []byte) (int, bool) {
	n, ok := parseInt64(raw)
	return int(n), ok && n >= math.MinInt32 && n <= math.MaxInt32
}
