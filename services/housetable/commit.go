package housetable

import (
	"strconv"
	"time"
)

// Limits of one commit.
const (
	MaxChanges    = 1000
	MaxOperations = 1000
	MaxBodyBytes  = 4 << 10
	MaxJobs       = 100
)

// Commit is one all-or-nothing change of one warehouse. Without changes it
// records its operations and queues its jobs.
type Commit struct {
	Warehouse string
	// Operations to record with the changes; at least one. A commit applies only
	// if none of them was recorded before.
	Operations []Operation
	// Changes name each identity at most once.
	Changes []Change
	// Jobs to queue if, and only if, the commit is applied.
	Jobs []QueuedJob
	// Principal and RequestID are for the history.
	Principal string
	RequestID string
}

// TableUUID is the uuid of the house table which the change at the index creates.
func (c Commit) TableUUID(index int) UUID {
	return tableUUID(c.Warehouse, c.Operations[0].ID, index)
}

// JobID is the id of the job which the commit queues at the index: one that no
// other commit can queue.
func (c Commit) JobID(index int) string {
	return c.Operations[0].ID.String() + "-" + strconv.Itoa(index)
}

// SingleSwap reports whether the commit is one swap that takes no hold, with one
// operation, as nearly all are.
func (c Commit) SingleSwap() bool {
	if len(c.Changes) != 1 || len(c.Operations) != 1 || len(c.Jobs) != 0 {
		return false
	}
	swap, ok := c.Changes[0].(SwapTable)
	return ok && len(HoldsOf(swap)) == 0
}

// SingleCreate reports whether the commit is one creation in a namespace that is
// there, with one operation.
func (c Commit) SingleCreate() bool {
	if len(c.Changes) != 1 || len(c.Operations) != 1 || len(c.Jobs) != 0 {
		return false
	}
	create, ok := c.Changes[0].(CreateTable)
	return ok && !create.ImplicitNamespace
}

// Operation is the idempotency record of one request.
type Operation struct {
	ID UUID
	// Fingerprint of the request: another one under the same id is a mistake,
	// unless the first had none.
	Fingerprint []byte
	// Kind names what was asked for, for people.
	Kind    string
	Outcome Outcome
}

// Outcome is what a replay is answered from. It holds no secret.
type Outcome struct {
	// Status is the HTTP status: a success, or a 4xx that depended on the state.
	Status            int32
	MetadataLocations []string
	Body              []byte
}

// RecordedOperation is an operation as it was recorded.
type RecordedOperation struct {
	Operation
	RecordedAt time.Time
}

// Verdict is the answer to a commit: Committed, Conflict, Replay or Refused.
type Verdict interface{ verdict() }

func (Committed) verdict() {}
func (Conflict) verdict()  {}
func (Replay) verdict()    {}
func (Refused) verdict()   {}

// Committed means that all changes were applied.
type Committed struct {
	// Results of the changes, in their order.
	Results     []ChangeResult
	CommittedAt time.Time
}

// ChangeResult is the state after one change: one of its fields is set. A
// dropped house table is shown with the version that dropped it.
type ChangeResult struct {
	Table     *Table
	Namespace *Namespace
}

// Conflict means that nothing was applied, because something is not as expected.
type Conflict struct {
	// Changes that do not apply; at least one.
	Changes []ChangeConflict
}

// Replay means that nothing was applied, because these operations were recorded before.
type Replay struct{ Operations []RecordedOperation }

// Refused means that nothing was applied and never can be: Err says why.
type Refused struct{ Err error }

// Reason is why a change does not apply.
type Reason uint8

// The reasons.
const (
	// Fits is no reason: the change applies.
	Fits Reason = iota
	// TableNotFound means that there is no such house table.
	TableNotFound
	// TableExists means that the key is taken.
	TableExists
	// VersionMismatch means that the house table or the namespace is not as expected.
	VersionMismatch
	// NamespaceNotFound means that there is no such namespace, or no such parent.
	NamespaceNotFound
	// NamespaceExists means that the namespace exists already.
	NamespaceExists
	// NamespaceNotEmpty means that the namespace holds something.
	NamespaceNotEmpty
	// LocationTaken means that a location is held, or one above or below it.
	LocationTaken
	// MetadataUUIDTaken means that a metadata's uuid is held.
	MetadataUUIDTaken
)

// ChangeConflict is one change that does not apply.
type ChangeConflict struct {
	// Index of the change in its commit.
	Index  int
	Reason Reason
	// Current house table of the key, or of the destination's when that is taken.
	// Of a hold that is taken: its holder, as far as history tells of it; nil when
	// another change of the commit wants the same.
	Current *Table
	// Location that is taken: the one wanted, or one above or below it.
	Location string
	// JobID of the job that holds what is taken; empty when no job does.
	JobID string
	// Winner made the current version, where it is known.
	Winner *TableVersion
	// CurrentNamespace is the one that is not at the expected version.
	CurrentNamespace *Namespace
}
