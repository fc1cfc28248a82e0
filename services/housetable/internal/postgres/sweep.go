package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// Several replicas sweep at once: each passes over the rows that another has in
// hand. sinceMS is the time as an index can be asked for it.
const (
	sinceMS  = `floor(extract(epoch FROM now()) * 1000)::bigint`
	reapJobs = `UPDATE job SET state = CASE WHEN attempts < attempts_allowed THEN 'QUEUED' ELSE 'FAILED' END, version = version + 1,
			finish_time_ms = CASE WHEN attempts < attempts_allowed THEN finish_time_ms ELSE ` + nowMS + ` END,
			last_update_time_ms = ` + nowMS + `, changed_at_ms = ` + nowMS + `, state_reason = $2 WHERE (warehouse_id, job_id) IN (
			SELECT warehouse_id, job_id FROM job WHERE state = 'RUNNING' AND lease_seconds IS NOT NULL
			AND coalesce(heartbeat_time_ms, start_time_ms, 0) + lease_seconds * 1000 < ` + nowMS + `
			ORDER BY warehouse_id, job_id LIMIT $1 FOR UPDATE SKIP LOCKED)`
	forgetJobs = `DELETE FROM job WHERE (warehouse_id, job_id) IN (
			SELECT warehouse_id, job_id FROM job WHERE state IN ('SUCCEEDED', 'FAILED', 'CANCELLED') AND changed_at_ms < ` + sinceMS + ` - $2::bigint
			ORDER BY changed_at_ms LIMIT $1 FOR UPDATE SKIP LOCKED)`
)

var purgeExpired = `WITH gone AS (DELETE FROM soft_deleted_table WHERE (warehouse_id, database_key, family, table_key, deleted_at_ms) IN (
			SELECT warehouse_id, database_key, family, table_key, deleted_at_ms FROM soft_deleted_table WHERE purge_after_ms < ` + sinceMS + `
			ORDER BY purge_after_ms LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING *, '' AS request_id)` + freePurged + losePurged + recordPurges

// forgetRecorded deletes what is old of a relation. Rows are named by where they
// are: no plan made while it was empty, and kept since, then reads all of it to
// find them.
func forgetRecorded(relation string) string {
	return `DELETE FROM ` + relation + ` WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM ` + relation + ` WHERE recorded_at < now() - $2::interval
			ORDER BY recorded_at LIMIT $1 FOR UPDATE SKIP LOCKED))`
}

func (s *Store) sweep(ctx context.Context, what, text string, args ...any) (int64, error) {
	tag, err := s.pool.Exec(ctx, text, args...)
	return tag.RowsAffected(), classify(err, what)
}

// ReapJobs fails running jobs whose lease is over, or queues them again.
func (s *Store) ReapJobs(ctx context.Context, limit int) (int64, error) {
	return s.sweep(ctx, "reap jobs", reapJobs, limit, housetable.LeaseExpired)
}

// ForgetJobs deletes finished jobs that did not change for longer than keep.
func (s *Store) ForgetJobs(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	return s.sweep(ctx, "forget jobs", forgetJobs, limit, keep.Milliseconds())
}

// PurgeExpired forgets soft-deleted house tables whose time has come.
func (s *Store) PurgeExpired(ctx context.Context, limit int) (int64, error) {
	return s.sweep(ctx, "purge expired tables", purgeExpired, limit)
}

// ForgetOperations deletes records from the partitions that stay, and drops and
// makes those that lie in time.
func (s *Store) ForgetOperations(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	untimed, err := s.sweep(ctx, "forget operations", forgetRecorded("operation_untimed"), limit, keep)
	if err != nil {
		return 0, err
	}
	strayed, err := s.sweep(ctx, "forget operations", forgetRecorded("operation_default"), limit-int(untimed), keep)
	return untimed + strayed, errors.Join(err, s.keepPartitions(ctx, keep))
}

// ForgetReports deletes reports that are older than keep.
func (s *Store) ForgetReports(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	return s.sweep(ctx, "forget reports", forgetRecorded("metrics_report"), limit, keep)
}
