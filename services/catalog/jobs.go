package catalog

import (
	"context"
	"time"
)

// QueuedJob is work that a commit leaves behind for this service.
type QueuedJob struct {
	Name string
	// Conf is what is to be done, in JSON.
	Conf string
	// Attempts is how often it may be begun.
	Attempts int64
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
	// Heartbeat keeps a claim for another lease.
	Heartbeat(ctx context.Context, j Job) error
	// Succeed ends a job; report says what was done.
	Succeed(ctx context.Context, j Job, report string) error
	// Fail ends a job; reason says why.
	Fail(ctx context.Context, j Job, reason string) error
	// Retry puts a job back, to be claimed after a delay.
	Retry(ctx context.Context, j Job, delay time.Duration, reason string) error
}
