package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// $1 is the warehouse, $2 what is wanted and all above it, $3 and $4 the bounds
	// of what is below. One that stands below is enough to know, but for its own and
	// those that are gone.
	selectHolders = `SELECT x.hold, x.table_uuid, e.version, e.action, e.kind, e.database_id, e.table_id, e.metadata_location,
			e.committed_at, e.deleted_at_ms, coalesce(x.job_id, ''), x.job_id IS NOT NULL AND x.lapsed
		FROM (
			SELECT h.hold, h.table_uuid, h.job_id, ` + lapsed + ` AS lapsed FROM unnest($2::text[]) AS u(hold) JOIN table_hold h ON h.warehouse_id = $1 AND h.hold = u.hold
			WHERE NOT h.folder
			UNION
			SELECT below.hold, below.table_uuid, below.job_id, below.lapsed FROM unnest($3::text[], $4::text[]) AS u(low, high) CROSS JOIN LATERAL (
				SELECT h.hold, h.table_uuid, h.job_id, ` + lapsed + ` AS lapsed FROM table_hold h WHERE h.warehouse_id = $1 AND h.hold > u.low AND h.hold < u.high AND NOT h.folder
				ORDER BY h.hold LIMIT 100) below
		) x LEFT JOIN LATERAL (
			SELECT * FROM change_event e WHERE e.warehouse_id = $1 AND e.table_uuid = x.table_uuid ORDER BY e.version DESC LIMIT 1
		) e ON true`
	freeHolds = `DELETE FROM table_hold h WHERE h.warehouse_id = $1 AND h.table_uuid = ANY ($2::uuid[]) AND (h.job_id IS NULL OR ` + lapsed + `)`
	// freePurged frees what the house tables "gone" held.
	freePurged = `, freed AS (DELETE FROM table_hold h USING gone WHERE h.warehouse_id = gone.warehouse_id AND h.table_uuid = gone.uuid)`

	nextFolders = `SELECT warehouse_id, hold FROM table_hold WHERE folder AND (warehouse_id, hold) > ($1, $2) ORDER BY warehouse_id, hold LIMIT $3`
	// A folder that a rival puts something into meanwhile is locked, or is what the
	// rival's key refers to.
	forgetFolders = `DELETE FROM table_hold WHERE (warehouse_id, hold) IN (
			SELECT h.warehouse_id, h.hold FROM unnest($1::text[], $2::text[]) AS u(wh, hold)
			JOIN table_hold h ON h.warehouse_id = u.wh AND h.hold = u.hold AND h.folder
			WHERE NOT EXISTS (SELECT 1 FROM table_hold c WHERE c.warehouse_id = u.wh AND c.parent = u.hold)
			ORDER BY h.warehouse_id, h.hold FOR UPDATE OF h SKIP LOCKED)`
)

func holderArgs(warehouse string, holds []housetable.Hold) []any {
	var at []string
	low, high := make([]string, 0, len(holds)), make([]string, 0, len(holds))
	for _, hold := range holds {
		for _, above := range hold.Above() {
			at = append(at, string(above))
		}
		from, to := hold.Below()
		at, low, high = append(at, string(hold)), append(low, string(from)), append(high, string(to))
	}
	return []any{warehouse, at, low, high}
}

func scanHolder(r pgx.CollectableRow) (h housetable.Holder, err error) {
	var version *int64
	var kind *int16
	var action, database, table, location *string
	var committed *time.Time
	err = r.Scan(&h.Hold, (*[16]byte)(&h.UUID), &version, &action, &kind, &database, &table, &location, &committed, &h.DeletedAtMS, &h.JobID, &h.Lapsed)
	if err != nil || version == nil {
		return h, err
	}
	h.Kind = housetable.Kind(*kind)
	h.Newest = &housetable.TableVersion{
		Version: *version, Action: housetable.Action(*action), MetadataLocation: *location, CommittedAt: committed.UTC(),
		Key: housetable.TableKey{DatabaseID: *database, TableID: *table, Function: h.Kind == housetable.KindFunction},
	}
	return h, nil
}

// freeGone frees what house tables hold that are gone.
func (s *Store) freeGone(ctx context.Context, warehouse string, holders []housetable.Holder) error {
	var gone [][16]byte
	for _, h := range holders {
		if h.Gone() {
			gone = append(gone, h.UUID)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	_, err := s.pool.Exec(ctx, freeHolds, warehouse, gone)
	return classify(err, "free what is gone")
}

// ForgetFolders deletes what jobs held, and folders in which nothing is any more.
// It goes through all folders in the order of their keys, as far as limit at each call.
func (s *Store) ForgetFolders(ctx context.Context, limit int) (int64, error) {
	if lapsed, err := s.sweep(ctx, "forget what jobs held", forgetLapsed, limit); err != nil || lapsed == int64(limit) {
		return lapsed, err
	}
	s.folders.mu.Lock()
	defer s.folders.mu.Unlock()
	type folder struct{ WarehouseID, Hold string }
	found, err := query(ctx, s, pgx.RowToStructByPos[folder], "look for folders", nextFolders, s.folders.warehouse, s.folders.hold, limit)
	if err != nil {
		return 0, err
	}
	warehouses, holds := make([]string, len(found)), make([]string, len(found))
	for i, f := range found {
		warehouses[i], holds[i] = f.WarehouseID, f.Hold
	}
	s.folders.warehouse, s.folders.hold = "", ""
	if len(found) == limit {
		s.folders.warehouse, s.folders.hold = warehouses[limit-1], holds[limit-1]
	}
	_, err = s.sweep(ctx, "forget folders", forgetFolders, warehouses, holds)
	if sqlState(err) == foreignKeyViolation {
		err = nil // something was put into one of them: the next time
	}
	return int64(len(found)), err
}
