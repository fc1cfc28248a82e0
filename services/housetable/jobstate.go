package housetable

import "github.com/igloo-catalog/igloo/pkg/fault"

// The states that transitions know; a put may store any other.
const (
	JobQueued    = "QUEUED"
	JobRunning   = "RUNNING"
	JobSucceeded = "SUCCEEDED"
	JobFailed    = "FAILED"
	JobCancelled = "CANCELLED"
)

// LeaseExpired is the reason of a job that was reaped.
const LeaseExpired = "no heartbeat within the lease"

// Transition moves a job from one of some states to another. The store sets the
// times by its own clock.
type Transition struct {
	JobID  string
	From   []string
	To     string
	Reason *string
	// Version that the job must have; nil means any.
	Version *int64
	// DelayMS is how long a job that goes back to JobQueued is not claimed.
	DelayMS int64
}

// JobComesFrom are the states from which a job may come to a state: none for a
// state that no transition leads to.
func JobComesFrom(to string) []string {
	switch to {
	case JobRunning:
		return []string{JobQueued}
	case JobQueued, JobSucceeded:
		return []string{JobRunning}
	case JobFailed, JobCancelled:
		return []string{JobQueued, JobRunning}
	}
	return nil
}

// JobInState is the error of a change that a job's state, or its version, does
// not allow.
func JobInState(j Job, reason *string) error {
	state, because := "without a state", ""
	if j.State != nil {
		state = *j.State
	}
	if reason != nil {
		because = ": " + *reason
	}
	return fault.New(fault.CommitFailed, "job %s is %s%s", j.JobID, state, because)
}
