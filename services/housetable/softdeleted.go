package housetable

import (
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// SoftDeletedQuery asks for a page of the soft-deleted house tables of one
// database, of one kind or of tables and views both. In the order of keys the
// generations of one name follow each other, the oldest first.
type SoftDeletedQuery struct {
	Warehouse  string
	DatabaseID string
	// TableID, when set, keeps the generations of one name.
	TableID string
	// Kind may be AnyKind; functions are not listed.
	Kind Kind
	// PurgeBefore, when set, keeps those whose PurgeAfterMS is strictly less.
	PurgeBefore *int64
	// DeletedAtMS, when set, keeps one generation of each name.
	DeletedAtMS *int64
	// Order other than that of keys is for pages that are counted: such a list
	// has no cursor.
	Order Order
	// Skip passes over that many entries first, for pages that are counted.
	Skip int
	Page
}

// Purge names the soft-deleted house tables to forget: the generations of one
// key and kind, all of them or those whose PurgeAfterMS is strictly less than Before.
type Purge struct {
	Warehouse string
	Key       TableKey
	Kind      Kind
	Before    *int64
	// RequestID is for the history.
	RequestID string
}

// Order is what a list is sorted by; entries that are equal in it follow each
// other in the order of their keys.
type Order uint8

// The orders, all ascending; what is absent comes first.
const (
	// ByKey is the order of the primary key, in which pages have cursors.
	ByKey Order = iota
	// ByVersion sorts by the number of changes.
	ByVersion
	// ByMetadataLocation sorts by the bytes of the location.
	ByMetadataLocation
	// ByStorageType sorts by the bytes of the storage type.
	ByStorageType
	// ByCreationTime sorts by what creators sent.
	ByCreationTime
	// ByDeletion sorts soft-deleted house tables alone.
	ByDeletion
	// ByPurge sorts soft-deleted house tables alone.
	ByPurge
)

// Column is the name under which every store keeps what the order goes by, ""
// for the order of keys.
func (o Order) Column() string {
	switch o {
	case ByVersion:
		return "version"
	case ByMetadataLocation:
		return "metadata_location"
	case ByStorageType:
		return "storage_type"
	case ByCreationTime:
		return "creation_time_ms"
	case ByDeletion:
		return "deleted_at_ms"
	case ByPurge:
		return "purge_after_ms"
	case ByKey:
	}
	return ""
}

// SoftDeletedCursor is the cursor behind one generation of a stored table key.
func SoftDeletedCursor(tableKey string, deletedAtMS int64) string {
	return strconv.FormatInt(deletedAtMS, 10) + " " + tableKey
}

// Position is the table key and the deletion that the page follows.
func (q SoftDeletedQuery) Position() (tableKey string, deletedAtMS int64, err error) {
	if q.After == "" {
		return "", 0, nil
	}
	at, tableKey, _ := strings.Cut(q.After, " ")
	deletedAtMS, err = strconv.ParseInt(at, 10, 64)
	if err != nil {
		return "", 0, fault.Field("page_token", "is not a token of this list")
	}
	return tableKey, deletedAtMS, nil
}
