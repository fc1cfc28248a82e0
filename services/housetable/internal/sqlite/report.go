package sqlite

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	insertReport = `INSERT INTO metrics_report (warehouse_id, table_uuid, report_id, database_id, table_id, report_type, body, principal, request_id, recorded_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	selectReports = `SELECT report_id, database_id, table_id, report_type, body, principal, request_id FROM metrics_report
		WHERE warehouse_id = ? AND table_uuid = ? AND report_id < ? AND report_id >= ? ORDER BY report_id DESC LIMIT ?`
)

// RecordReports keeps reports of house tables that exist.
func (s *Store) RecordReports(ctx context.Context, house string, reports []housetable.Report) (kept int64, err error) {
	err = s.writer.transact(ctx, func() error {
		w, err := warehouse(ctx, s.writer, house)
		if err != nil {
			return err
		}
		spell := spelling{fold: w.CaseInsensitive}
		for _, r := range reports {
			known, err := s.recordReport(ctx, house, spell, r)
			if err != nil {
				return err
			}
			kept += known
		}
		return nil
	})
	return kept, err
}

// recordReport returns how many tables the report is of: one, or none.
func (s *Store) recordReport(ctx context.Context, house string, spell spelling, r housetable.Report) (int64, error) {
	t, err := find(ctx, s.writer, scanTable, selectTable, spell.table(house, r.Key)...)
	if err != nil || t == nil || t.Kind != housetable.KindTable {
		return 0, err
	}
	_, err = s.writer.exec(ctx, insertReport, house, t.UUID[:], r.ID[:], r.Key.DatabaseID, r.Key.TableID, r.Type, r.Body,
		r.Principal, r.RequestID, micros(s.now()))
	return 1, err
}

func scanReport(row row) (r housetable.Report, err error) {
	var id []byte
	err = row.Scan(&id, &r.Key.DatabaseID, &r.Key.TableID, &r.Type, &r.Body, &r.Principal, &r.RequestID)
	copy(r.ID[:], id)
	return r, err
}

// Reports returns a page of one house table's reports, newest first.
func (s *Store) Reports(ctx context.Context, q housetable.ReportQuery) ([]housetable.Report, housetable.UUID, error) {
	if _, err := s.spelling(ctx, q.Warehouse); err != nil {
		return nil, housetable.UUID{}, err
	}
	last := q.Last()
	rows, err := s.query(ctx, selectReports, q.Warehouse, q.UUID[:], last[:], q.Since[:], q.Limit+1)
	found, err := all(scanReport, rows, err)
	if err != nil {
		return nil, housetable.UUID{}, err
	}
	reports, next := q.Cut(found)
	return reports, next, nil
}
