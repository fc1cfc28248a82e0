package sqlite

import (
	"context"
	"database/sql"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// ?1 is the time in all of these.
const (
	atVersion    = ` WHERE warehouse_id = ?2 AND job_id = ?3 AND (?4 IS NULL OR version = ?4)`
	heartbeatJob = `UPDATE job SET heartbeat_time_ms = ?1` + atVersion + ` AND state = 'RUNNING' RETURNING ` + jobColumns
	begin        = `SET state = 'RUNNING', version = version + 1, start_time_ms = ?1, heartbeat_time_ms = ?1, last_update_time_ms = ?1, changed_at_ms = ?1`
	end          = `version = version + 1, finish_time_ms = ?1, last_update_time_ms = ?1, changed_at_ms = ?1`
	moved        = `, state_reason = ?5` + atVersion + ` AND state IN (SELECT value FROM json_each(?6)) RETURNING ` + jobColumns
	beginJob     = `UPDATE job ` + begin + moved
	endJob       = `UPDATE job SET state = ?7, ` + end + moved
	queueJob     = `UPDATE job SET state = 'QUEUED', version = version + 1, not_before_ms = ?1 + ?7, last_update_time_ms = ?1, changed_at_ms = ?1` + moved
	claimBegin   = `UPDATE job ` + begin + `, attempts = attempts + 1, state_reason = NULL, lease_seconds = ?3 WHERE warehouse_id = ?2 AND job_id = (
			SELECT job_id FROM job WHERE warehouse_id = ?2 AND state = 'QUEUED' AND not_before_ms <= ?1`
	claimEnd = ` ORDER BY creation_time_ms, job_id LIMIT 1)
		RETURNING ` + jobColumns + `, attempts, attempts_allowed`
	claimJob      = claimBegin + claimEnd
	claimJobOfOne = claimBegin + ` AND engine_type = ?4` + claimEnd
	selectReason  = `SELECT state_reason FROM job WHERE warehouse_id = ? AND job_id = ?`
)

// HeartbeatJob tells that a running job is alive.
func (s *Store) HeartbeatJob(ctx context.Context, house, id string, version *int64) (housetable.Job, error) {
	return s.changeJob(ctx, house, id, heartbeatJob, version)
}

// TransitionJob moves a job to another state.
func (s *Store) TransitionJob(ctx context.Context, house string, t housetable.Transition) (housetable.Job, error) {
	from, err := encodeJSON(t.From)
	if err != nil {
		return housetable.Job{}, err
	}
	switch t.To {
	case housetable.JobRunning:
		return s.changeJob(ctx, house, t.JobID, beginJob, t.Version, t.Reason, from)
	case housetable.JobQueued:
		return s.changeJob(ctx, house, t.JobID, queueJob, t.Version, t.Reason, from, t.DelayMS)
	}
	return s.changeJob(ctx, house, t.JobID, endJob, t.Version, t.Reason, from, t.To)
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

func scanClaimed(r row) (c housetable.ClaimedJob, err error) {
	c.Job, err = scanJobAnd(r, &c.Attempt, &c.Attempts)
	return c, err
}

// ClaimJob takes the oldest queued job, or none.
func (s *Store) ClaimJob(ctx context.Context, house string, c housetable.Claim) (claimed *housetable.ClaimedJob, err error) {
	query, args := claimJob, []any{s.now().UnixMilli(), house, c.LeaseSeconds}
	if c.EngineType != "" {
		query, args = claimJobOfOne, append(args, c.EngineType)
	}
	err = s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		claimed, err = find(ctx, s.writer, scanClaimed, query, args...)
		return err
	})
	return claimed, err
}
