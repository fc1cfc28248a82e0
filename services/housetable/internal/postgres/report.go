package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// selectReports may read more than the page will have: its rows are few and their
// bodies bounded.
const selectReports = `SELECT report_id, database_id, table_id, report_type, body, principal, request_id FROM metrics_report
		WHERE warehouse_id = $1 AND table_uuid = $2 AND report_id < $3 AND report_id >= $4 ORDER BY report_id DESC LIMIT $5`

// recordReports keeps the reports of tables that are there. One that was kept
// before counts as well.
func recordReports(reports *rows, args *[]any) string {
	return `WITH known AS (SELECT w.warehouse_id, h.uuid, u.* FROM warehouse w CROSS JOIN ` + reports.unnest(args) + `
			JOIN house_table h ON h.warehouse_id = w.warehouse_id AND h.family = 0 AND h.kind = 1
				AND h.database_key = CASE WHEN w.case_insensitive THEN u.dbf ELSE u.db END
				AND h.table_key = CASE WHEN w.case_insensitive THEN u.tbf ELSE u.tb END
			WHERE w.warehouse_id = $1),
		kept AS (INSERT INTO metrics_report (warehouse_id, table_uuid, report_id, database_id, table_id, report_type, body, principal, request_id)
			SELECT warehouse_id, uuid, id, db, tb, type, body, principal, request FROM known ORDER BY uuid, id ON CONFLICT DO NOTHING)
		SELECT count(*) FROM known`
}

// RecordReports keeps reports of house tables that exist.
func (s *Store) RecordReports(ctx context.Context, warehouse string, reports []housetable.Report) (int64, error) {
	if len(reports) == 0 {
		return 0, s.missing(ctx, warehouse, nil)
	}
	r := newRows()
	for _, report := range reports {
		setKey(r, "", report.Key)
		set(r, "id", "uuid", pgUUID(report.ID))
		set(r, "type", "text", report.Type)
		set(r, "body", "text", report.Body)
		set(r, "principal", "text", report.Principal)
		set(r, "request", "text", report.RequestID)
	}
	args := []any{warehouse}
	text := recordReports(r, &args)
	known, err := write(ctx, s, pgx.RowTo[int64], "record reports", text, args...)
	if err != nil {
		return 0, err
	}
	if known[0] == 0 {
		return 0, s.missing(ctx, warehouse, nil)
	}
	return known[0], nil
}

func scanReport(row pgx.CollectableRow) (r housetable.Report, err error) {
	var id [16]byte
	err = row.Scan(&id, &r.Key.DatabaseID, &r.Key.TableID, &r.Type, &r.Body, &r.Principal, &r.RequestID)
	r.ID = id
	return r, err
}

// Reports returns a page of one house table's reports, newest first.
func (s *Store) Reports(ctx context.Context, q housetable.ReportQuery) ([]housetable.Report, housetable.UUID, error) {
	found, err := query(ctx, s, scanReport, "read reports", selectReports,
		q.Warehouse, pgUUID(q.UUID), pgUUID(q.Last()), pgUUID(q.Since), q.Limit+1)
	if err == nil && len(found) == 0 {
		err = s.missing(ctx, q.Warehouse, nil)
	}
	if err != nil {
		return nil, housetable.UUID{}, err
	}
	reports, next := q.Cut(found)
	return reports, next, nil
}
