package span

import (
	"bytes"
	"encoding/json"
	"errors"
)

// ErrNoString is for a value that is something else.
var ErrNoString = errors.New("not a string")

// usualElements are as many as most arrays have at least.
const usualElements = 4

// Elements splits a text that is an array into its elements as they stand.
func Elements[T ~[]byte](text []byte) ([]T, error) {
	s := NewScanner(text)
	elements := make([]T, 0, usualElements)
	err := s.Array(func() error {
		value, err := s.Skip()
		elements = append(elements, T(value.Of(text)))
		return err
	})
	if err == nil {
		err = s.End()
	}
	return elements, err
}

// Members passes a text that is an object, giving each of its members to member: its
// name with the quotes and its value, both as they stand.
func Members(text []byte, member func(name, value []byte) error) error {
	s := NewScanner(text)
	err := s.Object(func(key Span) error {
		value, err := s.Skip()
		if err != nil {
			return err
		}
		return member(text[key.Start-1:key.End+1], value.Of(text))
	})
	if err == nil {
		err = s.End()
	}
	return err
}

// Unquote decodes a string with its quotes, which stands in a text that is JSON; most
// have nothing in them that needs it.
func Unquote(raw []byte) (s string, err error) {
	switch {
	case len(raw) < 2 || raw[0] != '"':
		return "", ErrNoString
	case bytes.IndexByte(raw, '\\') < 0:
		return string(raw[1 : len(raw)-1]), nil
	}
	err = json.Unmarshal(raw, &s)
	return s, err
}
