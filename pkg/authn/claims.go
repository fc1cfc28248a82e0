package authn

import (
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4/jwt"
)

// claims are what a token says: the registered ones, and the others as they came.
type claims struct {
	jwt.Claims

	others map[string]json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *claims) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &c.Claims); err != nil {
		return fmt.Errorf("registered claims: %w", err)
	}
	if err := json.Unmarshal(data, &c.others); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	return nil
}

// groups reads a claim that is a list of names, or one name. What it is
// otherwise grants nothing.
func (c *claims) groups(claim string) []string {
	raw := c.others[claim]
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}
