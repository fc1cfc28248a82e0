package command

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// decode reads an answer, or a part of one. What a newer server says besides is
// passed over.
func decode(what string, answer json.RawMessage, into proto.Message) error {
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(answer, into); err != nil {
		return fmt.Errorf("the answer is no %s: %w", what, err)
	}
	return nil
}
