// Package span finds the values of a JSON text without decoding them.
//
// It promises that a text which it passes is valid JSON (RFC 8259, UTF-8,
// at most maxDepth deep), that it looks at each byte once, and that it allocates
// nothing for what it passes over.
package span

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// maxDepth bounds how deep arrays and objects may nest.
const maxDepth = 512

// Span is a part of a text: text[Start:End].
type Span struct{ Start, End int }

// Of is the part of text.
func (s Span) Of(text []byte) []byte { return text[s.Start:s.End] }

// SyntaxError tells where a text stops being JSON.
type SyntaxError struct {
	Offset int
	What   string
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("malformed JSON at byte %d: %s", e.Offset, e.What)
}

// Scanner walks over a text from its beginning. The zero position is before the
// first value.
type Scanner struct {
	text []byte
	pos  int
}

// NewScanner starts at the beginning of text.
func NewScanner(text []byte) *Scanner { return &Scanner{text: text} }

// Pos is the offset of the next byte.
func (s *Scanner) Pos() int { return s.pos }

// Peek passes white space and returns the first byte of what follows, 0 at the end.
func (s *Scanner) Peek() byte {
	if s.pos < len(s.text) && s.text[s.pos] > ' ' {
		return s.text[s.pos]
	}
	s.space()
	if s.pos >= len(s.text) {
		return 0
	}
	return s.text[s.pos]
}

// End fails unless nothing but white space is left.
func (s *Scanner) End() error {
	if s.Peek() != 0 || s.pos < len(s.text) {
		return s.fail("something follows the value")
	}
	return nil
}

// Object passes an object, calling member for each of its members with the raw
// key (without quotes, escapes as they stand), positioned before the value,
// which member must pass.
func (s *Scanner) Object(member func(key Span) error) error {
	if s.Peek() != '{' {
		return s.fail("an object was expected")
	}
	s.pos++
	if s.Peek() == '}' {
		s.pos++
		return nil
	}
	for {
		key, err := s.key()
		if err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
		more, err := s.separator('}')
		if err != nil || !more {
			return err
		}
	}
}

// Array passes an array, calling element for each of its elements, positioned
// before it; element must pass it.
func (s *Scanner) Array(element func() error) error {
	if s.Peek() != '[' {
		return s.fail("an array was expected")
	}
	s.pos++
	if s.Peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		more, err := s.separator(']')
		if err != nil || !more {
			return err
		}
	}
}

// Skip passes a value of any kind and returns where it stands.
func (s *Scanner) Skip() (Span, error) {
	s.space()
	start := s.pos
	err := s.skip(0)
	return Span{start, s.pos}, err
}

func (s *Scanner) key() (Span, error) {
	if s.Peek() != '"' {
		return Span{}, s.fail("a member's name was expected")
	}
	start := s.pos + 1
	if err := s.skipString(); err != nil {
		return Span{}, err
	}
	key := Span{start, s.pos - 1}
	if s.Peek() != ':' {
		return Span{}, s.fail("':' was expected")
	}
	s.pos++
	return key, nil
}

// separator passes ',' (more follows) or the closing byte.
func (s *Scanner) separator(closing byte) (more bool, err error) {
	switch s.Peek() {
	case ',':
		s.pos++
		return true, nil
	case closing:
		s.pos++
		return false, nil
	}
	return false, s.fail("',' or '" + string(closing) + "' was expected")
}

func (s *Scanner) skip(depth int) error {
	if depth > maxDepth {
		return s.fail(fmt.Sprintf("nested deeper than %d", maxDepth))
	}
	switch c := s.Peek(); {
	case c == '"':
		return s.skipString()
	case c == '{':
		return s.skipObject(depth + 1)
	case c == '[':
		return s.skipArray(depth + 1)
	case c == '-' || c >= '0' && c <= '9':
		return s.skipNumber()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.fail("a value was expected")
}

// skipObject and skipArray are Object and Array for whoever wants nothing of
// what is in them: most of a document is passed by them.
func (s *Scanner) skipObject(depth int) error {
	s.pos++
	if s.Peek() == '}' {
		s.pos++
		return nil
	}
	for more := true; more; {
		if _, err := s.key(); err != nil {
			return err
		}
		if err := s.skip(depth); err != nil {
			return err
		}
		var err error
		if more, err = s.separator('}'); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scanner) skipArray(depth int) error {
	s.pos++
	if s.Peek() == ']' {
		s.pos++
		return nil
	}
	for more := true; more; {
		if err := s.skip(depth); err != nil {
			return err
		}
		var err error
		if more, err = s.separator(']'); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scanner) literal(word string) error {
	if len(s.text)-s.pos < len(word) || string(s.text[s.pos:s.pos+len(word)]) != word {
		return s.fail("a value was expected")
	}
	s.pos += len(word)
	return nil
}

func (s *Scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// skipString passes a string; most are plain ASCII without escapes, of which it
// passes eight at a time.
func (s *Scanner) skipString() error {
	text, i := s.text, s.pos+1
	for ; i+8 <= len(text); i += 8 {
		if unusual := special(binary.LittleEndian.Uint64(text[i : i+8])); unusual != 0 {
			i += bits.TrailingZeros64(unusual) / 8
			break
		}
	}
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			s.pos = i + 1
			return nil
		case c == '\\' || c >= utf8.RuneSelf:
			s.pos = i
			return s.skipUnusual()
		case c < ' ':
			s.pos = i
			return s.fail("a control character in a string")
		}
	}
	s.pos = len(text)
	return s.fail("a string without end")
}

// special has a bit in the lowest of eight bytes that is a quote, a backslash, a
// control character or not ASCII; what is set above that bit means nothing, for
// the subtractions carry.
func special(eight uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, backslash := eight^ones*'"', eight^ones*'\\'
	return ((quote-ones)&^quote | (backslash-ones)&^backslash | (eight-ones*' ')&^eight | eight) & highs
}

// skipUnusual passes the rest of a string that has escapes or is not ASCII.
func (s *Scanner) skipUnusual() error {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c == '\\':
			if err := s.skipEscape(); err != nil {
				return err
			}
		case c < ' ':
			return s.fail("a control character in a string")
		case c < utf8.RuneSelf:
			s.pos++
		default:
			r, size := utf8.DecodeRune(s.text[s.pos:])
			if r == utf8.RuneError && size == 1 {
				return s.fail("not UTF-8")
			}
			s.pos += size
		}
	}
	return s.fail("a string without end")
}

func (s *Scanner) skipEscape() error {
	if s.pos+1 >= len(s.text) {
		return s.fail("a string without end")
	}
	switch s.text[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
		for i := s.pos + 2; i < s.pos+6; i++ {
			if i >= len(s.text) || !isHex(s.text[i]) {
				return s.fail("four hexadecimal digits were expected")
			}
		}
		s.pos += 6
		return nil
	}
	return s.fail("an unknown escape")
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func (s *Scanner) skipNumber() error {
	if s.text[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.text) && s.text[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		return s.fail("a digit was expected")
	}
	if s.pos < len(s.text) && s.text[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			return s.fail("a digit was expected")
		}
	}
	return s.skipExponent()
}

func (s *Scanner) skipExponent() error {
	if s.pos >= len(s.text) || s.text[s.pos]|0x20 != 'e' {
		return nil
	}
	s.pos++
	if s.pos < len(s.text) && (s.text[s.pos] == '+' || s.text[s.pos] == '-') {
		s.pos++
	}
	if !s.digits() {
		return s.fail("a digit was expected")
	}
	return nil
}

func (s *Scanner) digits() bool {
	text, i := s.text, s.pos
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	found := i > s.pos
	s.pos = i
	return found
}

func (s *Scanner) fail(what string) error {
	return &SyntaxError{Offset: s.pos, What: what}
}
