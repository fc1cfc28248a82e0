package postgres

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// Positions are drawn from one sequence while a commit holds its locks, so they
// follow the order of the changes of any one thing. But a transaction that drew
// a lower position may become visible after one that drew a higher: a reader that
// has seen position p must wait, before it passes on, until all who may have drawn
// a lower one are done. Each of them had its transaction id by then, because a
// commit writes what it changes or records before its events. So the reader draws a
// transaction id of its own, and once no older one is running, all at or below p
// that will ever be there is there. Order by transaction id would need no such
// fence, but a statement of a whole batch has its id before it waits for its
// last lock, and would come before the rival it waited for.
const (
	eventColumns = `position, action, kind, database_id, table_id, previous_database_id, previous_table_id, table_uuid, version,
		metadata_location, previous_metadata_location, deleted_at_ms, committed_at, op_id, principal, request_id, object_kind, grantee, privilege`
	selectEvents = `SELECT ` + eventColumns + ` FROM change_event WHERE warehouse_id = $1 AND position BETWEEN $2 AND $3 ORDER BY position LIMIT $4`
	latestEvent  = `SELECT ` + eventColumns + ` FROM change_event WHERE warehouse_id = $1 ORDER BY position DESC LIMIT 1`
	// Asked for after the events: what is forgotten meanwhile shows here.
	selectForgotten = `SELECT coalesce(max(forgotten), 0) FROM event_retention WHERE warehouse_id = $1`
	drawTransaction = `SELECT pg_current_xact_id()::text::bigint`
	oldestRunning   = `SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint`
)

// Events returns the settled events that follow a position.
func (s *Store) Events(ctx context.Context, q housetable.EventQuery) ([]housetable.Event, *housetable.Fence, error) {
	fence := q.Fence
	if fence == nil {
		seen, err := s.readEvents(ctx, q, math.MaxInt64)
		if err != nil || len(seen) == 0 {
			return nil, nil, err
		}
		fence = &housetable.Fence{Position: seen[len(seen)-1].Position.Sequence}
	}
	passed, fence, err := s.pass(ctx, *fence)
	if err != nil || !passed {
		return nil, fence, err
	}
	events, err := s.readEvents(ctx, q, fence.Position)
	return events, nil, err
}

// readEvents returns what is to be seen behind q.After up to a position.
func (s *Store) readEvents(ctx context.Context, q housetable.EventQuery, last int64) ([]housetable.Event, error) {
	var found []housetable.Event
	var forgotten int64
	pipeline := &pgx.Batch{}
	pipeline.Queue(selectEvents, q.Warehouse, q.After.Sequence, last, q.Limit+1).Query(into(&found, scanEvent))
	pipeline.Queue(selectForgotten, q.Warehouse).QueryRow(func(row pgx.Row) error { return row.Scan(&forgotten) })
	if err := s.pool.send(ctx, pipeline); err != nil {
		return nil, classify(err, "read events")
	}
	events, err := q.Read(found, forgotten)
	return events[:min(len(events), q.Limit)], err
}

// pass reports whether all are done that were running when the fence was put up,
// which is at the first call.
func (s *Store) pass(ctx context.Context, fence housetable.Fence) (bool, *housetable.Fence, error) {
	var oldest int64
	scan := func(target *int64) func(pgx.Row) error {
		return func(row pgx.Row) error { return row.Scan(target) }
	}
	pipeline := &pgx.Batch{}
	if fence.Transaction == 0 {
		pipeline.Queue(drawTransaction).QueryRow(scan(&fence.Transaction))
	}
	pipeline.Queue(oldestRunning).QueryRow(scan(&oldest))
	if err := s.pool.send(ctx, pipeline); err != nil {
		return false, nil, classify(err, "settle events")
	}
	return oldest >= fence.Transaction, &fence, nil
}

// EarliestPosition is the last one that was forgotten.
func (s *Store) EarliestPosition(ctx context.Context, warehouse string) (housetable.Position, error) {
	forgotten, err := query(ctx, s, pgx.RowTo[int64], "read what is forgotten", selectForgotten, warehouse)
	if err != nil {
		return housetable.Position{}, err
	}
	return housetable.Position{Sequence: forgotten[0]}, s.missing(ctx, warehouse, nil)
}

// LatestPosition is that of the newest event, once nothing can come before it,
// or the earliest one, where newer events are forgotten already.
func (s *Store) LatestPosition(ctx context.Context, warehouse string, fence *housetable.Fence) (housetable.Position, *housetable.Fence, error) {
	if fence == nil {
		newest, err := query(ctx, s, scanEvent, "read the newest event", latestEvent, warehouse)
		if err != nil {
			return housetable.Position{}, nil, err
		}
		fence = &housetable.Fence{}
		if len(newest) > 0 {
			fence.Position = newest[0].Position.Sequence
		} else if err := s.missing(ctx, warehouse, nil); err != nil {
			return housetable.Position{}, nil, err
		}
	}
	passed, fence, err := s.pass(ctx, *fence)
	if err != nil || !passed {
		return housetable.Position{}, fence, err
	}
	at, err := query(ctx, s, scanEvent, "read an event", selectEvents, warehouse, fence.Position, fence.Position, 1)
	if err != nil {
		return housetable.Position{}, nil, err
	}
	latest, err := s.EarliestPosition(ctx, warehouse)
	if len(at) > 0 {
		latest = latest.Later(at[0].Position)
	}
	return latest, nil, err
}

func scanEvent(r pgx.CollectableRow) (e housetable.Event, err error) {
	var sequence int64
	var kind int16
	var uuid pgtype.UUID
	var operation [16]byte
	var previousDatabase, previousTable, previousLocation, object, grantee, privilege *string
	err = r.Scan(&sequence, &e.Action, &kind, &e.Key.DatabaseID, &e.Key.TableID, &previousDatabase, &previousTable, &uuid, &e.Version,
		&e.MetadataLocation, &previousLocation, &e.DeletedAtMS, &e.CommittedAt, &operation, &e.Principal, &e.RequestID,
		&object, &grantee, &privilege)
	if err != nil {
		return e, err
	}
	e.Kind, e.UUID, e.OperationID, e.CommittedAt = housetable.Kind(kind), uuid.Bytes, operation, e.CommittedAt.UTC()
	e.Key.Function = e.Kind == housetable.KindFunction
	if previousDatabase != nil && previousTable != nil {
		e.PreviousKey = &housetable.TableKey{DatabaseID: *previousDatabase, TableID: *previousTable, Function: e.Key.Function}
	}
	if previousLocation != nil {
		e.PreviousMetadataLocation = *previousLocation
	}
	e.Place(sequence)
	if object != nil && grantee != nil && privilege != nil {
		err = e.SetGrant(*object, *grantee, *privilege)
	}
	return e, err
}
