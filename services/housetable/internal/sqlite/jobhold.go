package sqlite

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// lapsed is that a job holds h no more.
	lapsed = `NOT EXISTS (SELECT 1 FROM job j WHERE j.warehouse_id = h.warehouse_id AND j.job_id = h.job_id AND (h.lasting OR j.state = 'RUNNING'))`

	freeGone      = `DELETE FROM table_hold AS h WHERE h.warehouse_id = ? AND h.table_uuid = ? AND (h.job_id IS NULL OR ` + lapsed + `)`
	insertJobHold = `INSERT INTO table_hold (warehouse_id, hold, table_uuid, job_id, lasting) VALUES (?, ?, ?, ?, ?)`
	forgetLapsed  = `DELETE FROM table_hold WHERE (warehouse_id, hold) IN (
			SELECT h.warehouse_id, h.hold FROM table_hold h WHERE h.job_id IS NOT NULL AND ` + lapsed + ` ORDER BY h.warehouse_id, h.hold LIMIT ?)`
	endNeedless = `UPDATE job INDEXED BY job_of_metadata SET state = 'CANCELLED', ` + end + `, state_reason = ?4 WHERE warehouse_id = ?2 AND metadata_uuid = ?3 AND state IN ('QUEUED', 'RUNNING')`
	selectRuns  = `SELECT state = 'RUNNING' AND (?3 IS NULL OR version = ?3) FROM job WHERE warehouse_id = ?1 AND job_id = ?2`
)

// HoldForJob gives a running job holds.
func (s *Store) HoldForJob(ctx context.Context, house string, j housetable.JobHolds) (others []housetable.Holder, err error) {
	err = s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		runs, err := find(ctx, s.writer, scanBool, selectRuns, house, j.JobID, j.Version)
		if err != nil {
			return err
		}
		if runs == nil || !*runs {
			return s.writer.whyNot(ctx, house, j.JobID)
		}
		others, err = s.writer.holdForJob(ctx, house, j)
		return err
	})
	return others, err
}

func (w *writer) holdForJob(ctx context.Context, house string, j housetable.JobHolds) ([]housetable.Holder, error) {
	var found []housetable.Holder
	for _, hold := range j.Holds {
		holders, err := holders(ctx, w, house, hold)
		if err != nil {
			return nil, err
		}
		found = append(found, holders...)
	}
	if others := j.InTheWay(found); len(others) > 0 {
		return others, nil
	}
	if err := w.freeGone(ctx, house, found); err != nil {
		return nil, err
	}
	owner := j.Owner(house)
	if _, err := w.exec(ctx, freeHolds, house, owner[:]); err != nil {
		return nil, err
	}
	for _, hold := range j.Holds {
		if _, err := w.exec(ctx, insertJobHold, house, hold, owner[:], j.JobID, j.Keeps(hold)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Holders returns who has holds, or holds above or below them.
func (s *Store) Holders(ctx context.Context, house string, holds []housetable.Hold) ([]housetable.Holder, error) {
	var found []housetable.Holder
	for _, hold := range holds {
		there, err := holders(ctx, s, house, hold)
		if err != nil {
			return nil, err
		}
		found = append(found, there...)
	}
	if len(found) == 0 {
		return nil, s.missing(ctx, house, nil)
	}
	return found, nil
}

// ForgetFolders deletes what jobs held; this store needs no folders.
func (s *Store) ForgetFolders(ctx context.Context, limit int) (int64, error) {
	return s.sweep(ctx, forgetLapsed, limit)
}
