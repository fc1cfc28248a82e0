package rest

import (
	"bytes"
	"fmt"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// commitTransaction commits to several tables. Each has its part of the body for itself:
// what one of them keeps of it is not to keep those of the others.
func (h *Handler) commitTransaction(c *call) (answer, error) {
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	list := body.list("table-changes")
	changes := make([]catalog.TableChange, 0, len(list))
	for i, raw := range list {
		member := &object{}
		member.parse(fmt.Sprintf("table-changes[%d]", i), raw)
		if member.err == nil {
			changes = append(changes, catalog.TableChange{
				Identifier:   member.identifier("identifier"),
				Requirements: bytes.Clone(member.needed("requirements", "an array")),
				Updates:      bytes.Clone(member.needed("updates", "an array")),
			})
		}
		if body.take(member); body.err != nil {
			break
		}
	}
	if body.err != nil {
		return answer{}, body.err
	}
	if err := h.catalog.CommitTransaction(c.Context(), request, changes); err != nil {
		return answer{}, err
	}
	return none()
}
