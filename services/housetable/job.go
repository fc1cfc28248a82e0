package housetable

// Job is the record of a job. This service keeps it and does not run it.
type Job struct {
	JobID string
	// Version is 1 at creation and grows by one with every put that changes something.
	Version int64
	JobFields
}

// QueuedJob is work that a commit leaves behind.
type QueuedJob struct {
	JobName    string
	EngineType string
	JobConf    string
	// Attempts is how often it may be claimed; at least 1.
	Attempts int64
	// DelayMS is how long it is not claimed.
	DelayMS int64
	// MetadataUUID makes the job needless: a change that takes it for a house
	// table makes the job JobCancelled, unless it is finished.
	MetadataUUID *UUID
}

// MadeNeedless is the reason of a job that a change made needless.
const MadeNeedless = "a table was created with the metadata"

// Claim is what a worker asks for.
type Claim struct {
	LeaseSeconds int64
	// EngineType that the job must have; empty means any.
	EngineType string
}

// ClaimedJob is a job with the number of this claim of it and that of the last
// one it may have.
type ClaimedJob struct {
	Job

	Attempt, Attempts int64
}

// JobFields is what a put of a job replaces; nil is absent.
type JobFields struct {
	State            *string
	JobName          *string
	ClusterID        *string
	CreationTimeMS   *int64
	StartTimeMS      *int64
	FinishTimeMS     *int64
	LastUpdateTimeMS *int64
	JobConf          *string
	HeartbeatTimeMS  *int64
	ExecutionID      *string
	EngineType       *string
	RetentionTimeSec *int64
}

// JobQuery asks for a page of the jobs whose fields equal all that are set, in
// the order of their ids.
type JobQuery struct {
	Warehouse string
	JobID     *string
	Version   *int64
	JobFields
	Page
}

// Equal reports whether both hold the same values.
func (f JobFields) Equal(o JobFields) bool {
	theirs := o.values()
	for i, value := range f.values() {
		if value != theirs[i] {
			return false
		}
	}
	return true
}

// Condition is an equality that a query asks for: a field, by the name under
// which every store keeps it, and its value.
type Condition struct {
	Column string
	Value  any
}

// Conditions are the equalities of the query.
func (q JobQuery) Conditions() []Condition {
	var set []Condition
	for _, c := range append([]Condition{{"job_id", value(q.JobID)}, {"version", value(q.Version)}}, q.named()...) {
		if c.Value != nil {
			set = append(set, c)
		}
	}
	return set
}

func (f JobFields) values() []any {
	named := f.named()
	values := make([]any, len(named))
	for i, c := range named {
		values[i] = c.Value
	}
	return values
}

func (f JobFields) named() []Condition {
	return []Condition{
		{"state", value(f.State)},
		{"job_name", value(f.JobName)},
		{"cluster_id", value(f.ClusterID)},
		{"creation_time_ms", value(f.CreationTimeMS)},
		{"start_time_ms", value(f.StartTimeMS)},
		{"finish_time_ms", value(f.FinishTimeMS)},
		{"last_update_time_ms", value(f.LastUpdateTimeMS)},
		{"job_conf", value(f.JobConf)},
		{"heartbeat_time_ms", value(f.HeartbeatTimeMS)},
		{"execution_id", value(f.ExecutionID)},
		{"engine_type", value(f.EngineType)},
		{"retention_time_sec", value(f.RetentionTimeSec)},
	}
}

// value is what p points to, or nil.
func value[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}
