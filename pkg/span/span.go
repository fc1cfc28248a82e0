// Package span finds the values of a JSON text without decoding them, but for strings
// that are asked for.
//
// It promises that a text which it passes is valid JSON (RFC 8259, UTF-8,
// at most maxDepth deep), that it looks at each byte once, and that it allocates
// nothing for what it passes over.
//
// The Scanner's exported methods move it along; what they are made of (skip.go,
// text.go, number.go) takes an offset and gives the one after what it passed, so
// that where the scanner stands is in a register and not in memory.
package span

import "fmt"

// maxDepth bounds how deep arrays and objects may nest.
const maxDepth = 512

// Span is a part of a text: text[Start:End].
type Span struct{ Start, End int }

// Of is the part of text.
func (s Span) Of(text []byte) []byte { return text[s.Start:s.End] }

// From is the span counted from start.
func (s Span) From(start int) Span { return Span{s.Start - start, s.End - start} }

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
// first value. After an error it stands where the text is wrong.
type Scanner struct {
	text  []byte
	pos   int
	wrong string
}

// NewScanner starts at the beginning of text.
func NewScanner(text []byte) *Scanner { return &Scanner{text: text} }

// Pos is the offset of the next byte.
func (s *Scanner) Pos() int { return s.pos }

// Peek passes white space and returns the first byte of what follows, 0 at the end.
func (s *Scanner) Peek() byte {
	if s.pos = s.past(s.pos); s.pos >= len(s.text) {
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
	for more := true; more; {
		start := s.past(s.pos)
		end, value := s.name(start)
		if err := s.move(value); err != nil {
			return err
		}
		if err := member(Span{start + 1, end}); err != nil {
			return err
		}
		var err error
		if more, err = s.separator('}'); err != nil {
			return err
		}
	}
	return nil
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
	for more := true; more; {
		s.Peek()
		if err := element(); err != nil {
			return err
		}
		var err error
		if more, err = s.separator(']'); err != nil {
			return err
		}
	}
	return nil
}

// Skip passes a value of any kind and returns where it stands.
func (s *Scanner) Skip() (Span, error) {
	start := s.past(s.pos)
	err := s.move(s.value(start, 0))
	return Span{start, s.pos}, err
}

// Pick passes an object, noting in values where the values of the members with
// those names stand; the names of a text are taken as they are spelled. A
// member that is not there leaves its span empty; one that is there twice is an
// error.
func (s *Scanner) Pick(names []string, values []Span) (Span, error) {
	start := s.past(s.pos)
	if s.Peek() != '{' {
		return Span{}, s.fail("an object was expected")
	}
	clear(values)
	err := s.move(s.picked(start+1, names, values))
	return Span{start, s.pos}, err
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

// move goes to where a step led, or says why it led nowhere.
func (s *Scanner) move(to int) error {
	if to < 0 {
		return s.fail(s.wrong)
	}
	s.pos = to
	return nil
}

func (s *Scanner) fail(what string) error {
	return &SyntaxError{Offset: s.pos, What: what}
}
