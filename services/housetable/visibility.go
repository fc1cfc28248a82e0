package housetable

import (
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// MaxVisible is the most uuids of a Visibility, and the most databases.
const MaxVisible = 10_000

// Visibility is what somebody may be shown of a list. A house table is in it if
// its uuid or its owner is; a namespace if its id is, or if in it, at any depth,
// there is a namespace or a house table that is.
type Visibility struct {
	UUIDs []UUID
	// Owner of house tables; empty means nobody.
	Owner       string
	DatabaseIDs []string
}

// Check refuses more than is looked for one by one.
func (v Visibility) Check() error {
	switch {
	case len(v.UUIDs) > MaxVisible:
		return fault.Field("visibility.uuids", "has %d entries, %d are allowed", len(v.UUIDs), MaxVisible)
	case len(v.DatabaseIDs) > MaxVisible:
		return fault.Field("visibility.database_ids", "has %d entries, %d are allowed", len(v.DatabaseIDs), MaxVisible)
	}
	return nil
}
