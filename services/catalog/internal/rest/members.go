package rest

import (
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
	members := make([]rawMember, 0, usualMembers)
	err := span.Members(data, func(quoted, value []byte) error {
		name, err := span.Unquote(quoted)
		members = append(members, rawMember{name, value})
		return err
	})
	return members, err
}

// noObject is what is wrong with data, which is not an object.
func noObject(at string, data []byte) error {
	var syntax *json.SyntaxError
	if err := json.Unmarshal(data, new(json.RawMessage)); errors.As(err, &syntax) {
		return fault.Field(at, "malformed JSON at byte %d: %s", syntax.Offset, syntax)
	}
	return fault.Field(at, "must be a JSON object, found %s", kindOf(data))
}
