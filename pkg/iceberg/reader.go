package iceberg

import "slices"

// reader takes the members of an object one by one. The first that is not as it
// must be is its error; what is taken after that means nothing. Members that
// nobody took are kept as they stand.
type reader struct {
	at     string
	object object
	taken  []string
	few    [8]string // where taken begins: most objects have no more members
	err    error
}

// read starts on raw, which must be an object; at leads to it in messages.
func read(at string, raw []byte) *reader {
	r := &reader{at: at}
	r.taken = r.few[:0]
	if raw == nil {
		r.err = invalid(at, "is missing")
		return r
	}
	r.object, r.err = parseObject(at, raw)
	return r
}

// path leads to the member of that key.
func (r *reader) path(key string) string {
	if r.at == "" {
		return key
	}
	return r.at + "." + key
}

func (r *reader) fail(key, format string, args ...any) {
	if r.err == nil {
		r.err = invalid(r.path(key), format, args...)
	}
}

// note keeps the first of the errors.
func (r *reader) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) has(key string) bool {
	_, ok := r.object.get(key)
	return ok
}

func (r *reader) hasNonNull(key string) bool {
	raw, ok := r.object.get(key)
	return ok && !isNull(raw)
}

// raw takes a member that must be there and not null.
func (r *reader) raw(key string) []byte {
	value, ok := r.take(key)
	if !ok || isNull(value) {
		r.fail(key, "is missing")
	}
	return value
}

func (r *reader) take(key string) ([]byte, bool) {
	r.taken = append(r.taken, key)
	return r.object.get(key)
}

// must takes a member that must be there, null or not.
func (r *reader) must(key string) []byte {
	value, ok := r.take(key)
	if !ok {
		r.fail(key, "is missing")
	}
	return value
}

func (r *reader) int(key string) int {
	raw := r.must(key)
	n, ok := parseInt32(raw)
	if !ok {
		r.fail(key, "found %s, a 32-bit integer is allowed", shorten(raw))
	}
	return n
}

func (r *reader) long(key string) int64 {
	raw := r.must(key)
	n, ok := parseInt64(raw)
	if !ok {
		r.fail(key, "found %s, a 64-bit integer is allowed", shorten(raw))
	}
	return n
}

func (r *reader) text(key string) string {
	raw := r.must(key)
	if len(raw) == 0 || raw[0] != '"' {
		r.fail(key, "found %s, a string is allowed", shorten(raw))
		return ""
	}
	s, err := unquote(raw)
	r.note(err)
	return s
}

func (r *reader) bool(key string) bool {
	raw := r.must(key)
	if string(raw) != "true" && string(raw) != "false" {
		r.fail(key, "found %s, true or false are allowed", shorten(raw))
	}
	return string(raw) == "true"
}

// optionalInt takes a member that may be missing or null.
func (r *reader) optionalInt(key string) (n int, ok bool) {
	if !r.hasNonNull(key) {
		r.take(key)
		return 0, false
	}
	return r.int(key), r.err == nil
}

func (r *reader) optionalLong(key string) (n int64, ok bool) {
	if !r.hasNonNull(key) {
		r.take(key)
		return 0, false
	}
	return r.long(key), r.err == nil
}

func (r *reader) optionalText(key string) (s string, ok bool) {
	if !r.hasNonNull(key) {
		r.take(key)
		return "", false
	}
	return r.text(key), r.err == nil
}

// array takes a member that must be an array.
func (r *reader) array(key string) [][]byte {
	raw := r.must(key)
	if r.err != nil {
		return nil
	}
	elements, err := parseArray(r.path(key), raw)
	r.note(err)
	return elements
}

func (r *reader) ints(key string) []int {
	elements := r.array(key)
	numbers := make([]int, 0, len(elements))
	for _, raw := range elements {
		n, ok := parseInt32(raw)
		if !ok {
			r.fail(key, "found %s, 32-bit integers are allowed", shorten(raw))
		}
		numbers = append(numbers, n)
	}
	return numbers
}

func (r *reader) longs(key string) []int64 {
	elements := r.array(key)
	numbers := make([]int64, 0, len(elements))
	for _, raw := range elements {
		n, ok := parseInt64(raw)
		if !ok {
			r.fail(key, "found %s, 64-bit integers are allowed", shorten(raw))
		}
		numbers = append(numbers, n)
	}
	return numbers
}

func (r *reader) texts(key string) []string {
	texts := []string{}
	for _, raw := range r.array(key) {
		if raw[0] != '"' {
			r.fail(key, "found %s, strings are allowed", shorten(raw))
			return nil
		}
		s, err := unquote(raw)
		r.note(err)
		texts = append(texts, s)
	}
	return texts
}

// texts by name: a member that must be an object of strings.
func (r *reader) textMap(key string) object {
	raw := r.must(key)
	if r.err != nil {
		return nil
	}
	o, err := parseObject(r.path(key), raw)
	r.note(err)
	for _, m := range o {
		if m.value[0] != '"' {
			r.fail(key, "%s: found %s, a string is allowed", m.key, shorten(m.value))
		}
	}
	return o
}

// rest are the members that nobody took.
func (r *reader) rest() object {
	var left object
	for _, m := range r.object {
		if !slices.Contains(r.taken, m.key) {
			left = append(left, m)
		}
	}
	return left
}
