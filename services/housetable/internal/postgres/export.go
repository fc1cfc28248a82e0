package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	exportColumns = `SELECT ` + tableColumns + `,
		coalesce((SELECT t.hold FROM table_hold t WHERE t.warehouse_id = h.warehouse_id AND t.table_uuid = h.uuid AND starts_with(t.hold, 'l:')), ''),
		coalesce((SELECT t.hold FROM table_hold t WHERE t.warehouse_id = h.warehouse_id AND t.table_uuid = h.uuid AND starts_with(t.hold, 'u:')), ''),
		h.database_key, h.table_key`
	exportTables = exportColumns + ` FROM house_table h
		WHERE h.warehouse_id = $1 AND (h.database_key, h.family, h.table_key) > ($2, $3, $4)
		ORDER BY h.database_key, h.family, h.table_key LIMIT $5`
	exportSoftDeleted = exportColumns + `, h.deleted_at_ms, h.purge_after_ms FROM soft_deleted_table h
		WHERE h.warehouse_id = $1 AND (h.database_key, h.family, h.table_key, h.deleted_at_ms) > ($2, $3, $4, $6)
		ORDER BY h.database_key, h.family, h.table_key, h.deleted_at_ms LIMIT $5`
)

// scanExported scans exportColumns, and what else there is of a soft-deleted one.
func scanExported(softDeleted bool) pgx.RowToFunc[listed[housetable.ExportedTable]] {
	return func(r pgx.CollectableRow) (l listed[housetable.ExportedTable], err error) {
		var location, uuid, database, table string
		var deleted, purge, at int64
		targets := []any{&location, &uuid, &database, &table}
		if softDeleted {
			targets = append(targets, &deleted, &purge)
		}
		t, err := scanTableAnd(r, targets...)
		if softDeleted {
			t.DeletedAtMS, t.PurgeAfterMS, at = &deleted, &purge, deleted
		}
		l.item = housetable.NewExportedTable(t, location, uuid)
		l.cursor = housetable.ExportCursor(database, t.Key.Family(), table, at)
		return l, err
	}
}

// ExportTables returns a page of a whole warehouse.
func (s *Store) ExportTables(ctx context.Context, q housetable.ExportQuery) ([]housetable.ExportedTable, string, error) {
	database, family, table, at, err := q.Position()
	if err != nil {
		return nil, "", err
	}
	text, args := exportTables, []any{q.Warehouse, database, family, table, q.Limit + 1}
	if q.SoftDeleted {
		text, args = exportSoftDeleted, append(args, at)
	}
	found, err := query(ctx, s, scanExported(q.SoftDeleted), "export tables", text, args...)
	if err == nil && len(found) == 0 {
		err = s.missing(ctx, q.Warehouse, nil)
	}
	if err != nil {
		return nil, "", err
	}
	tables, next := page(found, q.Limit)
	return tables, next, nil
}
