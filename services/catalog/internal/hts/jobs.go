package hts

import (
	"context"
	"time"

	"google.golang.org/grpc"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// engine is the engine type of the jobs that this service does.
const engine = "igloo-catalog"

// maxReasonBytes is as much as is kept of a reason.
const maxReasonBytes = 1000

// Jobs is catalog.Jobs over a connection to the house table service.
type Jobs struct{ jobs htsv1.JobServiceClient }

var _ catalog.Jobs = (*Jobs)(nil)

// NewJobs makes Jobs over a connection, which stays the caller's.
func NewJobs(conn grpc.ClientConnInterface) *Jobs {
	return &Jobs{jobs: htsv1.NewJobServiceClient(conn)}
}

// ClaimJob implements catalog.Jobs.
func (c *Jobs) ClaimJob(ctx context.Context, warehouse string, lease time.Duration) (*catalog.Job, error) {
	answer, err := read(ctx, c.jobs.ClaimJob, &htsv1.ClaimJobRequest{
		Warehouse: warehouse, EngineType: engine, LeaseSeconds: max(int64(lease/time.Second), 1),
	})
	if err != nil || answer.GetEntity() == nil {
		return nil, err
	}
	j := answer.GetEntity()
	return &catalog.Job{
		Warehouse: warehouse, ID: j.GetJobId(), Version: j.GetVersion(), Name: j.GetJobName(), Conf: j.GetJobConf(),
		Attempt: answer.GetAttempt(), Attempts: answer.GetAttempts(),
	}, nil
}

// Heartbeat implements catalog.Jobs.
func (c *Jobs) Heartbeat(ctx context.Context, j catalog.Job) error {
	_, err := read(ctx, c.jobs.HeartbeatJob, &htsv1.HeartbeatJobRequest{Warehouse: j.Warehouse, JobId: j.ID, Version: &j.Version})
	return err
}

// Succeed implements catalog.Jobs.
func (c *Jobs) Succeed(ctx context.Context, j catalog.Job, report string) error {
	return c.move(ctx, j, &htsv1.TransitionJobRequest{ToState: "SUCCEEDED", Reason: &report})
}

// Fail implements catalog.Jobs.
func (c *Jobs) Fail(ctx context.Context, j catalog.Job, reason string) error {
	return c.move(ctx, j, &htsv1.TransitionJobRequest{ToState: "FAILED", Reason: &reason})
}

// Retry implements catalog.Jobs.
func (c *Jobs) Retry(ctx context.Context, j catalog.Job, delay time.Duration, reason string) error {
	return c.move(ctx, j, &htsv1.TransitionJobRequest{ToState: "QUEUED", Reason: &reason, DelaySeconds: int64(delay / time.Second)})
}

func (c *Jobs) move(ctx context.Context, j catalog.Job, r *htsv1.TransitionJobRequest) error {
	r.Warehouse, r.JobId, r.Version, r.Reason = j.Warehouse, j.ID, &j.Version, new(plain(r.GetReason()))
	_, err := read(ctx, c.jobs.TransitionJob, r)
	return err
}

// plain makes a text fit to be kept: short, and without control characters.
func plain(text string) string {
	kept := make([]rune, 0, len(text))
	size := 0
	for _, r := range text {
		if r < 0x20 || r == 0x7f || r == '\uFFFD' {
			r = ' '
		}
		if size += len(string(r)); size > maxReasonBytes {
			break
		}
		kept = append(kept, r)
	}
	return string(kept)
}
