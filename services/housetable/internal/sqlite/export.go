package sqlite

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	exportColumns = `SELECT ` + tableColumns + `,
		coalesce((SELECT hold FROM table_hold h WHERE h.warehouse_id = t.warehouse_id AND h.table_uuid = t.uuid AND substr(hold, 1, 2) = 'l:'), ''),
		coalesce((SELECT hold FROM table_hold h WHERE h.warehouse_id = t.warehouse_id AND h.table_uuid = t.uuid AND substr(hold, 1, 2) = 'u:'), ''),
		database_key, table_key`
	exportTables = exportColumns + ` FROM house_table t
		WHERE warehouse_id = ? AND (database_key, family, table_key) > (?, ?, ?) ORDER BY database_key, family, table_key LIMIT ?`
	exportSoftDeleted = exportColumns + `, deleted_at_ms, purge_after_ms FROM soft_deleted_table t
		WHERE warehouse_id = ? AND (database_key, family, table_key, deleted_at_ms) > (?, ?, ?, ?)
		ORDER BY database_key, family, table_key, deleted_at_ms LIMIT ?`
)

// scanExported scans exportColumns, and what else there is of a soft-deleted one.
func scanExported(softDeleted bool) func(row) (listed[housetable.ExportedTable], error) {
	return func(r row) (l listed[housetable.ExportedTable], err error) {
		var t housetable.Table
		var location, uuid, database, table string
		targets, done := tableTargets(&t)
		targets = append(targets, &location, &uuid, &database, &table)
		if softDeleted {
			targets = append(targets, &t.DeletedAtMS, &t.PurgeAfterMS)
		}
		if err := r.Scan(targets...); err != nil {
			return l, err
		}
		done()
		l.item = housetable.NewExportedTable(t, location, uuid)
		at := int64(0)
		if softDeleted {
			at = *t.DeletedAtMS
		}
		l.cursor = housetable.ExportCursor(database, t.Key.Family(), table, at)
		return l, nil
	}
}

// ExportTables returns a page of a whole warehouse.
func (s *Store) ExportTables(ctx context.Context, q housetable.ExportQuery) ([]housetable.ExportedTable, string, error) {
	database, family, table, at, err := q.Position()
	if err != nil {
		return nil, "", err
	}
	text, args := exportTables, []any{q.Warehouse, database, family, table}
	if q.SoftDeleted {
		text, args = exportSoftDeleted, append(args, at)
	}
	rows, err := s.query(ctx, text, append(args, q.Limit+1)...)
	found, err := all(scanExported(q.SoftDeleted), rows, err)
	if err == nil && len(found) == 0 {
		err = s.missing(ctx, q.Warehouse, nil)
	}
	if err != nil {
		return nil, "", err
	}
	tables, next := page(found, q.Limit)
	return tables, next, nil
}
