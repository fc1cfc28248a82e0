package rpc

import (
	"context"
	"slices"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// maxLeaseSeconds bounds how long a dead worker's job may look alive, and
// maxDelaySeconds how long one that failed waits.
const (
	maxLeaseSeconds = 24 * 60 * 60
	maxDelaySeconds = 24 * 60 * 60
)

// versionOf is the version that a request names; nil when it names none.
func versionOf(spelled *string) (*int64, error) {
	if spelled == nil {
		return nil, nil //nolint:nilnil // none is an answer
	}
	version := decimal(*spelled)
	if version == nil {
		return nil, fault.Field("version", "%q is not a number", *spelled)
	}
	return version, nil
}

// HeartbeatJob tells that a running job is alive.
func (s *jobService) HeartbeatJob(ctx context.Context, r *htsv1.HeartbeatJobRequest) (*htsv1.HeartbeatJobResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	version, bad := versionOf(r.Version)
	if err := firstError(err, bad, checkJobID("job_id", r.GetJobId())); err != nil {
		return nil, err
	}
	j, err := s.store.HeartbeatJob(ctx, warehouse, r.GetJobId(), version)
	if err != nil {
		return nil, err
	}
	return &htsv1.HeartbeatJobResponse{Entity: toJob(j)}, nil
}

// TransitionJob moves a job to another state.
func (s *jobService) TransitionJob(ctx context.Context, r *htsv1.TransitionJobRequest) (*htsv1.TransitionJobResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	version, bad := versionOf(r.Version)
	if err := firstError(err, bad, checkTransition(r)); err != nil {
		return nil, err
	}
	t := housetable.Transition{
		JobID: r.GetJobId(), From: r.GetFromStates(), To: r.GetToState(), Reason: r.Reason,
		Version: version, DelayMS: r.GetDelaySeconds() * 1000,
	}
	if len(t.From) == 0 {
		t.From = housetable.JobComesFrom(t.To)
	}
	j, err := s.store.TransitionJob(ctx, warehouse, t)
	if err != nil {
		return nil, err
	}
	return &htsv1.TransitionJobResponse{Entity: toJob(j)}, nil
}

func checkTransition(r *htsv1.TransitionJobRequest) error {
	legal := housetable.JobComesFrom(r.GetToState())
	if len(legal) == 0 {
		return fault.Field("to_state", "%q is no state that a transition leads to", r.GetToState())
	}
	for _, from := range r.GetFromStates() {
		if !slices.Contains(legal, from) {
			return fault.Field("from_states", "no transition leads from %q to %s", from, r.GetToState())
		}
	}
	if r.GetDelaySeconds() < 0 || r.GetDelaySeconds() > maxDelaySeconds {
		return fault.Field("delay_seconds", "must be from 0 to %d", maxDelaySeconds)
	}
	return firstError(checkJobID("job_id", r.GetJobId()), checkText("reason", r.GetReason(), maxTextBytes))
}

// ClaimJob takes the oldest queued job.
func (s *jobService) ClaimJob(ctx context.Context, r *htsv1.ClaimJobRequest) (*htsv1.ClaimJobResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if r.GetLeaseSeconds() < 1 || r.GetLeaseSeconds() > maxLeaseSeconds {
		err = firstError(err, fault.Field("lease_seconds", "must be from 1 to %d", maxLeaseSeconds))
	}
	if err := firstError(err, checkText("engine_type", r.GetEngineType(), maxJobTextBytes)); err != nil {
		return nil, err
	}
	j, err := s.store.ClaimJob(ctx, warehouse, housetable.Claim{LeaseSeconds: r.GetLeaseSeconds(), EngineType: r.GetEngineType()})
	if err != nil || j == nil {
		return &htsv1.ClaimJobResponse{}, err
	}
	return &htsv1.ClaimJobResponse{Entity: toJob(j.Job), Attempt: j.Attempt, Attempts: j.Attempts}, nil
}
