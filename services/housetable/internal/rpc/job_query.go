package rpc

import (
	"context"
	"fmt"
	"strconv"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// QueryJobs lists the jobs whose fields equal all that are given: a page of them
// when a page is asked for, else all.
func (s *jobService) QueryJobs(ctx context.Context, r *htsv1.QueryJobsRequest) (*htsv1.QueryJobsResponse, error) {
	q, err := readJobQuery(r)
	if err != nil {
		return nil, err
	}
	none := r.Version != nil && q.Version == nil // no job's version is like that
	if r.Size != nil || r.GetPageToken() != "" {
		return s.page(ctx, r, q, none)
	}
	if none {
		return &htsv1.QueryJobsResponse{}, nil
	}
	results, err := everything(func(p housetable.Page) ([]*htsv1.Job, string, error) {
		q.Page = p
		jobs, next, err := s.store.ListJobs(ctx, q)
		return toJobs(jobs), next, err
	})
	if err != nil {
		return nil, err
	}
	return &htsv1.QueryJobsResponse{Results: results}, nil
}

func (s *jobService) page(ctx context.Context, r *htsv1.QueryJobsRequest, q housetable.JobQuery, none bool) (*htsv1.QueryJobsResponse, error) {
	size := int32(defaultUserPageSize)
	if r.Size != nil {
		size = r.GetSize()
	}
	if err := checkUserPageSize(size); err != nil {
		return nil, err
	}
	of := list("jobs", q.Warehouse, strconv.FormatBool(none), fmt.Sprintf("%q", texts(q.Conditions())))
	page, err := readPage(of, 0, r.GetPageToken())
	if err != nil || none {
		return &htsv1.QueryJobsResponse{PageResults: &htsv1.JobPage{}}, err
	}
	q.Page = housetable.Page{After: page.After, Limit: int(size)}
	jobs, next, err := s.store.ListJobs(ctx, q)
	if err != nil {
		return nil, err
	}
	return &htsv1.QueryJobsResponse{PageResults: &htsv1.JobPage{Content: toJobs(jobs), NextPageToken: pageToken(of, next)}}, nil
}

func readJobQuery(r *htsv1.QueryJobsRequest) (housetable.JobQuery, error) {
	q := housetable.JobQuery{JobID: r.JobId, JobFields: housetable.JobFields{
		State: r.State, JobName: r.JobName, ClusterID: r.ClusterId, CreationTimeMS: r.CreationTimeMs, StartTimeMS: r.StartTimeMs,
		FinishTimeMS: r.FinishTimeMs, LastUpdateTimeMS: r.LastUpdateTimeMs, JobConf: r.JobConf, HeartbeatTimeMS: r.HeartbeatTimeMs,
		ExecutionID: r.ExecutionId, EngineType: r.EngineType, RetentionTimeSec: r.RetentionTimeSec,
	}}
	var err error
	q.Warehouse, err = warehouseOr(r.GetWarehouse())
	if r.JobId != nil {
		err = firstError(err, checkJobID("jobId", r.GetJobId()))
	}
	if r.Version != nil {
		q.Version = decimal(r.GetVersion())
	}
	return q, firstError(err, checkJobTexts("", q.JobFields))
}

// texts spell conditions, each as a name and a value.
func texts(conditions []housetable.Condition) []string {
	spelled := make([]string, 0, 2*len(conditions))
	for _, c := range conditions {
		spelled = append(spelled, c.Column, fmt.Sprint(c.Value))
	}
	return spelled
}

func toJobs(jobs []housetable.Job) []*htsv1.Job {
	found := make([]*htsv1.Job, len(jobs))
	for i, j := range jobs {
		found[i] = toJob(j)
	}
	return found
}

func checkUserPageSize(size int32) error {
	switch {
	case size <= 0:
		return fault.Field("size", "must be greater than 0")
	case size > maxUserPageSize:
		return fault.Field("size", "is %d, %d are allowed", size, maxUserPageSize)
	}
	return nil
}
