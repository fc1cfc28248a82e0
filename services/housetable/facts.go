package housetable

import "github.com/igloo-catalog/igloo/pkg/fault"

// Facts are what a store found of a commit's footprint. They are the one place
// where it is decided whether a change applies, and if not, why: a store with a
// single writer asks them before it writes, a store with many asks them after
// its conditional statement wrote nothing.
type Facts struct {
	fold        bool
	tables      map[TableKey]Table
	namespaces  map[string]Namespace
	occupied    map[string]bool
	softDeleted map[SoftDeletedKey]Table
	holders     []Holder
}

// NewFacts knows nothing yet; fold is set for case-insensitive warehouses.
func NewFacts(fold bool) *Facts {
	return &Facts{
		fold:        fold,
		tables:      map[TableKey]Table{},
		namespaces:  map[string]Namespace{},
		occupied:    map[string]bool{},
		softDeleted: map[SoftDeletedKey]Table{},
	}
}

// AddTable adds a house table that exists.
func (f *Facts) AddTable(t Table) { f.tables[f.key(t.Key)] = t }

// AddNamespace adds a namespace that exists.
func (f *Facts) AddNamespace(n Namespace) { f.namespaces[f.id(n.DatabaseID)] = n }

// AddOccupied tells that a namespace holds something.
func (f *Facts) AddOccupied(databaseID string) { f.occupied[f.id(databaseID)] = true }

// AddSoftDeleted adds a soft-deleted house table.
func (f *Facts) AddSoftDeleted(t Table) {
	f.softDeleted[SoftDeletedKey{Key: f.key(t.Key), DeletedAtMS: *t.DeletedAtMS}] = t
}

// AddHolder adds a hold that is in the way of the commit's, or is its own; that
// of a house table which is gone is none.
func (f *Facts) AddHolder(h Holder) {
	if !h.Gone() {
		f.holders = append(f.holders, h)
	}
}

// Table that exists under the key.
func (f *Facts) Table(key TableKey) (Table, bool) {
	t, ok := f.tables[f.key(key)]
	return t, ok
}

// Namespace that exists under the id.
func (f *Facts) Namespace(databaseID string) (Namespace, bool) {
	n, ok := f.namespaces[f.id(databaseID)]
	return n, ok
}

// SoftDeleted is the generation that was soft-deleted.
func (f *Facts) SoftDeleted(key SoftDeletedKey) (Table, bool) {
	t, ok := f.softDeleted[SoftDeletedKey{Key: f.key(key.Key), DeletedAtMS: key.DeletedAtMS}]
	return t, ok
}

// Refuse is the verdict on a commit that contradicts itself under this
// warehouse's rule for names: one that names an identity twice, or drops a
// namespace and puts something into it. It is nil for any other.
func (f *Facts) Refuse(c Commit) Verdict {
	if err := checkOverlap(c.Changes, f.fold); err != nil {
		return Refused{Err: err}
	}
	return nil
}

// Judge returns the changes that do not apply; none means that the commit does.
func (f *Facts) Judge(c Commit) []ChangeConflict {
	var conflicts []ChangeConflict
	wanted := wantedHolds(c.Changes)
	for index, change := range c.Changes {
		reason, current := f.judge(change)
		if reason != Fits {
			conflicts = append(conflicts, ChangeConflict{
				Index: index, Reason: reason, Current: current, CurrentNamespace: f.stale(change, reason),
			})
		} else if taken := f.judgeHolds(index, change, wanted); taken != nil {
			conflicts = append(conflicts, *taken)
		}
	}
	return conflicts
}

func (f *Facts) judge(change Change) (Reason, *Table) {
	switch c := change.(type) {
	case CreateTable:
		return f.judgeArrival(c.Key, c.ImplicitNamespace && ParentID(c.Key.DatabaseID) == "")
	case SwapTable:
		return f.judgePresence(c.Key, c.Expect)
	case DropTable:
		return f.judgePresence(c.Key, c.Expect)
	case RenameTable:
		return f.judgeRename(c)
	case RestoreTable:
		return f.judgeRestore(c)
	case CreateNamespace:
		return f.judgeCreateNamespace(c), nil
	case DropNamespace:
		return f.judgeDropNamespace(c), nil
	case UpdateNamespace:
		return f.judgeNamespaceAt(c.DatabaseID, c.ExpectedVersion), nil
	}
	return Fits, nil
}

// stale is the namespace that is not at the version which its change expects.
func (f *Facts) stale(change Change, reason Reason) *Namespace {
	if reason != VersionMismatch {
		return nil
	}
	id := ""
	switch c := change.(type) {
	case DropNamespace:
		id = c.DatabaseID
	case UpdateNamespace:
		id = c.DatabaseID
	}
	if n, exists := f.Namespace(id); exists {
		return &n
	}
	return nil
}

func (f *Facts) judgePresence(key TableKey, expect Expectation) (Reason, *Table) {
	current, exists := f.Table(key)
	if !exists {
		return TableNotFound, nil
	}
	if !expect.Holds(current) {
		return VersionMismatch, &current
	}
	return Fits, nil
}

func (f *Facts) judgeArrival(key TableKey, implicit bool) (Reason, *Table) {
	if current, taken := f.Table(key); taken {
		return TableExists, &current
	}
	if implicit {
		return Fits, nil
	}
	return f.judgeNamespace(key.DatabaseID), nil
}

func (f *Facts) judgeRename(c RenameTable) (Reason, *Table) {
	if reason, current := f.judgePresence(c.Key, c.Expect); reason != Fits {
		return reason, current
	}
	respelled := c.Key != c.Destination && f.key(c.Key) == f.key(c.Destination)
	if respelled {
		return Fits, nil
	}
	return f.judgeArrival(c.Destination, false)
}

func (f *Facts) judgeRestore(c RestoreTable) (Reason, *Table) {
	if current, taken := f.Table(c.Key); taken {
		return TableExists, &current
	}
	if _, exists := f.SoftDeleted(c.SoftDeletedKey); !exists {
		return TableNotFound, nil
	}
	return f.judgeNamespace(c.Key.DatabaseID), nil
}

func (f *Facts) judgeCreateNamespace(c CreateNamespace) Reason {
	if _, exists := f.Namespace(c.DatabaseID); exists {
		return NamespaceExists
	}
	if parent := ParentID(c.DatabaseID); parent != "" {
		return f.judgeNamespace(parent)
	}
	return Fits
}

func (f *Facts) judgeDropNamespace(c DropNamespace) Reason {
	if reason := f.judgeNamespaceAt(c.DatabaseID, c.ExpectedVersion); reason != Fits {
		return reason
	}
	if f.occupied[f.id(c.DatabaseID)] {
		return NamespaceNotEmpty
	}
	return Fits
}

func (f *Facts) judgeNamespace(databaseID string) Reason {
	if _, exists := f.Namespace(databaseID); !exists {
		return NamespaceNotFound
	}
	return Fits
}

func (f *Facts) judgeNamespaceAt(databaseID string, expected int64) Reason {
	n, exists := f.Namespace(databaseID)
	switch {
	case !exists:
		return NamespaceNotFound
	case expected != 0 && expected != n.Version:
		return VersionMismatch
	}
	return Fits
}

func (f *Facts) key(key TableKey) TableKey {
	if f.fold {
		return key.Fold()
	}
	return key
}

func (f *Facts) id(databaseID string) string {
	if f.fold {
		return Fold(databaseID)
	}
	return databaseID
}

// Check refuses a commit that no state could make right.
func (c Commit) Check() error {
	switch {
	case len(c.Operations) == 0:
		return fault.Field("operations", "must not be empty")
	case len(c.Operations) > MaxOperations:
		return fault.Field("operations", "has %d entries, %d are allowed", len(c.Operations), MaxOperations)
	case len(c.Changes) > MaxChanges:
		return fault.Field("changes", "has %d entries, %d are allowed", len(c.Changes), MaxChanges)
	}
	if len(c.Jobs) > MaxJobs {
		return fault.Field("jobs", "has %d entries, %d are allowed", len(c.Jobs), MaxJobs)
	}
	seen := make(map[UUID]bool, len(c.Operations))
	for i, o := range c.Operations {
		if seen[o.ID] {
			return fault.Field("operations", "entry %d has the id %s of an entry before it", i, o.ID)
		}
		seen[o.ID] = true
	}
	return checkOverlap(c.Changes, false)
}

// Ambiguous reports whether the commit would contradict itself in a
// case-insensitive warehouse.
func (c Commit) Ambiguous() bool { return checkOverlap(c.Changes, true) != nil }

func checkOverlap(changes []Change, fold bool) error {
	if len(changes) < 2 {
		return nil
	}
	seen := make(map[string]bool, len(changes))
	for _, id := range identities(changes, fold) {
		if seen[id] {
			return fault.New(fault.Unprocessable, "changes: one commit names the same table or namespace twice")
		}
		seen[id] = true
	}
	return checkNamespaceUse(changes, fold)
}

// checkNamespaceUse refuses to put something into a namespace that the same
// commit creates or drops: every change is judged on the state before.
func checkNamespaceUse(changes []Change, fold bool) error {
	changed := map[string]bool{}
	for _, change := range changes {
		switch change.(type) {
		case CreateNamespace, DropNamespace:
			for _, id := range identities([]Change{change}, fold) {
				changed[id] = true
			}
		}
	}
	if len(changed) == 0 {
		return nil
	}
	for _, change := range changes {
		into := ""
		switch c := change.(type) {
		case CreateTable:
			into = c.Key.DatabaseID
		case RenameTable:
			into = c.Destination.DatabaseID
		case RestoreTable:
			into = c.Key.DatabaseID
		case CreateNamespace:
			into = ParentID(c.DatabaseID)
		}
		if fold {
			into = Fold(into)
		}
		if into != "" && changed["n\x00"+into] {
			return fault.New(fault.Unprocessable, "changes: one commit creates or drops namespace %q and puts something into it", into)
		}
	}
	return nil
}
