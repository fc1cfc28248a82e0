package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// explain says why a commit was not applied, or returns nil when nothing is in
// its way any more. One round trip reads the facts and, after them, the records
// of the operations: a copy of this commit that was applied in between may
// change the facts, but then it shows among the records.
func (s *Store) explain(ctx context.Context, c housetable.Commit) (housetable.Verdict, error) {
	var found findings
	pipeline := &pgx.Batch{}
	found.ask(pipeline, c)
	if err := s.pool.send(ctx, pipeline); err != nil {
		return nil, err
	}
	if !found.warehouse {
		return housetable.Refused{Err: housetable.NoSuchWarehouse(c.Warehouse)}, nil
	}
	if v := c.AnswerRecorded(found.recorded); v != nil {
		return v, nil
	}
	if err := s.freeGone(ctx, c.Warehouse, found.holders); err != nil {
		return nil, err
	}
	facts := found.facts()
	if v := facts.Refuse(c); v != nil {
		return v, nil
	}
	conflicts := facts.Judge(c)
	if len(conflicts) == 0 {
		return nil, nil //nolint:nilnil // no verdict and no error: try again
	}
	return housetable.Conflict{Changes: conflicts}, s.nameWinners(ctx, c.Warehouse, conflicts)
}

// findings collects what explain reads.
type findings struct {
	warehouse   bool
	fold        bool
	tables      []housetable.Table
	namespaces  []housetable.Namespace
	occupied    []string
	softDeleted []housetable.Table
	holders     []housetable.Holder
	recorded    []housetable.RecordedOperation
}

func (f *findings) facts() *housetable.Facts {
	facts := housetable.NewFacts(f.fold)
	for _, t := range f.tables {
		facts.AddTable(t)
	}
	for _, n := range f.namespaces {
		facts.AddNamespace(n)
	}
	for _, id := range f.occupied {
		facts.AddOccupied(id)
	}
	for _, t := range f.softDeleted {
		facts.AddSoftDeleted(t)
	}
	for _, h := range f.holders {
		facts.AddHolder(h)
	}
	return facts
}

func (f *findings) ask(pipeline *pgx.Batch, c housetable.Commit) {
	footprint := c.Footprint()
	pipeline.Queue("SELECT case_insensitive FROM warehouse WHERE warehouse_id = $1", c.Warehouse).Query(func(rows pgx.Rows) (err error) {
		for rows.Next() {
			f.warehouse = true
			err = rows.Scan(&f.fold)
		}
		return err
	})
	if len(footprint.Tables) > 0 {
		pipeline.Queue(selectTables, tableArgs(c.Warehouse, footprint.Tables)...).Query(into(&f.tables, scanTable))
	}
	if len(footprint.Namespaces) > 0 {
		pipeline.Queue(selectNamespaces, idArgs(c.Warehouse, footprint.Namespaces)...).Query(into(&f.namespaces, scanNamespace))
	}
	if len(footprint.Emptied) > 0 {
		pipeline.Queue(selectOccupied, idArgs(c.Warehouse, footprint.Emptied)...).Query(into(&f.occupied, pgx.RowTo[string]))
	}
	if len(footprint.SoftDeleted) > 0 {
		pipeline.Queue(selectSoftDeleted, softDeletedArgs(c.Warehouse, footprint.SoftDeleted)...).Query(into(&f.softDeleted, scanSoftDeleted))
	}
	if len(footprint.Holds) > 0 {
		pipeline.Queue(selectHolders, holderArgs(c.Warehouse, footprint.Holds)...).Query(into(&f.holders, scanHolder))
	}
	ids := make([][16]byte, len(c.Operations))
	for i, o := range c.Operations {
		ids[i] = o.ID
	}
	pipeline.Queue(selectOperations, c.Warehouse, ids).Query(into(&f.recorded, scanOperation))
}

// into collects the rows of one query of a pipeline.
func into[T any](target *[]T, scan pgx.RowToFunc[T]) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*target, err = pgx.CollectRows(rows, scan)
		return err
	}
}

// nameWinners adds who made what is there now.
func (s *Store) nameWinners(ctx context.Context, warehouse string, conflicts []housetable.ChangeConflict) error {
	pipeline := &pgx.Batch{}
	for i, conflict := range conflicts {
		if conflict.Current == nil {
			continue
		}
		pipeline.Queue(selectVersions+" AND version = $3", warehouse, pgUUID(conflict.Current.UUID), conflict.Current.Version).Query(
			func(rows pgx.Rows) error {
				found, err := pgx.CollectRows(rows, scanVersion)
				if len(found) > 0 {
					conflicts[i].Winner = &found[0]
				}
				return err
			})
	}
	if pipeline.Len() == 0 {
		return nil
	}
	return s.pool.send(ctx, pipeline)
}
