package postgres

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	nextWarehouseWithEvents = `SELECT warehouse_id FROM change_event WHERE warehouse_id > $1 ORDER BY warehouse_id LIMIT 1`
	beginRetention          = `INSERT INTO event_retention (warehouse_id) VALUES ($1) ON CONFLICT DO NOTHING`
	// The range has an end, so that no planner without statistics sorts what an
	// index has in order.
	selectPassing = `SELECT position, table_uuid, version, action = 'purge' OR action = 'drop' AND deleted_at_ms IS NULL,
			committed_at < now() - $3::interval
		FROM change_event WHERE warehouse_id = $1 AND position BETWEEN $2::bigint + 1 AND $5 ORDER BY position LIMIT $4`
)

// forgetPassed deletes what a walk that came from one position to another makes
// go, the oldest first and at most so many; it comes no further where there are
// more. Whoever finds that another replica was here does nothing.
func forgetPassed(column string) string {
	return `WITH held AS MATERIALIZED (SELECT 1 FROM event_retention WHERE warehouse_id = $1 AND ` + column + ` = $2 FOR UPDATE),
		doomed AS MATERIALIZED (
			SELECT e.position FROM unnest($4::uuid[], $5::bigint[]) AS u(id, below) CROSS JOIN LATERAL (
				SELECT position FROM change_event WHERE warehouse_id = $1 AND table_uuid = u.id AND version < u.below OFFSET 0) e
			UNION SELECT unnest($6::bigint[]) ORDER BY 1 LIMIT $7),
		gone AS (DELETE FROM change_event e USING held WHERE e.warehouse_id = $1
			AND e.position = ANY (ARRAY(SELECT position FROM doomed)) RETURNING e.position)
		UPDATE event_retention r SET ` + column + ` = CASE WHEN g.n < $7 THEN $3 ELSE r.` + column + ` END, forgotten = greatest(r.forgotten, g.last)
		FROM (SELECT count(*) AS n, max(position) AS last FROM gone) g, held WHERE r.warehouse_id = $1 RETURNING g.n = $7`
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
		next, err := query(ctx, s, pgx.RowTo[string], "look for events", nextWarehouseWithEvents, warehouse)
		if err != nil || len(next) == 0 {
			return int64(walked), err
		}
		warehouse = next[0]
	}
	return int64(walked), nil
}

// walk is one step of a walk through the events of a warehouse. It returns limit
// where it could not delete all at once.
func (s *Store) walk(ctx context.Context, warehouse string, w housetable.EventWalk, limit int) (int, error) {
	if _, err := s.pool.Exec(ctx, beginRetention, warehouse); err != nil {
		return 0, classify(err, "begin to forget events")
	}
	came, err := query(ctx, s, pgx.RowTo[int64], "read what is forgotten", `SELECT `+w.Column+` FROM event_retention WHERE warehouse_id = $1`, warehouse)
	if err != nil {
		return 0, err
	}
	passed, err := s.passing(ctx, warehouse, came[0], w.Age, limit)
	if err != nil || len(passed) == 0 {
		return 0, err
	}
	doomed := w.Pass(passed)
	ids, below := make([]pgtype.UUID, 0, len(doomed.Below)), make([]int64, 0, len(doomed.Below))
	for id, version := range doomed.Below {
		ids, below = append(ids, pgUUID(id)), append(below, version)
	}
	full, err := query(ctx, s, pgx.RowTo[bool], "forget events", forgetPassed(w.Column), warehouse, came[0],
		passed[len(passed)-1].Sequence, ids, below, doomed.Sequences, 2*limit)
	if err == nil && len(full) > 0 && full[0] {
		return limit, nil
	}
	return len(passed), err
}

// aging is an event with whether it is old enough.
type aging struct {
	housetable.PassedEvent
	old bool
}

func scanAging(r pgx.CollectableRow) (a aging, err error) {
	var id pgtype.UUID
	err = r.Scan(&a.Sequence, &id, &a.Version, &a.End, &a.old)
	if id.Valid {
		a.UUID = (*housetable.UUID)(&id.Bytes)
	}
	return a, err
}

// passing are the events behind a position, up to the first that is younger than age.
func (s *Store) passing(ctx context.Context, warehouse string, after int64, age time.Duration, limit int) ([]housetable.PassedEvent, error) {
	found, err := query(ctx, s, scanAging, "look for old events", selectPassing, warehouse, after, age, limit, int64(math.MaxInt64))
	if err != nil {
		return nil, err
	}
	passed := make([]housetable.PassedEvent, 0, len(found))
	for _, a := range found {
		if !a.old {
			break
		}
		passed = append(passed, a.PassedEvent)
	}
	return passed, nil
}
