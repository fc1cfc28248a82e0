package sqlite

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	nextWarehouseWithEvents = `SELECT warehouse_id FROM change_event WHERE warehouse_id > ? ORDER BY warehouse_id LIMIT 1`
	beginRetention          = `INSERT INTO event_retention (warehouse_id) VALUES (?) ON CONFLICT DO NOTHING`
	selectPassing           = `SELECT position, table_uuid, version, action = 'purge' OR action = 'drop' AND deleted_at_ms IS NULL, committed_at
		FROM change_event WHERE warehouse_id = ? AND position > ? ORDER BY position LIMIT ?`
	forgetVersions = `DELETE FROM change_event WHERE position IN (SELECT position FROM change_event
		WHERE warehouse_id = ? AND table_uuid = ? AND version < ? ORDER BY version LIMIT ?) RETURNING position`
	forgetEvent = `DELETE FROM change_event WHERE warehouse_id = ? AND position = ? RETURNING position`
)

// passTo keeps how far a walk came.
func passTo(column string) string {
	return `UPDATE event_retention SET ` + column + ` = ?, forgotten = max(forgotten, ?) WHERE warehouse_id = ?`
}

// ForgetEvents walks through the events of the server's part and of all warehouses.
func (s *Store) ForgetEvents(ctx context.Context, keep housetable.EventRetention, limit int) (int64, error) {
	walked, warehouse := 0, housetable.ServersPart
	for walked < limit {
		for _, w := range keep.Walks() {
			n, err := s.walk(ctx, warehouse, w, limit-walked)
			if walked += n; err != nil || walked >= limit {
				return int64(walked), err
			}
		}
		next, err := find(ctx, s, scanText, nextWarehouseWithEvents, warehouse)
		if err != nil || next == nil {
			return int64(walked), err
		}
		warehouse = *next
	}
	return int64(walked), nil
}

// walk is one step of a walk through the events of a warehouse. It returns limit
// where it did not delete all at once; then it comes no further.
func (s *Store) walk(ctx context.Context, warehouse string, w housetable.EventWalk, limit int) (walked int, err error) {
	err = s.writer.transact(ctx, func() error {
		if _, err := s.writer.exec(ctx, beginRetention, warehouse); err != nil {
			return err
		}
		came, err := find(ctx, s.writer, scanInt, `SELECT `+w.Column+` FROM event_retention WHERE warehouse_id = ?`, warehouse)
		if err != nil {
			return err
		}
		passed, err := s.passing(ctx, warehouse, *came, w, limit)
		if err != nil || len(passed) == 0 {
			return err
		}
		walked = len(passed)
		last, all, err := s.forget(ctx, warehouse, w.Pass(passed), 2*limit)
		if err != nil {
			return err
		}
		to := passed[walked-1].Sequence
		if !all {
			walked, to = limit, *came
		}
		_, err = s.writer.exec(ctx, passTo(w.Column), to, last, warehouse)
		return err
	})
	return walked, err
}

// passing are the events behind a position, up to the first that is younger than
// the walk goes.
func (s *Store) passing(ctx context.Context, warehouse string, after int64, w housetable.EventWalk, limit int) ([]housetable.PassedEvent, error) {
	rows, err := s.writer.query(ctx, selectPassing, warehouse, after, limit)
	found, err := all(scanAging, rows, err)
	passed := make([]housetable.PassedEvent, 0, len(found))
	for _, a := range found {
		if a.committedAt >= micros(s.now().Add(-w.Age)) {
			break
		}
		passed = append(passed, a.PassedEvent)
	}
	return passed, err
}

// forget deletes at most limit events; last is the last position among them, and
// all is set when no more were to go.
func (s *Store) forget(ctx context.Context, warehouse string, d housetable.Doomed, limit int) (last int64, done bool, _ error) {
	take := func(text string, args ...any) error {
		rows, err := s.writer.query(ctx, text, args...)
		gone, err := all(scanInt, rows, err)
		for _, position := range gone {
			last = max(last, position)
		}
		limit -= len(gone)
		return err
	}
	for id, below := range d.Below {
		if err := take(forgetVersions, warehouse, id[:], below, limit); err != nil {
			return 0, false, err
		}
	}
	for _, position := range d.Sequences {
		if limit <= 0 {
			break
		}
		if err := take(forgetEvent, warehouse, position); err != nil {
			return 0, false, err
		}
	}
	return last, limit > 0, nil
}

// aging is an event with its time.
type aging struct {
	housetable.PassedEvent
	committedAt int64
}

func scanAging(r row) (a aging, err error) {
	var id []byte
	err = r.Scan(&a.Sequence, &id, &a.Version, &a.End, &a.committedAt)
	if len(id) > 0 {
		a.UUID = new(housetable.UUID(id))
	}
	return a, err
}

func scanText(r row) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}
