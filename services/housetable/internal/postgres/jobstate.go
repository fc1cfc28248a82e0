package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	nowMS        = `floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`
	atVersion    = ` AND ($3::bigint IS NULL OR version = $3)`
	heartbeatJob = `UPDATE job SET heartbeat_time_ms = ` + nowMS + ` WHERE warehouse_id = $1 AND job_id = $2` + atVersion + ` AND state = 'RUNNING'
		RETURNING ` + jobColumns
	begin    = `SET state = 'RUNNING', version = version + 1, start_time_ms = ` + nowMS + `, heartbeat_time_ms = ` + nowMS + `, last_update_time_ms = ` + nowMS + `, changed_at_ms = ` + nowMS
	end      = `version = version + 1, finish_time_ms = ` + nowMS + `, last_update_time_ms = ` + nowMS + `, changed_at_ms = ` + nowMS
	moved    = `, state_reason = $4 WHERE warehouse_id = $1 AND job_id = $2` + atVersion + ` AND state = ANY($5::text[]) RETURNING ` + jobColumns
	beginJob = `UPDATE job ` + begin + moved
	endJob   = `UPDATE job SET state = $6, ` + end + moved
	queueJob = `UPDATE job SET state = 'QUEUED', version = version + 1, not_before_ms = ` + nowMS + ` + $6::bigint,
		last_update_time_ms = ` + nowMS + `, changed_at_ms = ` + nowMS + moved
	// Claims that come at once pass over each other's rows and take the next.
	claimBegin = `UPDATE job ` + begin + `, attempts = attempts + 1, state_reason = NULL, lease_seconds = $2 WHERE warehouse_id = $1 AND job_id = (
			SELECT job_id FROM job WHERE warehouse_id = $1 AND state = 'QUEUED' AND not_before_ms <= ` + sinceMS
	claimEnd = `
			ORDER BY creation_time_ms NULLS FIRST, job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING ` + jobColumns + `, attempts, attempts_allowed`
	claimJob      = claimBegin + claimEnd
	claimJobOfOne = claimBegin + ` AND engine_type = $3` + claimEnd
)

// HeartbeatJob tells that a running job is alive.
func (s *Store) HeartbeatJob(ctx context.Context, warehouse, id string, version *int64) (housetable.Job, error) {
	return s.changeJob(ctx, warehouse, id, "heartbeat", heartbeatJob, warehouse, id, version)
}

// TransitionJob moves a job to another state.
func (s *Store) TransitionJob(ctx context.Context, warehouse string, t housetable.Transition) (housetable.Job, error) {
	text, args := beginJob, []any{warehouse, t.JobID, t.Version, t.Reason, t.From}
	switch t.To {
	case housetable.JobRunning:
	case housetable.JobQueued:
		text, args = queueJob, append(args, t.DelayMS)
	default:
		text, args = endJob, append(args, t.To)
	}
	return s.changeJob(ctx, warehouse, t.JobID, "transition", text, args...)
}

// changeJob is one conditional statement; when it changed nothing, the job's
// state says why.
func (s *Store) changeJob(ctx context.Context, warehouse, id, what, text string, args ...any) (housetable.Job, error) {
	found, err := write(ctx, s, scanJob, what, text, args...)
	if err != nil {
		return housetable.Job{}, err
	}
	if len(found) > 0 {
		return found[0], nil
	}
	j, err := s.Job(ctx, warehouse, id)
	if err != nil {
		return j, err
	}
	reasons, err := query(ctx, s, pgx.RowTo[*string], what, "SELECT state_reason FROM job WHERE warehouse_id = $1 AND job_id = $2", warehouse, id)
	if err != nil || len(reasons) == 0 {
		return j, housetable.JobInState(j, nil)
	}
	return j, housetable.JobInState(j, reasons[0])
}

func scanClaimed(r pgx.CollectableRow) (c housetable.ClaimedJob, err error) {
	c.Job, err = scanJobAnd(r, &c.Attempt, &c.Attempts)
	return c, err
}

// ClaimJob takes the oldest queued job, or none.
func (s *Store) ClaimJob(ctx context.Context, warehouse string, c housetable.Claim) (*housetable.ClaimedJob, error) {
	text, args := claimJob, []any{warehouse, c.LeaseSeconds}
	if c.EngineType != "" {
		text, args = claimJobOfOne, append(args, c.EngineType)
	}
	found, err := write(ctx, s, scanClaimed, "claim job", text, args...)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, s.missing(ctx, warehouse, nil)
	}
	return &found[0], nil
}
