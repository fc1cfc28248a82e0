package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pause"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// lapsed is that a job holds h no more.
const lapsed = `NOT EXISTS (SELECT 1 FROM job j WHERE j.warehouse_id = h.warehouse_id AND j.job_id = h.job_id AND (h.lasting OR j.state = 'RUNNING'))`

const (
	// holdForJob takes holds as a commit does, with the job locked as it is. What
	// the job held is deleted and made anew, never kept: whoever frees what he saw
	// of it when the job did not run frees nothing of what the job has now.
	holdForJob = `WITH j AS MATERIALIZED (SELECT 1 FROM job WHERE warehouse_id = $1 AND job_id = $2 AND state = 'RUNNING'` + atVersion + ` FOR SHARE),
		k AS MATERIALIZED (SELECT 0 AS req, $1::text AS wh, u.hold, string_to_array(u.above, E'\n') AS above, left(u.hold, 2) AS sort, $4::uuid AS own,
			u.keep FROM unnest($5::text[], $6::text[], $7::boolean[]) AS u(hold, above, keep), j),
		fit AS MATERIALIZED (` + holdFits + `),
		go AS MATERIALIZED (SELECT 0 AS req FROM j WHERE (SELECT count(*) FROM fit) = cardinality($5::text[])),
		` + giveUp + `, ` + clearPath + `, ` + clearBelow + `, ` + makeFolders + holdsGiven + jobGiven + onlyNew + `,
		kt AS (INSERT INTO table_hold (warehouse_id, hold, parent, table_uuid, job_id, lasting)
			SELECT k.wh, k.hold, k.above[cardinality(k.above)], k.own, $2, k.keep FROM k JOIN go ON go.req = k.req` + holdsGiven + jobGiven + ` ORDER BY 1, 2)
		SELECT EXISTS (SELECT 1 FROM j), EXISTS (SELECT 1 FROM go)`
	jobGiven = ` + (SELECT count(*) FROM kg)`

	forgetLapsed = `DELETE FROM table_hold WHERE (warehouse_id, hold) IN (
			SELECT h.warehouse_id, h.hold FROM table_hold h WHERE h.job_id IS NOT NULL AND ` + lapsed + `
			ORDER BY h.warehouse_id, h.hold LIMIT $1 FOR UPDATE OF h SKIP LOCKED)`
)

// taking is what one attempt to hold came to.
type taking struct{ Runs, Held bool }

// HoldForJob gives a running job holds.
func (s *Store) HoldForJob(ctx context.Context, warehouse string, j housetable.JobHolds) ([]housetable.Holder, error) {
	var last error
	for n := range attempts {
		found, err := alter(ctx, s.pool, pgx.RowToStructByPos[taking], holdForJob, jobHoldArgs(warehouse, j)...)
		switch {
		case err != nil && !rival(sqlState(err)):
			return nil, classify(undecided(err), "hold for a job")
		case err == nil && !found[0].Runs:
			return nil, s.notRunning(ctx, warehouse, j.JobID)
		case err == nil && found[0].Held:
			return nil, nil
		}
		last = err
		holders, err := s.Holders(ctx, warehouse, j.Holds)
		if err != nil {
			return nil, err
		}
		if others := j.InTheWay(holders); len(others) > 0 {
			return others, nil
		}
		if err := s.freeGone(ctx, warehouse, holders); err != nil || pause.For(ctx, backoff(n)) != nil {
			return nil, err
		}
	}
	e := fault.Wrap(fault.Unavailable, last, "too many compete for what job %s asks to hold", j.JobID)
	e.RetryAfter = retryAfter
	return nil, e
}

func jobHoldArgs(warehouse string, j housetable.JobHolds) []any {
	holds, above, keep := make([]string, len(j.Holds)), make([]string, len(j.Holds)), make([]bool, len(j.Holds))
	for i, hold := range j.Holds {
		holds[i], above[i], keep[i] = string(hold), lines(hold.Above()), j.Keeps(hold)
	}
	return []any{warehouse, j.JobID, j.Version, pgUUID(j.Owner(warehouse)), holds, above, keep}
}

// notRunning says why a job can hold nothing.
func (s *Store) notRunning(ctx context.Context, warehouse, id string) error {
	j, err := s.Job(ctx, warehouse, id)
	if err != nil {
		return err
	}
	return housetable.JobInState(j, nil)
}

// Holders returns who has holds, or holds above or below them.
func (s *Store) Holders(ctx context.Context, warehouse string, holds []housetable.Hold) ([]housetable.Holder, error) {
	found, err := query(ctx, s, scanHolder, "look for holders", selectHolders, holderArgs(warehouse, holds)...)
	if err != nil || len(found) > 0 {
		return found, err
	}
	return nil, s.missing(ctx, warehouse, nil)
}
