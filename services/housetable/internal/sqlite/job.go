package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	jobColumns = `job_id, version, state, job_name, cluster_id, creation_time_ms, start_time_ms, finish_time_ms,
		last_update_time_ms, job_conf, heartbeat_time_ms, execution_id, engine_type, retention_time_sec`
	selectJob = `SELECT ` + jobColumns + ` FROM job WHERE warehouse_id = ? AND job_id = ?`
	listJobs  = `SELECT ` + jobColumns + ` FROM job`
	insertJob = `INSERT INTO job (changed_at_ms, warehouse_id, ` + jobColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	updateJob = `UPDATE job SET changed_at_ms = ?, version = ?, state = ?, job_name = ?, cluster_id = ?, creation_time_ms = ?, start_time_ms = ?,
		finish_time_ms = ?, last_update_time_ms = ?, job_conf = ?, heartbeat_time_ms = ?, execution_id = ?, engine_type = ?,
		retention_time_sec = ? WHERE warehouse_id = ? AND job_id = ?`
)

func scanJob(r row) (housetable.Job, error) { return scanJobAnd(r) }

func scanJobAnd(r row, more ...any) (j housetable.Job, err error) {
	f := &j.JobFields
	err = r.Scan(append([]any{
		&j.JobID, &j.Version, &f.State, &f.JobName, &f.ClusterID, &f.CreationTimeMS, &f.StartTimeMS, &f.FinishTimeMS,
		&f.LastUpdateTimeMS, &f.JobConf, &f.HeartbeatTimeMS, &f.ExecutionID, &f.EngineType, &f.RetentionTimeSec,
	}, more...)...)
	return j, err
}

func jobValues(f housetable.JobFields) []any {
	return []any{
		f.State, f.JobName, f.ClusterID, f.CreationTimeMS, f.StartTimeMS, f.FinishTimeMS,
		f.LastUpdateTimeMS, f.JobConf, f.HeartbeatTimeMS, f.ExecutionID, f.EngineType, f.RetentionTimeSec,
	}
}

// Job returns one job.
func (s *Store) Job(ctx context.Context, warehouse, id string) (housetable.Job, error) {
	j, err := find(ctx, s, scanJob, selectJob, warehouse, id)
	if err != nil {
		return housetable.Job{}, err
	}
	if j == nil {
		return housetable.Job{}, s.missing(ctx, warehouse, housetable.NoSuchJob(id))
	}
	return *j, nil
}

// PutJob creates the job or replaces its fields.
func (s *Store) PutJob(ctx context.Context, house string, j housetable.Job, expected *int64) (stored housetable.Job, created bool, err error) {
	err = s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		before, err := find(ctx, s.writer, scanJob, selectJob, house, j.JobID)
		if err != nil {
			return err
		}
		created = before == nil
		stored, err = s.putJob(ctx, house, j, before, expected)
		return err
	})
	return stored, created, err
}

func (s *Store) putJob(ctx context.Context, house string, j housetable.Job, before *housetable.Job, expected *int64) (housetable.Job, error) {
	switch {
	case before == nil:
		j.Version = 1
		_, err := s.writer.exec(ctx, insertJob, append([]any{s.now().UnixMilli(), house, j.JobID, j.Version}, jobValues(j.JobFields)...)...)
		return j, err
	case expected == nil || *expected != before.Version:
		return j, housetable.StaleJob(j.JobID)
	case j.Equal(before.JobFields):
		return *before, nil
	}
	j.Version = before.Version + 1
	args := append([]any{s.now().UnixMilli(), j.Version}, jobValues(j.JobFields)...)
	_, err := s.writer.exec(ctx, updateJob, append(args, house, j.JobID)...)
	return j, err
}

// DeleteJob deletes one job.
func (s *Store) DeleteJob(ctx context.Context, house, id string, expected *int64) error {
	return s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		before, err := find(ctx, s.writer, scanJob, selectJob, house, id)
		switch {
		case err != nil:
			return err
		case before == nil:
			return housetable.NoSuchJob(id)
		case expected != nil && *expected != before.Version:
			return housetable.StaleJob(id)
		}
		_, err = s.writer.exec(ctx, "DELETE FROM job WHERE warehouse_id = ? AND job_id = ?", house, id)
		return err
	})
}

// unlessAffected is what, when a statement succeeded and changed no row.
func unlessAffected(result sql.Result, err, what error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return what
	}
	return err
}

// ListJobs returns a page of the jobs that match.
func (s *Store) ListJobs(ctx context.Context, q housetable.JobQuery) ([]housetable.Job, string, error) {
	text, args := jobsMatching(q)
	rows, err := s.query(ctx, text, args...)
	jobs, err := all(scanJob, rows, err)
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

// narrowing are the fields to find jobs by, those with the fewest jobs of one
// value first, and their indexes. SQLite would walk the primary key for any of
// them, because that is sorted as it must be, too.
var narrowing = []struct{ column, index string }{
	{"job_id", ""},
	{"execution_id", "job_by_execution_id"},
	{"retention_time_sec", "job_by_retention_time_sec"},
	{"creation_time_ms", "job_by_creation_time_ms"},
	{"start_time_ms", "job_by_start_time_ms"},
	{"finish_time_ms", "job_by_finish_time_ms"},
	{"last_update_time_ms", "job_by_last_update_time_ms"},
	{"heartbeat_time_ms", "job_by_heartbeat_time_ms"},
	{"job_conf", "job_by_job_conf"},
	{"job_name", "job_by_job_name"},
	{"state", "job_in_state"},
	{"cluster_id", "job_by_cluster_id"},
	{"version", "job_by_version"},
	{"engine_type", "job_by_engine_type"},
}

// jobsMatching reads one job further than wanted, inside an index of one of the
// fields.
func jobsMatching(q housetable.JobQuery) (string, []any) {
	conditions := q.Conditions()
	args := append(make([]any, 0, len(conditions)+3), q.Warehouse, q.After)
	var query strings.Builder
	query.WriteString(listJobs + within(conditions) + " WHERE warehouse_id = ? AND job_id > ?")
	for _, c := range conditions {
		query.WriteString(" AND " + c.Column + " = ?")
		args = append(args, c.Value)
	}
	query.WriteString(" ORDER BY job_id LIMIT ?")
	return query.String(), append(args, q.Limit+1)
}

// within names the index to read, unless that is the primary key.
func within(conditions []housetable.Condition) string {
	for _, n := range narrowing {
		asked := slices.ContainsFunc(conditions, func(c housetable.Condition) bool { return c.Column == n.column })
		switch {
		case asked && n.index == "":
			return ""
		case asked:
			return " INDEXED BY " + n.index
		}
	}
	return ""
}
