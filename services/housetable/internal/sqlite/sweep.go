package sqlite

import (
	"context"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// The first parameter is a time in all of these, the second the most rows.
const (
	reapJobs = `UPDATE job SET state = CASE WHEN attempts < attempts_allowed THEN 'QUEUED' ELSE 'FAILED' END, version = version + 1,
			finish_time_ms = CASE WHEN attempts < attempts_allowed THEN finish_time_ms ELSE ?1 END,
			last_update_time_ms = ?1, changed_at_ms = ?1, state_reason = ?3 WHERE (warehouse_id, job_id) IN (
			SELECT warehouse_id, job_id FROM job WHERE state = 'RUNNING' AND lease_seconds IS NOT NULL
			AND coalesce(heartbeat_time_ms, start_time_ms, 0) + lease_seconds * 1000 < ?1
			ORDER BY warehouse_id, job_id LIMIT ?2)`
	forgetJobs = `DELETE FROM job WHERE (warehouse_id, job_id) IN (
			SELECT warehouse_id, job_id FROM job WHERE state IN ('SUCCEEDED', 'FAILED', 'CANCELLED') AND changed_at_ms < ?1
			ORDER BY changed_at_ms LIMIT ?2)`
	purgeExpired = `(warehouse_id, database_key, family, table_key, deleted_at_ms) IN (
			SELECT warehouse_id, database_key, family, table_key, deleted_at_ms FROM soft_deleted_table WHERE purge_after_ms < ?
			ORDER BY purge_after_ms LIMIT ?)`
	forgetOperations = `DELETE FROM operation WHERE (warehouse_id, op_id) IN (
			SELECT warehouse_id, op_id FROM operation WHERE recorded_at < ?1 ORDER BY recorded_at LIMIT ?2)`
	forgetReports = `DELETE FROM metrics_report WHERE (warehouse_id, table_uuid, report_id) IN (
			SELECT warehouse_id, table_uuid, report_id FROM metrics_report WHERE recorded_at < ?1 ORDER BY recorded_at LIMIT ?2)`
)

func (s *Store) sweep(ctx context.Context, query string, args ...any) (swept int64, err error) {
	err = s.writer.transact(ctx, func() error {
		result, err := s.writer.exec(ctx, query, args...)
		if err != nil {
			return err
		}
		swept, err = result.RowsAffected()
		return err
	})
	return swept, err
}

// ReapJobs fails running jobs whose lease is over, or queues them again.
func (s *Store) ReapJobs(ctx context.Context, limit int) (int64, error) {
	return s.sweep(ctx, reapJobs, s.now().UnixMilli(), limit, housetable.LeaseExpired)
}

// ForgetJobs deletes finished jobs that did not change for longer than keep.
func (s *Store) ForgetJobs(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	return s.sweep(ctx, forgetJobs, s.now().Add(-keep).UnixMilli(), limit)
}

// PurgeExpired forgets soft-deleted house tables whose time has come.
func (s *Store) PurgeExpired(ctx context.Context, limit int) (int64, error) {
	return s.purge(ctx, purgeExpired, "", s.now().UnixMilli(), limit)
}

// ForgetOperations deletes records that are older than keep.
func (s *Store) ForgetOperations(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	return s.sweep(ctx, forgetOperations, micros(s.now().Add(-keep)), limit)
}

// ForgetReports deletes reports that are older than keep.
func (s *Store) ForgetReports(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	return s.sweep(ctx, forgetReports, micros(s.now().Add(-keep)), limit)
}
