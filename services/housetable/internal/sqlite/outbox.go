package sqlite

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// There is one writer, so what is to be seen is settled: no fence is needed.
const (
	eventColumns = `position, action, kind, database_id, table_id, previous_database_id, previous_table_id, table_uuid, version,
		metadata_location, previous_metadata_location, deleted_at_ms, committed_at, op_id, principal, request_id, object_kind, grantee, privilege`
	selectEvents = `SELECT ` + eventColumns + ` FROM change_event WHERE warehouse_id = ? AND position BETWEEN ? AND ? ORDER BY position LIMIT ?`
	latestEvent  = `SELECT ` + eventColumns + ` FROM change_event WHERE warehouse_id = ? ORDER BY position DESC LIMIT 1`
	// Asked for after the events: what is forgotten meanwhile shows here.
	selectForgotten = `SELECT coalesce(max(forgotten), 0) FROM event_retention WHERE warehouse_id = ?`
	selectConsumer  = `SELECT consumer, position, fingerprint, acknowledged_at FROM event_consumer WHERE warehouse_id = ?`
	putConsumer     = `INSERT INTO event_consumer (warehouse_id, consumer, position, fingerprint, acknowledged_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET position = excluded.position, fingerprint = excluded.fingerprint, acknowledged_at = excluded.acknowledged_at`
	deleteConsumer = `DELETE FROM event_consumer WHERE warehouse_id = ? AND consumer = ?`
)

// Events returns the events that follow a position.
func (s *Store) Events(ctx context.Context, q housetable.EventQuery) ([]housetable.Event, *housetable.Fence, error) {
	events, err := readEvents(ctx, s, q, math.MaxInt64)
	return events, nil, err
}

func readEvents(ctx context.Context, from querier, q housetable.EventQuery, last int64) ([]housetable.Event, error) {
	rows, err := from.query(ctx, selectEvents, q.Warehouse, q.After.Sequence, last, q.Limit+1)
	found, err := all(scanEvent, rows, err)
	if err != nil {
		return nil, err
	}
	forgotten, err := find(ctx, from, scanInt, selectForgotten, q.Warehouse)
	if err != nil {
		return nil, err
	}
	events, err := q.Read(found, *forgotten)
	return events[:min(len(events), q.Limit)], err
}

// EarliestPosition is the last one that was forgotten.
func (s *Store) EarliestPosition(ctx context.Context, warehouse string) (housetable.Position, error) {
	forgotten, err := find(ctx, s, scanInt, selectForgotten, warehouse)
	if err != nil {
		return housetable.Position{}, err
	}
	return housetable.Position{Sequence: *forgotten}, s.missing(ctx, warehouse, nil)
}

// LatestPosition is that of the newest event.
func (s *Store) LatestPosition(ctx context.Context, warehouse string, _ *housetable.Fence) (housetable.Position, *housetable.Fence, error) {
	newest, err := find(ctx, s, scanEvent, latestEvent, warehouse)
	if err != nil {
		return housetable.Position{}, nil, err
	}
	latest, err := s.EarliestPosition(ctx, warehouse) // newer events may be forgotten already
	if newest != nil {
		latest = latest.Later(newest.Position)
	}
	return latest, nil, err
}

// Acknowledge keeps how far a consumer got.
func (s *Store) Acknowledge(ctx context.Context, house, consumer string, p housetable.Position) (kept housetable.Consumer, err error) {
	err = s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		if _, err := readEvents(ctx, s.writer, housetable.EventQuery{Warehouse: house, After: p, Limit: 1}, p.Sequence); err != nil {
			return err
		}
		rows, err := s.writer.query(ctx, selectConsumer, house)
		consumers, err := all(scanConsumer, rows, err)
		if err != nil {
			return err
		}
		kept = housetable.Consumer{Name: consumer, Position: p, AcknowledgedAt: s.now().Truncate(time.Microsecond).UTC()}
		at := slices.IndexFunc(consumers, func(c housetable.Consumer) bool { return c.Name == consumer })
		switch {
		case at >= 0 && consumers[at].Position.Sequence >= p.Sequence:
			kept.Position = consumers[at].Position
		case at < 0 && len(consumers) >= housetable.MaxConsumers:
			return housetable.TooManyConsumers(house)
		}
		_, err = s.writer.exec(ctx, putConsumer, house, consumer, kept.Position.Sequence, kept.Position.Fingerprint, micros(kept.AcknowledgedAt))
		return err
	})
	return kept, err
}

// Consumers returns all consumers of a warehouse.
func (s *Store) Consumers(ctx context.Context, house string) ([]housetable.Consumer, error) {
	rows, err := s.query(ctx, selectConsumer+" ORDER BY consumer", house)
	consumers, err := all(scanConsumer, rows, err)
	if err == nil && len(consumers) == 0 {
		return nil, s.missing(ctx, house, nil)
	}
	return consumers, err
}

// DeleteConsumer forgets a consumer.
func (s *Store) DeleteConsumer(ctx context.Context, house, consumer string) error {
	return s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		_, err := s.writer.exec(ctx, deleteConsumer, house, consumer)
		return err
	})
}

func scanConsumer(r row) (c housetable.Consumer, err error) {
	var at int64
	err = r.Scan(&c.Name, &c.Position.Sequence, &c.Position.Fingerprint, &at)
	c.AcknowledgedAt = instant(at)
	return c, err
}

func scanEvent(r row) (e housetable.Event, err error) {
	var sequence, at int64
	var uuid, operation []byte
	var previousDatabase, previousTable, previousLocation, kind, grantee, privilege sql.NullString
	err = r.Scan(&sequence, &e.Action, &e.Kind, &e.Key.DatabaseID, &e.Key.TableID, &previousDatabase, &previousTable, &uuid, &e.Version,
		&e.MetadataLocation, &previousLocation, &e.DeletedAtMS, &at, &operation, &e.Principal, &e.RequestID,
		&kind, &grantee, &privilege)
	copy(e.UUID[:], uuid)
	copy(e.OperationID[:], operation)
	e.CommittedAt, e.PreviousMetadataLocation = instant(at), previousLocation.String
	e.Key.Function = e.Kind == housetable.KindFunction
	if previousTable.Valid {
		e.PreviousKey = &housetable.TableKey{DatabaseID: previousDatabase.String, TableID: previousTable.String, Function: e.Key.Function}
	}
	e.Place(sequence)
	if kind.Valid && err == nil {
		err = e.SetGrant(kind.String, grantee.String, privilege.String)
	}
	return e, err
}
