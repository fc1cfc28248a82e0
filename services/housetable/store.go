package housetable

import (
	"context"
	"time"
)

// Store keeps everything. Both implementations pass the suite of package
// housetabletest; a behaviour that differs between them is a defect.
//
// Errors are of package fault: Unavailable when nothing was written and trying
// again makes sense, the kinds named below, Internal for the rest.
type Store interface {
	Committer
	Reader
	SoftDeletions
	Outbox
	Warehouses
	Jobs
	Toggles
	Reports
	Sweeps
	Replays
	Access

	// Epoch names the database's line of history: it changes when a failover or
	// a restored backup may have lost commits that were acknowledged.
	Epoch(ctx context.Context) (string, error)
	// Ready is nil when the store can serve: it is reachable, and its schema is
	// the one that this build needs.
	Ready(ctx context.Context) error
	// Close ends all connections.
	Close() error
}

// Committer is the only way to change namespaces and house tables.
type Committer interface {
	// Commit decides each commit for itself and returns a verdict for each, in
	// their order, as if they had come one after another in some order. No two
	// may have a claim in common (Commit.Claims). What is Committed is durable.
	// An error says that the outcome of all of them is unknown (UnknownOutcome)
	// or that none was applied (any other kind); they may be sent again at will.
	Commit(ctx context.Context, commits []Commit) ([]Verdict, error)
}

// Replays makes any changes repeatable, not those of one commit alone.
type Replays interface {
	// Once does work and records the operation with the outcome that work returns,
	// all in one transaction, and returns the record. When the operation was
	// recorded before, for whichever request, that record is returned and no work
	// is done. work changes what it changes through the store that it is given; it
	// may be called again when a rival came in between. An error of work leaves
	// nothing behind and is returned; UnknownOutcome is the only other error that
	// may have left something.
	Once(ctx context.Context, warehouse string, o Operation, work func(ctx context.Context, s Store) (Outcome, error)) (RecordedOperation, error)
}

// Reader is the read-only half.
type Reader interface {
	// Operation returns the record of an operation; NoSuchOperation when there is none.
	Operation(ctx context.Context, warehouse string, id UUID) (RecordedOperation, error)
	// Operations returns the records that there are of some operations, in no order.
	Operations(ctx context.Context, warehouse string, ids []UUID) ([]RecordedOperation, error)
	// Tables returns the house table of each key, in the order of the keys, and
	// nil where there is none.
	Tables(ctx context.Context, warehouse string, keys []TableKey) ([]*Table, error)
	// Sites returns what is at each key, as Tables does, and where the keys are.
	Sites(ctx context.Context, warehouse string, keys []TableKey) (Sites, error)
	// ListTables returns a page and the cursor that continues it, "" at the end;
	// NoSuchNamespace when the namespace does not exist.
	ListTables(ctx context.Context, q TableQuery) ([]Table, string, error)
	// ListNames returns the names alone of a page of ListTables.
	ListNames(ctx context.Context, q TableQuery) ([]string, string, error)
	// ListMark returns a mark of what a namespace lists now, of any kind, and whether
	// that is the same as it was at the mark since, wherever this came from. A list
	// that is read after a mark was returned is right as long as it is the same: it
	// lacks nothing that was acknowledged before it was asked for. There is no mark,
	// "", in a case-insensitive warehouse; nothing is the same as what is no mark.
	ListMark(ctx context.Context, warehouse, databaseID, since string) (mark string, same bool, err error)
	// CountTables counts what ListTables would return without pages; a namespace
	// that does not exist has none.
	CountTables(ctx context.Context, q TableQuery) (int64, error)
	// Holders returns who has holds, or holds above or below them; of those below
	// one, the first hundred. Some may be Gone.
	Holders(ctx context.Context, warehouse string, holds []Hold) ([]Holder, error)
	// ListSoftDeleted returns a page and the cursor that continues it, "" at the
	// end. A database that does not exist any more may still have some.
	ListSoftDeleted(ctx context.Context, q SoftDeletedQuery) ([]Table, string, error)
	// CountSoftDeleted counts what ListSoftDeleted would return without pages.
	CountSoftDeleted(ctx context.Context, q SoftDeletedQuery) (int64, error)
	// ExportTables returns a page of a whole warehouse, each house table with what it
	// holds, and the cursor that continues it, "" at the end.
	ExportTables(ctx context.Context, q ExportQuery) ([]ExportedTable, string, error)
	// History returns a page, newest first, and the version to continue before, 0 at the end.
	History(ctx context.Context, q HistoryQuery) ([]TableVersion, int64, error)
	// Namespace returns one namespace; NoSuchNamespace when it does not exist.
	Namespace(ctx context.Context, warehouse, databaseID string) (Namespace, error)
	// NamespaceVisible reports whether a namespace that exists is in v;
	// NoSuchNamespace when it does not exist.
	NamespaceVisible(ctx context.Context, warehouse, databaseID string, v Visibility) (bool, error)
	// ListNamespaces returns a page and the cursor that continues it, "" at the
	// end; NoSuchNamespace when the parent does not exist.
	ListNamespaces(ctx context.Context, q NamespaceQuery) ([]Namespace, string, error)
	// CountNamespaces counts what ListNamespaces would return without pages; a
	// parent that does not exist has none.
	CountNamespaces(ctx context.Context, q NamespaceQuery) (int64, error)
}

// SoftDeletions forgets what was soft-deleted. It is no change of a house table,
// which is gone already, and so no commit.
type SoftDeletions interface {
	// PurgeSoftDeleted returns how many it forgot; none is no error.
	PurgeSoftDeleted(ctx context.Context, p Purge) (int64, error)
}

// Outbox is the change log of a warehouse, read by position. Every change is in
// it: those of commits, and purges.
type Outbox interface {
	// Events returns the events that follow a position, none when there are none.
	// A returned Fence says that more are there which must wait for transactions
	// that began before them; it goes into the next query. No event can appear at
	// or below the position of one that was returned. PositionExpired when the
	// position is older than what is kept, or of another history.
	Events(ctx context.Context, q EventQuery) ([]Event, *Fence, error)
	// EarliestPosition is the one that all events which are kept follow.
	EarliestPosition(ctx context.Context, warehouse string) (Position, error)
	// LatestPosition is that of the newest event, or the earliest one. With a Fence
	// it is not yet settled: asked again with the Fence, it is the same one.
	LatestPosition(ctx context.Context, warehouse string, fence *Fence) (Position, *Fence, error)
	// Acknowledge keeps how far a consumer got, unless it got further already, and
	// returns what is kept; PositionExpired when no event is at the position, and
	// Unprocessable when the warehouse has as many consumers as it may.
	Acknowledge(ctx context.Context, warehouse, consumer string, p Position) (Consumer, error)
	// Consumers returns all consumers of a warehouse in the order of names.
	Consumers(ctx context.Context, warehouse string) ([]Consumer, error)
	// DeleteConsumer forgets a consumer; one that is not there is no error.
	DeleteConsumer(ctx context.Context, warehouse, consumer string) error
}

// Warehouses keeps the warehouses. All of Reader, Jobs and Commit answer
// NoSuchWarehouse for a warehouse that is not here.
type Warehouses interface {
	// CreateWarehouse returns it as stored; AlreadyExists when the name is taken.
	CreateWarehouse(ctx context.Context, w Warehouse) (Warehouse, error)
	// Warehouse returns one; NoSuchWarehouse when there is none.
	Warehouse(ctx context.Context, name string) (Warehouse, error)
	// ListWarehouses returns a page in the order of names, and the cursor that continues it.
	ListWarehouses(ctx context.Context, page Page) ([]Warehouse, string, error)
	// UpdateWarehouse changes properties and returns it as stored; CommitFailed
	// when the version is not the expected one.
	UpdateWarehouse(ctx context.Context, u WarehouseUpdate) (Warehouse, error)
	// DeleteWarehouse deletes an empty one; NotEmpty when it holds namespaces or jobs,
	// CommitFailed when the expected version is not 0 and not the current one.
	DeleteWarehouse(ctx context.Context, name string, expectedVersion int64) error
}

// Toggles keeps the rules by which features are on.
type Toggles interface {
	// PutToggleRule adds a rule, unless it is there; Unprocessable when the feature
	// has as many as it may.
	PutToggleRule(ctx context.Context, warehouse string, r ToggleRule) error
	// DeleteToggleRule removes a rule; one that is not there is no error.
	DeleteToggleRule(ctx context.Context, warehouse string, r ToggleRule) error
	// ToggleRules returns all rules of a feature, in the order of their patterns.
	ToggleRules(ctx context.Context, warehouse, featureID string) ([]ToggleRule, error)
}

// Reports keeps what engines report. It is no part of what a house table is.
type Reports interface {
	// RecordReports keeps reports of house tables that exist, and returns how many
	// those are, the ones kept before included; NoSuchWarehouse when there is none.
	RecordReports(ctx context.Context, warehouse string, reports []Report) (int64, error)
	// Reports returns a page, newest first, and the id to continue before, zero at
	// the end. Of a house table that was dropped it returns what is still kept.
	Reports(ctx context.Context, q ReportQuery) ([]Report, UUID, error)
}

// Jobs keeps the job records.
type Jobs interface {
	// Job returns one job; NoSuchJob when there is none.
	Job(ctx context.Context, warehouse, id string) (Job, error)
	// PutJob creates the job at version 1, whatever is expected, or replaces its
	// fields when expected is the current version; CommitFailed when it is not.
	// A put that changes nothing keeps the version. created tells which it was.
	PutJob(ctx context.Context, warehouse string, j Job, expected *int64) (stored Job, created bool, err error)
	// DeleteJob deletes one job; NoSuchJob when there is none, CommitFailed when it
	// is not at the version that is expected, if one is.
	DeleteJob(ctx context.Context, warehouse, id string, expected *int64) error
	// ListJobs returns a page in the order of ids, and the cursor that continues it.
	ListJobs(ctx context.Context, q JobQuery) ([]Job, string, error)
	// HeartbeatJob sets the heartbeat of a RUNNING job and keeps its version;
	// CommitFailed when it is in another state, or has another version than the
	// one that is given.
	HeartbeatJob(ctx context.Context, warehouse, id string, version *int64) (Job, error)
	// TransitionJob moves a job; CommitFailed when it is in none of the states it
	// may come from, or has another version than the one that is given.
	TransitionJob(ctx context.Context, warehouse string, t Transition) (Job, error)
	// ClaimJob makes the oldest QUEUED job RUNNING under a lease and returns it,
	// or nil. No two callers get the same.
	ClaimJob(ctx context.Context, warehouse string, c Claim) (*ClaimedJob, error)
	// HoldForJob gives a RUNNING job holds, all of them or none, and returns who is
	// in the way: nobody, when the job has them. CommitFailed when the job is in
	// another state, or has another version than the one that is given.
	HoldForJob(ctx context.Context, warehouse string, j JobHolds) ([]Holder, error)
}

// Sweeps keeps the rest from growing for ever. Each call does at most limit rows
// of work, over all warehouses and by the store's own clock, and returns how many
// it did: as many as limit mean that more may be left. Any number of callers may
// sweep at once.
type Sweeps interface {
	// ReapJobs fails RUNNING jobs that had no heartbeat for longer than their
	// lease, or queues them again, if they may be claimed more often.
	ReapJobs(ctx context.Context, limit int) (int64, error)
	// ForgetJobs deletes SUCCEEDED, FAILED and CANCELLED jobs that did not change
	// for longer than keep.
	ForgetJobs(ctx context.Context, keep time.Duration, limit int) (int64, error)
	// PurgeExpired forgets soft-deleted house tables whose PurgeAfterMS has passed.
	PurgeExpired(ctx context.Context, limit int) (int64, error)
	// ForgetOperations forgets operations that were recorded longer ago than keep.
	// Some it keeps for hours longer, to forget them together; those it does not count.
	ForgetOperations(ctx context.Context, keep time.Duration, limit int) (int64, error)
	// ForgetReports deletes reports that were recorded longer ago than keep.
	ForgetReports(ctx context.Context, keep time.Duration, limit int) (int64, error)
	// ForgetEvents forgets events and versions of house tables. It counts those
	// that it came by, whether they stay or not.
	ForgetEvents(ctx context.Context, keep EventRetention, limit int) (int64, error)
	// ForgetGrants forgets the tombstones of grants that were revoked longer ago
	// than keep. A follower that has not read them by then begins anew.
	ForgetGrants(ctx context.Context, keep time.Duration, limit int) (int64, error)
	// ForgetFolders forgets what jobs held, and the folders above locations that
	// were held once and are not any more. It counts those that it came by, whether they stay or not.
	ForgetFolders(ctx context.Context, limit int) (int64, error)
}
