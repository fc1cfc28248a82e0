package housetable

import (
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// ExportQuery asks for a page of the house tables of a whole warehouse, of all
// kinds, in the order of their keys: those that exist, or those that were
// soft-deleted, of which the generations of one key follow each other, the oldest
// first.
type ExportQuery struct {
	Warehouse   string
	SoftDeleted bool
	Page
}

// ExportedTable is a house table with what it holds: see Hold.
type ExportedTable struct {
	Table

	// Location is empty, and MetadataUUID nil, where it holds none.
	Location     string
	MetadataUUID *UUID
}

// NewExportedTable is a house table with the holds of each sort that it has, ""
// for none.
func NewExportedTable(t Table, location, uuid string) ExportedTable {
	return ExportedTable{Table: t, Location: Hold(location).Location(), MetadataUUID: Hold(uuid).UUID()}
}

// ExportCursor is the cursor behind a stored key: one generation of it, where it
// was soft-deleted. Keys hold no line breaks.
func ExportCursor(database string, family int16, table string, deletedAtMS int64) string {
	return strings.Join([]string{database, strconv.Itoa(int(family)), table, strconv.FormatInt(deletedAtMS, 10)}, "\n")
}

// Position is the stored key that the page follows.
func (q ExportQuery) Position() (database string, family int16, table string, deletedAtMS int64, err error) {
	if q.After == "" {
		return "", 0, "", 0, nil
	}
	parts := strings.Split(q.After, "\n")
	if len(parts) != len([...]string{"database", "family", "table", "deletion"}) {
		return "", 0, "", 0, fault.Field("page_token", "is not a token of this list")
	}
	number, err := strconv.ParseInt(parts[1], 10, 16)
	if err == nil {
		deletedAtMS, err = strconv.ParseInt(parts[3], 10, 64)
	}
	if err != nil {
		return "", 0, "", 0, fault.Field("page_token", "is not a token of this list")
	}
	return parts[0], int16(number), parts[2], deletedAtMS, nil
}
