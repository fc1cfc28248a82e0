package catalog

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// QueuedJob is work that a commit leaves behind for this service.
type QueuedJob struct {
	Name string
	// Conf is what is to be done, in JSON.
	Conf string
	// Attempts is how often it may be begun.
	Attempts int64
	// Delay is how long it waits.
	Delay time.Duration
	// MetadataUUID, where it is set, makes the job needless: it ends when a table
	// takes the UUID.
	MetadataUUID uuid.UUID
}

// Job is work that was claimed.
type Job struct {
	Warehouse string
	ID        string
	// Version tells this claim from later ones.
	Version string
	Name    string
	Conf    string
	// Attempt counts the claims, this one included, and Attempts are as many as
	// there may be.
	Attempt, Attempts int64
}

// Jobs is the work queue of this service, which the house table service keeps.
// But for ClaimJob, all fail with fault.CommitFailed when the claim is no longer
// the job's last one.
type Jobs interface {
	// ClaimJob takes the oldest job of a warehouse, or nil. Without a heartbeat it
	// is another's to claim after the lease.
	ClaimJob(ctx context.Context, warehouse string, lease time.Duration) (*Job, error)
	// Hold gives a claimed job what no table can then have, until the claim ends.
	// It returns who is in the way: nobody, when the job has it.
	Hold(ctx context.Context, j Job, holds JobHolds) ([]Holder, error)
	// Heartbeat keeps a claim for another lease.
	Heartbeat(ctx context.Context, j Job) error
	// Succeed ends a job; report says what was done.
	Succeed(ctx context.Context, j Job, report string) error
	// Fail ends a job; reason says why.
	Fail(ctx context.Context, j Job, reason string) error
	// Retry puts a job back, to be claimed after a delay.
	Retry(ctx context.Context, j Job, delay time.Duration, reason string) error
}

// JobHolds are what a job is to hold, instead of what it held before.
type JobHolds struct {
	// Locations in their one spelling (HeldLocation), none of which overlap.
	Locations []string
	// MetadataUUID, unless it is zero.
	MetadataUUID uuid.UUID
	// KeepUUID holds the UUID for as long as the job is on record.
	KeepUUID bool
}

// Holder has what no other table may have: a table or view, or a job.
type Holder struct {
	// Location that is held, "" where a UUID is.
	Location string
	// Pointer that holds it; nil when a job does.
	Pointer *Pointer
	Job     string
}

// String names the holder, for people.
func (h Holder) String() string {
	if h.Pointer == nil {
		return "job " + h.Job
	}
	return h.Pointer.holding()
}
