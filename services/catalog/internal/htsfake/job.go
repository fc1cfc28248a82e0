package htsfake

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// job is a job with what its record does not show.
type job struct {
	row               *htsv1.Job
	version           int64
	attempt, attempts int64
	notBefore, lease  time.Time
	reason            string
	// holds are what it asked for last, and metadataUUID is what makes it needless.
	holds        *htsv1.HoldForJobRequest
	metadataUUID []byte
}

func (j *job) move(state string) *htsv1.Job {
	j.version++
	j.row.State, j.row.Version = &state, new(strconv.FormatInt(j.version, 10))
	return proto.CloneOf(j.row)
}

// queue adds the jobs of a commit that is applied.
func (w *warehouse) queue(r *htsv1.CommitRequest) {
	for i, q := range r.GetJobs() {
		wait := time.Duration(q.GetDelaySeconds()) * time.Second
		j := &job{attempts: max(q.GetAttempts(), 1), notBefore: time.Now().Add(wait), metadataUUID: q.GetMetadataUuid(), row: &htsv1.Job{
			JobId:   new(fmt.Sprintf("%x-%d", r.GetOperations()[0].GetId(), i)),
			JobName: new(q.GetJobName()), EngineType: new(q.GetEngineType()), JobConf: new(q.GetJobConf()),
		}}
		j.move("QUEUED")
		w.jobs = append(w.jobs, j)
	}
}

// Jobs tells of every job of a warehouse what its state is and why.
func (f *Fake) Jobs(name string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	jobs := f.warehouses[name].jobs
	told := make([]string, 0, len(jobs))
	for _, j := range jobs {
		told = append(told, j.row.GetState()+": "+j.reason)
	}
	return told
}

// EndDelays lets all jobs be claimed that wait.
func (f *Fake) EndDelays() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.warehouses {
		for _, j := range w.jobs {
			j.notBefore = time.Time{}
		}
	}
}

// ExpireLeases lets the leases of all running jobs run out.
func (f *Fake) ExpireLeases() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.warehouses {
		for _, j := range w.jobs {
			j.lease = time.Time{}
		}
	}
}

// ListWarehouses implements the generated server.
func (f *Fake) ListWarehouses(_ context.Context, r *htsv1.ListWarehousesRequest) (*htsv1.ListWarehousesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := make([]string, 0, len(f.warehouses))
	for name := range f.warehouses {
		names = append(names, name)
	}
	names, next := cut(names, r.GetPageSize(), r.GetPageToken())
	answer := &htsv1.ListWarehousesResponse{NextPageToken: next}
	for _, name := range names {
		answer.Warehouses = append(answer.Warehouses, proto.CloneOf(f.warehouses[name].row))
	}
	return answer, nil
}

// ClaimJob implements the generated server. A lease that is over ends here, not
// in a round of the service's own.
func (f *Fake) ClaimJob(_ context.Context, r *htsv1.ClaimJobRequest) (*htsv1.ClaimJobResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for _, j := range w.jobs {
		if j.row.GetState() == "RUNNING" && now.After(j.lease) && j.attempt < j.attempts {
			j.move("QUEUED")
		}
		if j.row.GetState() != "QUEUED" || now.Before(j.notBefore) || r.GetEngineType() != "" && r.GetEngineType() != j.row.GetEngineType() {
			continue
		}
		j.attempt++
		j.lease = now.Add(time.Duration(r.GetLeaseSeconds()) * time.Second)
		return &htsv1.ClaimJobResponse{Entity: j.move("RUNNING"), Attempt: j.attempt, Attempts: j.attempts}, nil
	}
	return &htsv1.ClaimJobResponse{}, nil
}

// running finds a job that is at a version and running.
func (f *Fake) running(warehouse, id string, version *string) (*job, error) {
	w, err := f.warehouse(warehouse)
	if err != nil {
		return nil, err
	}
	for _, j := range w.jobs {
		switch {
		case j.row.GetJobId() != id:
		case j.row.GetState() != "RUNNING" || version != nil && *version != j.row.GetVersion():
			return nil, fault.New(fault.CommitFailed, "job is %s at version %s", j.row.GetState(), j.row.GetVersion())
		default:
			return j, nil
		}
	}
	return nil, fault.New(fault.NoSuchJob, "no such job")
}

// HeartbeatJob implements the generated server.
func (f *Fake) HeartbeatJob(_ context.Context, r *htsv1.HeartbeatJobRequest) (*htsv1.HeartbeatJobResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	j, err := f.running(r.GetWarehouse(), r.GetJobId(), r.Version)
	if err != nil {
		return nil, err
	}
	return &htsv1.HeartbeatJobResponse{Entity: proto.CloneOf(j.row)}, nil
}

// TransitionJob implements the generated server, for jobs that are running.
func (f *Fake) TransitionJob(_ context.Context, r *htsv1.TransitionJobRequest) (*htsv1.TransitionJobResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	j, err := f.running(r.GetWarehouse(), r.GetJobId(), r.Version)
	if err != nil {
		return nil, err
	}
	j.reason, j.notBefore = r.GetReason(), time.Now().Add(time.Duration(r.GetDelaySeconds())*time.Second)
	return &htsv1.TransitionJobResponse{Entity: j.move(r.GetToState())}, nil
}
