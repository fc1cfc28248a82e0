package rpc

import (
	"context"
	"strconv"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

type jobService struct {
	htsv1.UnimplementedJobServiceServer
	store housetable.Jobs
}

// GetJob returns one job.
func (s *jobService) GetJob(ctx context.Context, r *htsv1.GetJobRequest) (*htsv1.GetJobResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkJobID("jobId", r.GetJobId())); err != nil {
		return nil, err
	}
	j, err := s.store.Job(ctx, warehouse, r.GetJobId())
	if err != nil {
		return nil, err
	}
	return &htsv1.GetJobResponse{Entity: toJob(j)}, nil
}

// PutJob creates the job or replaces it.
func (s *jobService) PutJob(ctx context.Context, r *htsv1.PutJobRequest) (*htsv1.PutJobResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkJob(r.GetEntity())); err != nil {
		return nil, err
	}
	expected := decimal(r.GetEntity().GetVersion())
	if expected == nil && r.GetEntity().Version != nil {
		return nil, fault.Field("entity.version", "%q is not a number", r.GetEntity().GetVersion())
	}
	stored, isNew, err := s.store.PutJob(ctx, warehouse, fromJob(r.GetEntity()), expected)
	if err != nil {
		return nil, err
	}
	if isNew {
		if err := created(ctx); err != nil {
			return nil, err
		}
	}
	return &htsv1.PutJobResponse{Entity: toJob(stored)}, nil
}

// DeleteJob deletes one job.
func (s *jobService) DeleteJob(ctx context.Context, r *htsv1.DeleteJobRequest) (*htsv1.DeleteJobResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkJobID("jobId", r.GetJobId())); err != nil {
		return nil, err
	}
	expected := decimal(r.GetVersion())
	if expected == nil && r.Version != nil {
		return nil, fault.Field("version", "%q is not a number", r.GetVersion())
	}
	if err := s.store.DeleteJob(ctx, warehouse, r.GetJobId(), expected); err != nil {
		return nil, err
	}
	return &htsv1.DeleteJobResponse{}, nil
}

func checkJobID(field, id string) error {
	switch {
	case id == "":
		return fault.Field(field, "cannot be empty")
	case len(id) > maxJobIDBytes:
		return fault.Field(field, "is %d characters long, %d are allowed", len(id), maxJobIDBytes)
	case !jobID.MatchString(id):
		return fault.Field(field, "%q: only alphanumerics, hyphen and underscore supported", id)
	}
	return nil
}

func checkJob(j *htsv1.Job) error {
	if j == nil {
		return fault.Field("entity", "must not be null")
	}
	required := func(field, value string) error {
		if value == "" {
			return fault.Field(field, "cannot be empty")
		}
		return nil
	}
	return together(checkJobID("entity.jobId", j.GetJobId()), required("entity.jobName", j.GetJobName()),
		required("entity.clusterId", j.GetClusterId()), checkJobTexts("entity.", fromJob(j).JobFields))
}

func checkJobTexts(prefix string, f housetable.JobFields) error {
	check := func(field string, value *string, limit int) error {
		if value == nil {
			return nil
		}
		if len(*value) > limit {
			return fault.Field(prefix+field, "is %d bytes long, %d are allowed", len(*value), limit)
		}
		if !storable(*value) {
			return fault.Field(prefix+field, "holds NUL or is not valid UTF-8")
		}
		return nil
	}
	return together(check("clusterId", f.ClusterID, maxJobTextBytes), check("engineType", f.EngineType, maxJobTextBytes),
		check("executionId", f.ExecutionID, maxJobTextBytes), check("jobConf", f.JobConf, maxJobConfBytes),
		check("jobName", f.JobName, maxJobTextBytes), check("state", f.State, maxJobTextBytes))
}

func fromJob(j *htsv1.Job) housetable.Job {
	return housetable.Job{JobID: j.GetJobId(), JobFields: housetable.JobFields{
		State: j.State, JobName: j.JobName, ClusterID: j.ClusterId, CreationTimeMS: j.CreationTimeMs, StartTimeMS: j.StartTimeMs,
		FinishTimeMS: j.FinishTimeMs, LastUpdateTimeMS: j.LastUpdateTimeMs, JobConf: j.JobConf, HeartbeatTimeMS: j.HeartbeatTimeMs,
		ExecutionID: j.ExecutionId, EngineType: j.EngineType, RetentionTimeSec: j.RetentionTimeSec,
	}}
}

func toJob(j housetable.Job) *htsv1.Job {
	version := strconv.FormatInt(j.Version, 10)
	return &htsv1.Job{
		JobId: &j.JobID, Version: &version,
		State: j.State, JobName: j.JobName, ClusterId: j.ClusterID, CreationTimeMs: j.CreationTimeMS, StartTimeMs: j.StartTimeMS,
		FinishTimeMs: j.FinishTimeMS, LastUpdateTimeMs: j.LastUpdateTimeMS, JobConf: j.JobConf, HeartbeatTimeMs: j.HeartbeatTimeMS,
		ExecutionId: j.ExecutionID, EngineType: j.EngineType, RetentionTimeSec: j.RetentionTimeSec,
	}
}

// decimal is the number that s spells, or nil.
func decimal(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}
