package housetable

// Change is one change of a commit: one of the types below, and no other.
type Change interface{ change() }

func (CreateTable) change()     {}
func (SwapTable) change()       {}
func (DropTable) change()       {}
func (RenameTable) change()     {}
func (RestoreTable) change()    {}
func (CreateNamespace) change() {}
func (DropNamespace) change()   {}
func (UpdateNamespace) change() {}

// Expectation is what must be so for a change to apply: all that is set must hold.
type Expectation struct {
	UUID             *UUID
	Version          *int64
	MetadataLocation *string
	Kind             Kind
}

// Holds reports whether the house table is as expected.
func (e Expectation) Holds(t Table) bool {
	return (e.UUID == nil || *e.UUID == t.UUID) &&
		(e.Version == nil || *e.Version == t.Version) &&
		(e.MetadataLocation == nil || *e.MetadataLocation == t.MetadataLocation) &&
		(e.Kind == AnyKind || e.Kind == t.Kind)
}

// CreateTable expects the namespace to exist and the key to be free.
type CreateTable struct {
	Key              TableKey
	Kind             Kind
	MetadataLocation string
	StorageType      string
	CreationTimeMS   *int64
	// ImplicitNamespace creates a missing namespace of one level.
	ImplicitNamespace bool
	// Location and MetadataUUID, where they are set, are held: see Hold.
	Location     string
	MetadataUUID *UUID
}

// SwapTable is the compare-and-swap: it points a house table to other metadata.
type SwapTable struct {
	Key              TableKey
	Expect           Expectation
	MetadataLocation string
	// StorageType and CreationTimeMS replace what is stored when they are set.
	StorageType    *string
	CreationTimeMS *int64
	// Location and MetadataUUID replace what is held when they are set: see Hold.
	Location     string
	MetadataUUID *UUID
}

// DropTable removes a house table, or moves it among the soft-deleted ones.
type DropTable struct {
	Key          TableKey
	Expect       Expectation
	Soft         bool
	PurgeAfterMS int64
}

// RenameTable expects the destination's namespace to exist and its key to be
// free. A case-insensitive warehouse lets a house table change its spelling.
type RenameTable struct {
	Key              TableKey
	Expect           Expectation
	Destination      TableKey
	MetadataLocation *string
}

// RestoreTable brings a soft-deleted house table back under its key.
type RestoreTable struct{ SoftDeletedKey }

// CreateNamespace expects the parent to exist and the id to be free.
type CreateNamespace struct {
	DatabaseID string
	Properties map[string]string
}

// DropNamespace expects the namespace to hold neither house tables nor namespaces.
type DropNamespace struct {
	DatabaseID string
	// ExpectedVersion, when not 0, must be the current version.
	ExpectedVersion int64
}

// UpdateNamespace changes single properties, the last writer of a key winning
// unless a version is expected.
type UpdateNamespace struct {
	DatabaseID string
	Updates    map[string]string
	Removals   []string
	// ExpectedVersion, when not 0, must be the current version.
	ExpectedVersion int64
}
