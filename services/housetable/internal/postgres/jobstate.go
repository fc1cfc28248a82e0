package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	nowMS        = `floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`
	heartbeatJob = `UPDATE job SET heartbeat_time_ms = ` + nowMS + ` WHERE warehouse_id = $1 AND job_id = $2 AND state = 'RUNNING'
		RETURNING ` + jobColumns
	begin    = `SET state = 'RUNNING', version = version + 1, start_time_ms = ` + nowMS + `, heartbeat_time_ms = ` + nowMS + `, last_update_time_ms = ` + nowMS + `, changed_at_ms = ` + nowMS
	end      = `version = version + 1, finish_time_ms = ` + nowMS + `, last_update_time_ms = ` + nowMS + `, changed_at_ms = ` + nowMS
	beginJob = `UPDATE job ` + begin + `, state_reason = $3 WHERE warehouse_id = $1 AND job_id = $2 AND state = ANY($4::text[]) RETURNING ` + jobColumns
	endJob   = `UPDATE job SET state = $5, ` + end + `, state_reason = $3 WHERE warehouse_id = $1 AND job_id = $2 AND state = ANY($4::text[]) RETURNING ` + jobColumns
	// Claims that come at once pass over each other's rows and take the next.
	claimJob = `UPDATE job ` + begin + `, state_reason = NULL, lease_seconds = $2 WHERE warehouse_id = $1 AND job_id = (
			SELECT job_id FROM job WHERE warehouse_id = $1 AND state = 'QUEUED'
			ORDER BY creation_time_ms NULLS FIRST, job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING ` + jobColumns
)

// HeartbeatJob tells that a running job is alive.
func (s *Store) HeartbeatJob(ctx context.Context, warehouse, id string) (housetable.Job, error) {
	return s.changeJob(ctx, warehouse, id, "heartbeat", heartbeatJob, warehouse, id)
}

// TransitionJob moves a job to another state.
func (s *Store) TransitionJob(ctx context.Context, warehouse string, t housetable.Transition) (housetable.Job, error) {
	text, args := beginJob, []any{warehouse, t.JobID, t.Reason, t.From}
	if t.To != housetable.JobRunning {
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

// ClaimJob takes the oldest queued job, or none.
func (s *Store) ClaimJob(ctx context.Context, warehouse string, leaseSeconds int64) (*housetable.Job, error) {
	found, err := write(ctx, s, scanJob, "claim job", claimJob, warehouse, leaseSeconds)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, s.missing(ctx, warehouse, nil)
	}
	return &found[0], nil
}
