package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// Tables and views have family 0. $1 is the warehouse, $2 and $3 the database,
	// typed and folded.
	ofDatabase = ` FROM soft_deleted_table h WHERE h.warehouse_id = $1 AND h.family = 0
		AND h.database_key = (SELECT CASE WHEN case_insensitive THEN $3 ELSE $2 END FROM warehouse WHERE warehouse_id = $1)`
	listSoftDeleted  = `SELECT ` + tableColumns + `, h.deleted_at_ms, h.purge_after_ms, h.table_key` + ofDatabase
	countSoftDeleted = `SELECT count(*)` + ofDatabase
	// A purge is no commit, and so no operation's.
	recordPurges = `
		INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id, metadata_location,
			previous_metadata_location, deleted_at_ms, op_id, principal, request_id)
		SELECT warehouse_id, uuid, version + 1, 'purge', kind, database_id, table_id, metadata_location,
			metadata_location, deleted_at_ms, '00000000-0000-0000-0000-000000000000', '', request_id FROM gone`
)

var purgeSoftDeleted = `WITH gone AS (DELETE FROM soft_deleted_table h USING warehouse w WHERE w.warehouse_id = $1 AND h.warehouse_id = $1
		AND h.database_key = CASE WHEN w.case_insensitive THEN $3::text ELSE $2 END AND h.family = $6
		AND h.table_key = CASE WHEN w.case_insensitive THEN $5::text ELSE $4 END
		AND ($7::smallint = 0 OR h.kind = $7) AND ($8::bigint IS NULL OR h.purge_after_ms < $8) RETURNING h.*, $9::text AS request_id)` + freePurged + losePurged + recordPurges

func scanListedSoftDeleted(r pgx.CollectableRow) (l listed[housetable.Table], err error) {
	var deleted, purge int64
	var tableKey string
	l.item, err = scanTableAnd(r, &deleted, &purge, &tableKey)
	l.item.DeletedAtMS, l.item.PurgeAfterMS = &deleted, &purge
	l.cursor = housetable.SoftDeletedCursor(tableKey, deleted)
	return l, err
}

// ListSoftDeleted returns a page of one database's soft-deleted tables and views.
func (s *Store) ListSoftDeleted(ctx context.Context, q housetable.SoftDeletedQuery) ([]housetable.Table, string, error) {
	tableKey, at, err := q.Position()
	if err != nil {
		return nil, "", err
	}
	condition, args := softDeletedMatching(q)
	if q.After != "" {
		args = append(args, tableKey, at)
		condition += fmt.Sprintf(" AND (h.table_key, h.deleted_at_ms) > ($%d, $%d)", len(args)-1, len(args))
	}
	args = append(args, q.Limit+1, q.Skip)
	text := listSoftDeleted + condition + orderBy(q.Order, "h.table_key, h.deleted_at_ms") + fmt.Sprintf(" LIMIT $%d OFFSET $%d", len(args)-1, len(args))
	found, err := query(ctx, s, scanListedSoftDeleted, "list soft-deleted tables", text, args...)
	if err != nil {
		return nil, "", err
	}
	if len(found) == 0 {
		return nil, "", s.missing(ctx, q.Warehouse, nil)
	}
	tables, next := page(found, q.Limit)
	return tables, next, nil
}

// CountSoftDeleted counts what ListSoftDeleted would return without pages.
func (s *Store) CountSoftDeleted(ctx context.Context, q housetable.SoftDeletedQuery) (int64, error) {
	condition, args := softDeletedMatching(q)
	return s.count(ctx, q.Warehouse, countSoftDeleted+condition, args...)
}

func (s *Store) count(ctx context.Context, warehouse, text string, args ...any) (int64, error) {
	found, err := query(ctx, s, pgx.RowTo[int64], "count", text, args...)
	if err != nil {
		return 0, err
	}
	if found[0] == 0 {
		return 0, s.missing(ctx, warehouse, nil)
	}
	return found[0], nil
}

func softDeletedMatching(q housetable.SoftDeletedQuery) (condition string, args []any) {
	args = []any{q.Warehouse, q.DatabaseID, housetable.Fold(q.DatabaseID)}
	add := func(text string, value any) {
		args = append(args, value)
		condition += fmt.Sprintf(text, len(args))
	}
	if q.TableID != "" {
		args = append(args, q.TableID)
		add(fmt.Sprintf(" AND h.table_key = (SELECT CASE WHEN case_insensitive THEN $%%d ELSE $%d END FROM warehouse WHERE warehouse_id = $1)", len(args)),
			housetable.Fold(q.TableID))
	}
	if q.Kind != housetable.AnyKind {
		add(" AND h.kind = $%d", int16(q.Kind))
	}
	if q.PurgeBefore != nil {
		add(" AND h.purge_after_ms < $%d", *q.PurgeBefore)
	}
	if q.DeletedAtMS != nil {
		add(" AND h.deleted_at_ms = $%d", *q.DeletedAtMS)
	}
	return condition, args
}

// orderBy sorts by the order's column, and by the key what is equal in it: NULL
// first and text by bytes, as every store does.
func orderBy(o housetable.Order, key string) string {
	switch o {
	case housetable.ByKey:
		return " ORDER BY " + key
	case housetable.ByMetadataLocation, housetable.ByStorageType:
		return " ORDER BY h." + o.Column() + ` COLLATE "C", ` + key
	default:
		return " ORDER BY h." + o.Column() + " NULLS FIRST, " + key
	}
}

// PurgeSoftDeleted forgets generations of one key.
func (s *Store) PurgeSoftDeleted(ctx context.Context, p housetable.Purge) (int64, error) {
	folded := p.Key.Fold()
	tag, err := s.pool.Exec(ctx, purgeSoftDeleted, p.Warehouse, p.Key.DatabaseID, folded.DatabaseID, p.Key.TableID, folded.TableID,
		p.Key.Family(), int16(p.Kind), p.Before, p.RequestID)
	if err != nil {
		return 0, classify(err, "purge")
	}
	if tag.RowsAffected() == 0 {
		return 0, s.missing(ctx, p.Warehouse, nil)
	}
	return tag.RowsAffected(), nil
}
