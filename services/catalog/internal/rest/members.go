package rest

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/span"
)

// rawMember is a member of an object, its value as it was sent.
type rawMember struct {
	name  string
	value json.RawMessage
}

// usualMembers are as many as most objects of requests have.
const usualMembers = 4

// membersOf splits an object, or else tells of the first byte that is wrong. What is in
// the values is passed over, once for each level that is asked for.
func membersOf(data []byte) ([]rawMember, error) {
	s := span.NewScanner(data)
	members := make([]rawMember, 0, usualMembers)
	err := s.Object(func(key span.Span) error {
		value, err := s.Skip()
		if err != nil {
			return err
		}
		name, err := textOf(data[key.Start-1 : key.End+1])
		members = append(members, rawMember{name, value.Of(data)})
		return err
	})
	if err == nil {
		err = s.End()
	}
	return members, err
}

// elementsOf splits an array.
func elementsOf(data []byte) ([]json.RawMessage, error) {
	s := span.NewScanner(data)
	elements := make([]json.RawMessage, 0, usualMembers)
	err := s.Array(func() error {
		value, err := s.Skip()
		elements = append(elements, value.Of(data))
		return err
	})
	return elements, err
}

var errNoText = errors.New("not a string")

// textOf decodes a string; most have nothing in them that needs it.
func textOf(raw []byte) (s string, err error) {
	switch {
	case len(raw) < 2 || raw[0] != '"':
		return "", errNoText
	case bytes.IndexByte(raw, '\\') < 0:
		return string(raw[1 : len(raw)-1]), nil
	}
	err = json.Unmarshal(raw, &s)
	return s, err
}

// noObject is what is wrong with data, which is not an object.
func noObject(at string, data []byte) error {
	var syntax *json.SyntaxError
	if err := json.Unmarshal(data, new(json.RawMessage)); errors.As(err, &syntax) {
		return fault.Field(at, "malformed JSON at byte %d: %s", syntax.Offset, syntax)
	}
	return fault.Field(at, "must be a JSON object, found %s", kindOf(data))
}
