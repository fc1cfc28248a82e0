package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	jobFields = `state, job_name, cluster_id, creation_time_ms, start_time_ms, finish_time_ms,
		last_update_time_ms, job_conf, heartbeat_time_ms, execution_id, engine_type, retention_time_sec`
	jobColumns = `job_id, version, ` + jobFields
	selectJob  = `SELECT ` + jobColumns + ` FROM job WHERE warehouse_id = $1 AND job_id = $2`
	listJobs   = `SELECT ` + jobColumns + ` FROM job WHERE warehouse_id = $1 AND job_id > $2`
	differs    = `(j.state, j.job_name, j.cluster_id, j.creation_time_ms, j.start_time_ms, j.finish_time_ms, j.last_update_time_ms, j.job_conf,
				j.heartbeat_time_ms, j.execution_id, j.engine_type, j.retention_time_sec)
			IS DISTINCT FROM
			(EXCLUDED.state, EXCLUDED.job_name, EXCLUDED.cluster_id, EXCLUDED.creation_time_ms, EXCLUDED.start_time_ms,
				EXCLUDED.finish_time_ms, EXCLUDED.last_update_time_ms, EXCLUDED.job_conf, EXCLUDED.heartbeat_time_ms,
				EXCLUDED.execution_id, EXCLUDED.engine_type, EXCLUDED.retention_time_sec)`
	// A put is one statement: whether there is a row, and at which version, is
	// decided where it is written. A row that came in between is not replaced, as it
	// could not be told from one that the put inserted: the put goes again.
	putJob = `WITH old AS MATERIALIZED (SELECT 1 FROM job WHERE warehouse_id = $1 AND job_id = $2 FOR UPDATE)
		INSERT INTO job AS j (warehouse_id, job_id, version, ` + jobFields + `)
		VALUES ($1, $2, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (warehouse_id, job_id) DO UPDATE SET (` + jobFields + `) = ROW(EXCLUDED.state, EXCLUDED.job_name, EXCLUDED.cluster_id,
			EXCLUDED.creation_time_ms, EXCLUDED.start_time_ms, EXCLUDED.finish_time_ms, EXCLUDED.last_update_time_ms, EXCLUDED.job_conf,
			EXCLUDED.heartbeat_time_ms, EXCLUDED.execution_id, EXCLUDED.engine_type, EXCLUDED.retention_time_sec),
			version = CASE WHEN ` + differs + ` THEN j.version + 1 ELSE j.version END,
			changed_at_ms = CASE WHEN ` + differs + ` THEN ` + nowMS + ` ELSE j.changed_at_ms END
		WHERE j.version = $3::bigint AND EXISTS (SELECT 1 FROM old)
		RETURNING ` + jobColumns + `, NOT EXISTS (SELECT 1 FROM old)`
)

func scanJob(r pgx.CollectableRow) (housetable.Job, error) { return scanJobAnd(r) }

func scanJobAnd(r pgx.CollectableRow, more ...any) (j housetable.Job, err error) {
	f := &j.JobFields
	err = r.Scan(append([]any{
		&j.JobID, &j.Version, &f.State, &f.JobName, &f.ClusterID, &f.CreationTimeMS, &f.StartTimeMS, &f.FinishTimeMS,
		&f.LastUpdateTimeMS, &f.JobConf, &f.HeartbeatTimeMS, &f.ExecutionID, &f.EngineType, &f.RetentionTimeSec,
	}, more...)...)
	return j, err
}

// Job returns one job.
func (s *Store) Job(ctx context.Context, warehouse, id string) (housetable.Job, error) {
	found, err := query(ctx, s, scanJob, "read job", selectJob, warehouse, id)
	if err != nil {
		return housetable.Job{}, err
	}
	if len(found) == 0 {
		return housetable.Job{}, s.missing(ctx, warehouse, housetable.NoSuchJob(id))
	}
	return found[0], nil
}

// PutJob creates the job or replaces its fields.
func (s *Store) PutJob(ctx context.Context, warehouse string, j housetable.Job, expected *int64) (stored housetable.Job, created bool, err error) {
	for range attempts {
		found, err := s.putJob(ctx, warehouse, j, expected, &created)
		switch {
		case sqlState(err) == foreignKeyViolation:
			return j, false, housetable.NoSuchWarehouse(warehouse)
		case err != nil:
			return j, false, err
		case len(found) > 0:
			return found[0], created, nil
		}
		there, err := s.Job(ctx, warehouse, j.JobID)
		if err != nil && !fault.Is(err, fault.NoSuchJob) {
			return j, false, err
		}
		if expected == nil || err == nil && there.Version != *expected {
			break
		}
	}
	return j, false, housetable.StaleJob(j.JobID)
}

// putJob returns nothing where the job is at another version, or has just come.
func (s *Store) putJob(ctx context.Context, warehouse string, j housetable.Job, expected *int64, created *bool) ([]housetable.Job, error) {
	f := j.JobFields
	return write(ctx, s, func(r pgx.CollectableRow) (housetable.Job, error) { return scanJobAnd(r, created) }, "put job", putJob,
		warehouse, j.JobID, expected, f.State, f.JobName, f.ClusterID, f.CreationTimeMS, f.StartTimeMS, f.FinishTimeMS,
		f.LastUpdateTimeMS, f.JobConf, f.HeartbeatTimeMS, f.ExecutionID, f.EngineType, f.RetentionTimeSec)
}

// DeleteJob deletes one job.
func (s *Store) DeleteJob(ctx context.Context, warehouse, id string, expected *int64) error {
	tag, err := s.pool.Exec(ctx, "DELETE FROM job WHERE warehouse_id = $1 AND job_id = $2 AND version = coalesce($3, version)", warehouse, id, expected)
	switch {
	case err != nil:
		return classify(err, "delete job")
	case tag.RowsAffected() > 0:
		return nil
	}
	if _, err := s.Job(ctx, warehouse, id); err != nil {
		return err
	}
	return housetable.StaleJob(id)
}

// ListJobs returns a page of the jobs that match.
func (s *Store) ListJobs(ctx context.Context, q housetable.JobQuery) ([]housetable.Job, string, error) {
	text, args := jobsMatching(q)
	jobs, err := query(ctx, s, scanJob, "list jobs", text, args...)
	if err != nil {
		return nil, "", err
	}
	if len(jobs) == 0 {
		return nil, "", s.missing(ctx, q.Warehouse, nil)
	}
	if len(jobs) <= q.Limit {
		return jobs, "", nil
	}
	jobs = jobs[:q.Limit]
	return jobs, jobs[q.Limit-1].JobID, nil
}

// jobsMatching reads one job further than wanted, inside an index of one of the
// fields. Configurations are found by the index of their hashes.
func jobsMatching(q housetable.JobQuery) (string, []any) {
	conditions := q.Conditions()
	args := append(make([]any, 0, len(conditions)+3), q.Warehouse, q.After)
	var text strings.Builder
	text.WriteString(listJobs)
	for _, c := range conditions {
		args = append(args, c.Value)
		if c.Column == "job_conf" {
			fmt.Fprintf(&text, " AND md5(job_conf) = md5($%d)", len(args))
		}
		fmt.Fprintf(&text, " AND %s = $%d", c.Column, len(args))
	}
	args = append(args, q.Limit+1)
	fmt.Fprintf(&text, " ORDER BY job_id LIMIT $%d", len(args))
	return text.String(), args
}
