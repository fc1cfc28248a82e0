package sqlite

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	tableColumns = `database_id, table_id, family, kind, uuid, version, metadata_location, storage_type, creation_time_ms, created_at, updated_at, owner`
	selectTable  = `SELECT ` + tableColumns + ` FROM house_table
		WHERE warehouse_id = ? AND database_key = ? AND family = ? AND table_key = ?`
	selectSoftDeleted = `SELECT ` + tableColumns + `, deleted_at_ms, purge_after_ms FROM soft_deleted_table
		WHERE warehouse_id = ? AND database_key = ? AND family = ? AND table_key = ? AND deleted_at_ms = ?`
	listedTable = tableColumns + `, house_table.table_key`
	listedName  = `table_id, house_table.table_key`
	countTables = `SELECT count(*)` + tablesOf
	tablesOf    = ` FROM house_table
		WHERE warehouse_id = ? AND database_key = ? AND kind = ? AND table_key > ?`
	selectVersions = `SELECT version, action, kind, database_id, table_id, metadata_location, committed_at, op_id, principal, request_id
		FROM change_event WHERE warehouse_id = ? AND table_uuid = ?`
)

// tableTargets are where a scan of tableColumns goes; done completes the table.
func tableTargets(t *housetable.Table) (targets []any, done func()) {
	var family, created, updated int64
	var id []byte
	targets = []any{
		&t.Key.DatabaseID, &t.Key.TableID, &family, &t.Kind, &id, &t.Version, &t.MetadataLocation, &t.StorageType,
		&t.CreationTimeMS, &created, &updated, &t.Owner,
	}
	return targets, func() {
		t.Key.Function = family == 1
		copy(t.UUID[:], id)
		t.CreatedAt, t.UpdatedAt = instant(created), instant(updated)
	}
}

func scanTable(r row) (t housetable.Table, err error) {
	targets, done := tableTargets(&t)
	if err := r.Scan(targets...); err != nil {
		return t, err
	}
	done()
	return t, nil
}

func scanSoftDeleted(r row) (t housetable.Table, err error) {
	targets, done := tableTargets(&t)
	if err := r.Scan(append(targets, &t.DeletedAtMS, &t.PurgeAfterMS)...); err != nil {
		return t, err
	}
	done()
	return t, nil
}

// listed is an entry of a list with the cursor that continues behind it.
type listed[T any] struct {
	item   T
	cursor string
}

func scanListedTable(r row) (l listed[housetable.Table], err error) {
	targets, done := tableTargets(&l.item)
	if err := r.Scan(append(targets, &l.cursor)...); err != nil {
		return l, err
	}
	done()
	return l, nil
}

func scanListedName(r row) (l listed[string], err error) {
	err = r.Scan(&l.item, &l.cursor)
	return l, err
}

// page cuts a list that was read one entry further than wanted, to know whether
// anything follows.
func page[T any](found []listed[T], limit int) (items []T, next string) {
	if len(found) > limit {
		found = found[:limit]
		next = found[limit-1].cursor
	}
	items = make([]T, len(found))
	for i, l := range found {
		items[i] = l.item
	}
	return items, next
}

// Tables returns the house table of each key, nil where there is none.
func (s *Store) Tables(ctx context.Context, warehouse string, keys []housetable.TableKey) ([]*housetable.Table, error) {
	spell, err := s.spelling(ctx, warehouse)
	if err != nil {
		return nil, err
	}
	tables := make([]*housetable.Table, len(keys))
	for i, key := range keys {
		if tables[i], err = find(ctx, s, scanTable, selectTable, spell.table(warehouse, key)...); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

// ListTables returns a page of one namespace's house tables.
func (s *Store) ListTables(ctx context.Context, q housetable.TableQuery) ([]housetable.Table, string, error) {
	return list(ctx, s, scanListedTable, listedTable, q)
}

// ListNames returns the names of such a page.
func (s *Store) ListNames(ctx context.Context, q housetable.TableQuery) ([]string, string, error) {
	return list(ctx, s, scanListedName, listedName, q)
}

func list[T any](ctx context.Context, s *Store, scan func(row) (listed[T], error), columns string, q housetable.TableQuery) ([]T, string, error) {
	spell, err := s.spelling(ctx, q.Warehouse)
	if err != nil {
		return nil, "", err
	}
	condition, args := tablesMatching(q, spell)
	query := "SELECT " + columns + tablesOf + condition
	if q.Visible != nil {
		query, args = visibleTables("SELECT "+columns+visibleOf, q, condition, args, true)
	}
	query += orderBy(q.Order, "table_key") + " LIMIT ? OFFSET ?"
	rows, err := s.query(ctx, query, append(args, q.Limit+1, q.Skip)...)
	found, err := all(scan, rows, err)
	if err != nil {
		return nil, "", err
	}
	if len(found) == 0 {
		if _, err := s.Namespace(ctx, q.Warehouse, q.DatabaseID); err != nil {
			return nil, "", err
		}
	}
	items, next := page(found, q.Limit)
	return items, next, nil
}

// CountTables counts what ListTables would return without pages.
func (s *Store) CountTables(ctx context.Context, q housetable.TableQuery) (int64, error) {
	spell, err := s.spelling(ctx, q.Warehouse)
	if err != nil {
		return 0, err
	}
	q.After = ""
	condition, args := tablesMatching(q, spell)
	query := countTables + condition
	if q.Visible != nil {
		query, args = visibleTables(countVisible, q, condition, args, false)
	}
	return count(ctx, s, query, args...)
}

func tablesMatching(q housetable.TableQuery, spell spelling) (condition string, args []any) {
	if spell.fold {
		q.Match = q.Match.Fold()
	}
	condition, args = matching(q.Match)
	return condition, append([]any{q.Warehouse, spell.id(q.DatabaseID), q.Kind, q.After}, args...)
}

// matching compares without LIKE: its case rule is a setting, and names hold
// its wildcards.
func matching(m housetable.NameMatch) (string, []any) {
	switch {
	case m.All():
		return "", nil
	case m.AnyBefore && m.AnyAfter:
		return " AND instr(table_key, ?) > 0", []any{m.Text}
	case m.AnyAfter:
		return " AND table_key >= ? AND substr(table_key, 1, length(?)) = ?", []any{m.Text, m.Text, m.Text}
	case m.AnyBefore:
		return " AND substr(table_key, -length(?)) = ?", []any{m.Text, m.Text}
	default:
		return " AND table_key = ?", []any{m.Text}
	}
}

func scanVersion(r row) (v housetable.TableVersion, err error) {
	var kind housetable.Kind
	var at int64
	var id []byte
	err = r.Scan(&v.Version, &v.Action, &kind, &v.Key.DatabaseID, &v.Key.TableID, &v.MetadataLocation, &at, &id, &v.Principal, &v.RequestID)
	v.Key.Function = kind == housetable.KindFunction
	v.CommittedAt = instant(at)
	copy(v.OperationID[:], id)
	return v, err
}

// History returns a page of one house table's versions, newest first.
func (s *Store) History(ctx context.Context, q housetable.HistoryQuery) ([]housetable.TableVersion, int64, error) {
	if _, err := s.spelling(ctx, q.Warehouse); err != nil {
		return nil, 0, err
	}
	rows, err := s.query(ctx, selectVersions+" AND (? = 0 OR version < ?) ORDER BY version DESC LIMIT ?",
		q.Warehouse, q.UUID[:], q.Before, q.Before, q.Limit+1)
	versions, err := all(scanVersion, rows, err)
	if err != nil || len(versions) <= q.Limit {
		return versions, 0, err
	}
	versions = versions[:q.Limit]
	return versions, versions[q.Limit-1].Version, nil
}
