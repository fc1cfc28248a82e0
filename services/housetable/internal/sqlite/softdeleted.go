package sqlite

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// Tables and views have family 0.
	ofDatabase       = ` FROM soft_deleted_table WHERE warehouse_id = ? AND database_key = ? AND family = 0`
	listSoftDeleted  = `SELECT ` + tableColumns + `, deleted_at_ms, purge_after_ms, table_key` + ofDatabase
	countSoftDeleted = `SELECT count(*)` + ofDatabase
	purgeSoftDeleted = `warehouse_id = ? AND database_key = ? AND family = ? AND table_key = ?
		AND (? = 0 OR kind = ?) AND (? IS NULL OR purge_after_ms < ?)`
	// A purge is no commit, and so no operation's: its id is of zeros.
	recordPurges = `INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id, metadata_location,
			previous_metadata_location, deleted_at_ms, committed_at, op_id, principal, request_id)
		SELECT warehouse_id, uuid, version + 1, 'purge', kind, database_id, table_id, metadata_location,
			metadata_location, deleted_at_ms, ?, zeroblob(16), '', ? FROM soft_deleted_table WHERE `
)

func scanListedSoftDeleted(r row) (l listed[housetable.Table], err error) {
	targets, done := tableTargets(&l.item)
	var tableKey string
	if err := r.Scan(append(targets, &l.item.DeletedAtMS, &l.item.PurgeAfterMS, &tableKey)...); err != nil {
		return l, err
	}
	done()
	l.cursor = housetable.SoftDeletedCursor(tableKey, *l.item.DeletedAtMS)
	return l, nil
}

// ListSoftDeleted returns a page of one database's soft-deleted tables and views.
func (s *Store) ListSoftDeleted(ctx context.Context, q housetable.SoftDeletedQuery) ([]housetable.Table, string, error) {
	spell, err := s.spelling(ctx, q.Warehouse)
	if err != nil {
		return nil, "", err
	}
	tableKey, at, err := q.Position()
	if err != nil {
		return nil, "", err
	}
	condition, args := softDeletedMatching(q, spell)
	if q.After != "" {
		condition += " AND (table_key, deleted_at_ms) > (?, ?)"
		args = append(args, tableKey, at)
	}
	text := listSoftDeleted + condition + orderBy(q.Order, "table_key, deleted_at_ms") + " LIMIT ? OFFSET ?"
	rows, err := s.query(ctx, text, append(args, q.Limit+1, q.Skip)...)
	found, err := all(scanListedSoftDeleted, rows, err)
	if err != nil {
		return nil, "", err
	}
	tables, next := page(found, q.Limit)
	return tables, next, nil
}

// CountSoftDeleted counts what ListSoftDeleted would return without pages.
func (s *Store) CountSoftDeleted(ctx context.Context, q housetable.SoftDeletedQuery) (int64, error) {
	spell, err := s.spelling(ctx, q.Warehouse)
	if err != nil {
		return 0, err
	}
	condition, args := softDeletedMatching(q, spell)
	return count(ctx, s, countSoftDeleted+condition, args...)
}

func count(ctx context.Context, s *Store, query string, args ...any) (int64, error) {
	n, err := find(ctx, s, scanInt, query, args...)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

func softDeletedMatching(q housetable.SoftDeletedQuery, spell spelling) (condition string, args []any) {
	args = []any{q.Warehouse, spell.id(q.DatabaseID)}
	add := func(text string, value any) {
		condition += text
		args = append(args, value)
	}
	if q.TableID != "" {
		add(" AND table_key = ?", spell.id(q.TableID))
	}
	if q.Kind != housetable.AnyKind {
		add(" AND kind = ?", q.Kind)
	}
	if q.PurgeBefore != nil {
		add(" AND purge_after_ms < ?", *q.PurgeBefore)
	}
	if q.DeletedAtMS != nil {
		add(" AND deleted_at_ms = ?", *q.DeletedAtMS)
	}
	return condition, args
}

// orderBy sorts by the order's column, and by the key what is equal in it.
// SQLite puts NULL first and compares text by bytes.
func orderBy(o housetable.Order, key string) string {
	if column := o.Column(); column != "" {
		return " ORDER BY " + column + ", " + key
	}
	return " ORDER BY " + key
}

// PurgeSoftDeleted forgets generations of one key.
func (s *Store) PurgeSoftDeleted(ctx context.Context, p housetable.Purge) (purged int64, err error) {
	spell, err := s.spelling(ctx, p.Warehouse)
	if err != nil {
		return 0, err
	}
	args := append(spell.table(p.Warehouse, p.Key), p.Kind, p.Kind, p.Before, p.Before)
	return s.purge(ctx, purgeSoftDeleted, p.RequestID, args...)
}

// purge forgets the soft-deleted house tables that meet a condition.
func (s *Store) purge(ctx context.Context, condition, requestID string, args ...any) (purged int64, err error) {
	err = s.writer.transact(ctx, func() error {
		if _, err := s.writer.exec(ctx, recordPurges+condition, append([]any{micros(s.now()), requestID}, args...)...); err != nil {
			return err
		}
		if _, err := s.writer.exec(ctx, freePurged+condition+")", args...); err != nil {
			return err
		}
		if err := s.losePurged(ctx, condition, args...); err != nil {
			return err
		}
		result, err := s.writer.exec(ctx, "DELETE FROM soft_deleted_table WHERE "+condition, args...)
		if err != nil {
			return err
		}
		purged, err = result.RowsAffected()
		return err
	})
	return purged, err
}
