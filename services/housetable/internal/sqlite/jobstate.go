package sqlite

import (
	"context"
	"database/sql"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// ?1 is the time in all of these.
const (
	heartbeatJob = `UPDATE job SET heartbeat_time_ms = ?1 WHERE warehouse_id = ?2 AND job_id = ?3 AND state = 'RUNNING' RETURNING ` + jobColumns
	begin        = `SET state = 'RUNNING', version = version + 1, start_time_ms = ?1, heartbeat_time_ms = ?1, last_update_time_ms = ?1, changed_at_ms = ?1`
	end          = `version = version + 1, finish_time_ms = ?1, last_update_time_ms = ?1, changed_at_ms = ?1`
	fromStates   = ` WHERE warehouse_id = ?2 AND job_id = ?3 AND state IN (SELECT value FROM json_each(?5)) RETURNING ` + jobColumns
	beginJob     = `UPDATE job ` + begin + `, state_reason = ?4` + fromStates
	endJob       = `UPDATE job SET state = ?6, ` + end + `, state_reason = ?4` + fromStates
	claimJob     = `UPDATE job ` + begin + `, state_reason = NULL, lease_seconds = ?3 WHERE warehouse_id = ?2 AND job_id = (
			SELECT job_id FROM job WHERE warehouse_id = ?2 AND state = 'QUEUED' ORDER BY creation_time_ms, job_id LIMIT 1)
		RETURNING ` + jobColumns
	selectReason = `SELECT state_reason FROM job WHERE warehouse_id = ? AND job_id = ?`
)

// HeartbeatJob tells that a running job is alive.
func (s *Store) HeartbeatJob(ctx context.Context, house, id string) (housetable.Job, error) {
	return s.changeJob(ctx, house, id, heartbeatJob)
}

// TransitionJob moves a job to another state.
func (s *Store) TransitionJob(ctx context.Context, house string, t housetable.Transition) (housetable.Job, error) {
	from, err := encodeJSON(t.From)
	if err != nil {
		return housetable.Job{}, err
	}
	if t.To == housetable.JobRunning {
		return s.changeJob(ctx, house, t.JobID, beginJob, t.Reason, from)
	}
	return s.changeJob(ctx, house, t.JobID, endJob, t.Reason, from, t.To)
}

// changeJob is one conditional statement; when it changed nothing, the job's
// state says why.
func (s *Store) changeJob(ctx context.Context, house, id, query string, args ...any) (changed housetable.Job, err error) {
	err = s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		j, err := find(ctx, s.writer, scanJob, query, append([]any{s.now().UnixMilli(), house, id}, args...)...)
		if err != nil {
			return err
		}
		if j == nil {
			return s.writer.whyNot(ctx, house, id)
		}
		changed = *j
		return nil
	})
	return changed, err
}

func (w *writer) whyNot(ctx context.Context, house, id string) error {
	j, err := find(ctx, w, scanJob, selectJob, house, id)
	if err != nil {
		return err
	}
	if j == nil {
		return housetable.NoSuchJob(id)
	}
	reason, err := find(ctx, w, scanReason, selectReason, house, id)
	if err != nil {
		return err
	}
	return housetable.JobInState(*j, *reason)
}

func scanReason(r row) (*string, error) {
	var reason sql.NullString
	if err := r.Scan(&reason); err != nil || !reason.Valid {
		return nil, err
	}
	return &reason.String, nil
}

// ClaimJob takes the oldest queued job, or none.
func (s *Store) ClaimJob(ctx context.Context, house string, leaseSeconds int64) (claimed *housetable.Job, err error) {
	err = s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		claimed, err = find(ctx, s.writer, scanJob, claimJob, s.now().UnixMilli(), house, leaseSeconds)
		return err
	})
	return claimed, err
}
