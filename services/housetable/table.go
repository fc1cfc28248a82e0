package housetable

import "time"

// Kind is what a house table stands for.
type Kind uint8

// The kinds. Tables and views share their names, functions have their own.
const (
	// AnyKind is no kind: in an expectation it means that any will do.
	AnyKind Kind = iota
	// KindTable is an Iceberg table.
	KindTable
	// KindView is an Iceberg view.
	KindView
	// KindFunction is an Iceberg function.
	KindFunction
)

// TableKey is the identity of a house table within its warehouse.
type TableKey struct {
	DatabaseID string
	TableID    string
	// Function selects the names of functions instead of those of tables and views.
	Function bool
}

// Family is the number under which stores keep the two sets of names apart.
func (k TableKey) Family() int16 {
	if k.Function {
		return 1
	}
	return 0
}

// Fold is the key as a case-insensitive warehouse compares it.
func (k TableKey) Fold() TableKey {
	return TableKey{DatabaseID: Fold(k.DatabaseID), TableID: Fold(k.TableID), Function: k.Function}
}

// Table is a house table: a pointer to the current metadata of a table, view or
// function.
type Table struct {
	// Key as it was typed at creation or at the last rename.
	Key  TableKey
	Kind Kind
	UUID UUID
	// Version is 1 at creation and grows by one with every change.
	Version          int64
	MetadataLocation string
	StorageType      string
	// CreationTimeMS is what the creator sent; nil when nothing was.
	CreationTimeMS *int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
	// DeletedAtMS and PurgeAfterMS are set on soft-deleted house tables alone.
	DeletedAtMS  *int64
	PurgeAfterMS *int64
	// Owner is the principal who created it; empty when nobody said who they are.
	Owner string
}

// SoftDeletedKey names one generation of a soft-deleted house table.
type SoftDeletedKey struct {
	Key         TableKey
	DeletedAtMS int64
}

// NameMatch selects names: equal to Text, or with anything before it, after it,
// or both. The zero NameMatch selects every name.
type NameMatch struct {
	Text      string
	AnyBefore bool
	AnyAfter  bool
}

// All reports whether every name is selected.
func (m NameMatch) All() bool { return m.Text == "" }

// Fold is the match as a case-insensitive warehouse compares it.
func (m NameMatch) Fold() NameMatch {
	m.Text = Fold(m.Text)
	return m
}

// TableQuery asks for a page of the house tables of one namespace and kind, in
// the order of their keys or in another.
type TableQuery struct {
	Warehouse  string
	DatabaseID string
	Kind       Kind
	Match      NameMatch
	// Order other than that of keys is for pages that are counted: such a list
	// has no cursor.
	Order Order
	// Skip passes over that many entries first, for pages that are counted.
	Skip int
	// Visible, when set, leaves out what is not in it.
	Visible *Visibility
	Page
}

// Page is which part of a list is wanted: at most Limit entries that follow
// After, the cursor that the page before ended with.
type Page struct {
	After string
	Limit int
}

// Action is what a change did, as history spells it.
type Action string

// The actions.
const (
	ActionCreate  Action = "create"
	ActionSwap    Action = "swap"
	ActionDrop    Action = "drop"
	ActionRename  Action = "rename"
	ActionRestore Action = "restore"
	// ActionPurge forgets what was soft-deleted.
	ActionPurge Action = "purge"
	// ActionUpdate is of namespaces alone.
	ActionUpdate Action = "update"
	// ActionGrant and ActionRevoke are of what is granted on something.
	ActionGrant  Action = "grant"
	ActionRevoke Action = "revoke"
)

// TableVersion is one entry of a house table's history: who did what, and what
// the house table was afterwards.
type TableVersion struct {
	Version          int64
	Action           Action
	Key              TableKey
	MetadataLocation string
	CommittedAt      time.Time
	OperationID      UUID
	Principal        string
	RequestID        string
}

// HistoryQuery asks for a page of the history of one house table, newest first:
// the versions below Before, or from the newest on when it is 0.
type HistoryQuery struct {
	Warehouse string
	UUID      UUID
	Before    int64
	Limit     int
}
