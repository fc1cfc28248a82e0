package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/pause"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	tableColumns = `h.database_id, h.table_id, h.kind, h.uuid, h.version, h.metadata_location, h.storage_type, h.creation_time_ms,
		h.created_at, h.updated_at, h.owner`
	// wanted are keys, typed and folded, and numbered from 1: $1 the warehouse, $2 to $6 arrays.
	wanted = `FROM warehouse w
		CROSS JOIN unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[]) WITH ORDINALITY AS u(db, dbf, tb, tbf, family, number)`
	// A planner that takes the table for an empty one would read all of it: OFFSET 0
	// keeps it from anything but a look-up of each key.
	atWanted = ` h WHERE h.warehouse_id = w.warehouse_id AND h.database_key = CASE WHEN w.case_insensitive THEN u.dbf ELSE u.db END
		AND h.family = u.family AND h.table_key = CASE WHEN w.case_insensitive THEN u.tbf ELSE u.tb END`
	atEachWanted = ` JOIN LATERAL (SELECT * FROM house_table` + atWanted + ` OFFSET 0) h ON true WHERE w.warehouse_id = $1`
	selectTables = `SELECT ` + tableColumns + ` ` + wanted + atEachWanted
	// Each key has a row, so that none at all tells of no warehouse.
	selectNumbered    = `SELECT ` + tableColumns + `, u.number ` + wanted + ` LEFT` + atEachWanted
	selectSoftDeleted = `SELECT ` + tableColumns + `, h.deleted_at_ms, h.purge_after_ms
		FROM warehouse w CROSS JOIN unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::bigint[])
			AS u(db, dbf, tb, tbf, family, at)
		CROSS JOIN LATERAL (SELECT * FROM soft_deleted_table` + atWanted + ` AND h.deleted_at_ms = u.at OFFSET 0) h WHERE w.warehouse_id = $1`
	// The warehouse's rule is asked for by a query of its own, not by a join,
	// behind which Postgres would sort the namespace to get what an index gives.
	listedTable = tableColumns + `, h.table_key`
	// Names go as lines of one text: a row for each costs Postgres more than to find it.
	listedName  = `h.table_id`
	namesInOne  = `SELECT coalesce(string_agg(p.table_id, E'\n'), ''), coalesce((SELECT case_insensitive FROM warehouse WHERE warehouse_id = $1), false) FROM (`
	countTables = `SELECT count(*)` + tablesOf
	tablesOf    = ` FROM house_table h
		WHERE h.warehouse_id = $1 AND h.database_key = ` + namespaceAsked + ` AND h.table_key > $4`
	namespaceAsked = `(SELECT CASE WHEN case_insensitive THEN $3 ELSE $2 END::text FROM warehouse WHERE warehouse_id = $1)`
	selectVersions = `SELECT version, action, kind, database_id, table_id, metadata_location, committed_at, op_id, principal, request_id
		FROM change_event WHERE warehouse_id = $1 AND table_uuid = $2`
)

func tableArgs(warehouse string, keys []housetable.TableKey) []any {
	n := len(keys)
	db, dbf, tb, tbf, family := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]int16, n)
	for i, key := range keys {
		folded := key.Fold()
		db[i], dbf[i], tb[i], tbf[i], family[i] = key.DatabaseID, folded.DatabaseID, key.TableID, folded.TableID, key.Family()
	}
	return []any{warehouse, db, dbf, tb, tbf, family}
}

func softDeletedArgs(warehouse string, keys []housetable.SoftDeletedKey) []any {
	tables, at := make([]housetable.TableKey, len(keys)), make([]int64, len(keys))
	for i, key := range keys {
		tables[i], at[i] = key.Key, key.DeletedAtMS
	}
	return append(tableArgs(warehouse, tables), at)
}

func scanTable(r pgx.CollectableRow) (housetable.Table, error) { return scanTableAnd(r) }

func scanTableAnd(r pgx.CollectableRow, more ...any) (t housetable.Table, err error) {
	var kind int16
	var uuid [16]byte
	err = r.Scan(append([]any{
		&t.Key.DatabaseID, &t.Key.TableID, &kind, &uuid, &t.Version, &t.MetadataLocation, &t.StorageType, &t.CreationTimeMS,
		&t.CreatedAt, &t.UpdatedAt, &t.Owner,
	}, more...)...)
	t.Kind = housetable.Kind(kind)
	t.Key.Function = t.Kind == housetable.KindFunction
	t.UUID = uuid
	t.CreatedAt, t.UpdatedAt = t.CreatedAt.UTC(), t.UpdatedAt.UTC()
	return t, err
}

func scanSoftDeleted(r pgx.CollectableRow) (t housetable.Table, err error) {
	var deleted, purge int64
	t, err = scanTableAnd(r, &deleted, &purge)
	t.DeletedAtMS, t.PurgeAfterMS = &deleted, &purge
	return t, err
}

// numbered is a house table with the number of the key that it was asked for by;
// the zero one stands for a key without one.
type numbered struct {
	table  housetable.Table
	number int64
}

func scanNumberedTable(r pgx.CollectableRow) (n numbered, err error) {
	if r.RawValues()[0] == nil {
		return n, nil
	}
	n.table, err = scanTableAnd(r, &n.number)
	return n, err
}

// listed is an entry of a list with the cursor that continues behind it.
type listed[T any] struct {
	item   T
	cursor string
}

func scanListedTable(r pgx.CollectableRow) (l listed[housetable.Table], err error) {
	l.item, err = scanTableAnd(r, &l.cursor)
	return l, err
}

// names are those of a page, read one further than wanted; folded tells that they
// are listed in the order of their folded spellings.
type names struct {
	names  []string
	folded bool
}

// scanNames reads names from lines, as none has a line break.
func scanNames(r pgx.CollectableRow) (n names, err error) {
	var lines string
	if err := r.Scan(&lines, &n.folded); err != nil || lines == "" {
		return n, err
	}
	n.names = strings.Split(lines, "\n")
	return n, nil
}

// page cuts the names as it does lists.
func (n names) page(limit int) (page []string, next string) {
	if len(n.names) <= limit {
		return n.names, ""
	}
	if next = n.names[limit-1]; n.folded {
		next = housetable.Fold(next)
	}
	return n.names[:limit], next
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

// query reads all rows of one query that changes nothing; where a connection
// ends before the answer it asks on another.
func query[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], what, text string, args ...any) ([]T, error) {
	for n := 0; ; n++ {
		found, err := collect(ctx, s.pool, scan, text, args...)
		if !unanswered(err) || n == attempts || pause.For(ctx, backoff(n)) != nil {
			return found, classify(err, what)
		}
	}
}

// write runs one statement that changes something, beside commits, and reads
// what it returns.
func write[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], what, text string, args ...any) ([]T, error) {
	found, err := alter(ctx, s.pool, scan, text, args...)
	return found, classify(undecided(err), what)
}

// Tables returns the house table of each key, nil where there is none.
func (s *Store) Tables(ctx context.Context, warehouse string, keys []housetable.TableKey) ([]*housetable.Table, error) {
	found, err := query(ctx, s, scanNumberedTable, "read tables", selectNumbered, tableArgs(warehouse, keys)...)
	if err == nil && len(found) == 0 {
		err = s.missing(ctx, warehouse, nil)
	}
	if err != nil {
		return nil, err
	}
	tables := make([]*housetable.Table, len(keys))
	for i := range found {
		if found[i].number > 0 {
			tables[found[i].number-1] = &found[i].table
		}
	}
	return tables, nil
}

// ListTables returns a page of one namespace's house tables.
func (s *Store) ListTables(ctx context.Context, q housetable.TableQuery) ([]housetable.Table, string, error) {
	text, args := listing(listedTable, q)
	found, err := query(ctx, s, scanListedTable, "list tables", text, args...)
	if err == nil && len(found) == 0 {
		_, err = s.Namespace(ctx, q.Warehouse, q.DatabaseID)
	}
	if err != nil {
		return nil, "", err
	}
	items, next := page(found, q.Limit)
	return items, next, nil
}

// ListNames returns the names of such a page.
func (s *Store) ListNames(ctx context.Context, q housetable.TableQuery) ([]string, string, error) {
	text, args := naming(q)
	found, err := query(ctx, s, scanNames, "list names", text, args...)
	if err == nil && len(found[0].names) == 0 {
		_, err = s.Namespace(ctx, q.Warehouse, q.DatabaseID)
	}
	if err != nil {
		return nil, "", err
	}
	items, next := found[0].page(q.Limit)
	return items, next, nil
}

// naming is the query of the names of a page.
func naming(q housetable.TableQuery) (text string, args []any) {
	text, args = listing(listedName, q)
	return namesInOne + text + ") p", args
}

// listing is the query of a page, read one entry further than wanted.
func listing(columns string, q housetable.TableQuery) (text string, args []any) {
	condition, args := tablesMatching(q)
	limit := len(args) + 1
	args = append(args, q.Limit+1, q.Skip)
	text = "SELECT " + columns
	if q.Visible == nil {
		text += tablesOf + condition
	} else {
		among, visible := amongVisible(q, condition, args)
		text, args = text+among, visible
	}
	return text + orderBy(q.Order, "h.table_key") + fmt.Sprintf(" LIMIT $%d OFFSET $%d", limit, limit+1), args
}

// CountTables counts what ListTables would return without pages.
func (s *Store) CountTables(ctx context.Context, q housetable.TableQuery) (int64, error) {
	q.After = ""
	condition, args := tablesMatching(q)
	text := countTables + condition
	if q.Visible != nil {
		text, args = countVisible(q, condition, args)
	}
	return s.count(ctx, q.Warehouse, text, args...)
}

func tablesMatching(q housetable.TableQuery) (condition string, args []any) {
	args = []any{q.Warehouse, q.DatabaseID, housetable.Fold(q.DatabaseID), q.After}
	condition = ofKind(q.Kind)
	if !q.Match.All() {
		args = append(args, q.Match.Text, q.Match.Fold().Text)
		condition += matching(q.Match)
	}
	return condition, args
}

// ofKind is spelled out, so that the plan can use the index of the kind;
// functions have the primary key's third column to themselves.
func ofKind(kind housetable.Kind) string {
	switch kind {
	case housetable.KindView:
		return " AND h.kind = 2"
	case housetable.KindFunction:
		return " AND h.family = 1"
	case housetable.KindTable, housetable.AnyKind:
	}
	return " AND h.kind = 1"
}

// matching compares without LIKE, whose wildcards names may hold.
func matching(m housetable.NameMatch) string {
	const text = "(SELECT CASE WHEN case_insensitive THEN $6 ELSE $5 END::text FROM warehouse WHERE warehouse_id = $1)"
	switch {
	case m.AnyBefore && m.AnyAfter:
		return " AND strpos(h.table_key, " + text + ") > 0"
	case m.AnyAfter:
		return " AND h.table_key >= " + text + " AND starts_with(h.table_key, " + text + ")"
	case m.AnyBefore:
		return " AND right(h.table_key, length(" + text + ")) = " + text
	default:
		return " AND h.table_key = " + text
	}
}

func scanVersion(r pgx.CollectableRow) (v housetable.TableVersion, err error) {
	var kind int16
	var id [16]byte
	var at time.Time
	err = r.Scan(&v.Version, &v.Action, &kind, &v.Key.DatabaseID, &v.Key.TableID, &v.MetadataLocation, &at, &id, &v.Principal, &v.RequestID)
	v.Key.Function = housetable.Kind(kind) == housetable.KindFunction
	v.CommittedAt, v.OperationID = at.UTC(), id
	return v, err
}

// History returns a page of one house table's versions, newest first.
func (s *Store) History(ctx context.Context, q housetable.HistoryQuery) ([]housetable.TableVersion, int64, error) {
	versions, err := query(ctx, s, scanVersion, "read history", selectVersions+" AND ($3 = 0 OR version < $3) ORDER BY version DESC LIMIT $4",
		q.Warehouse, pgUUID(q.UUID), q.Before, q.Limit+1)
	if err == nil && len(versions) == 0 {
		return nil, 0, s.missing(ctx, q.Warehouse, nil)
	}
	if err != nil || len(versions) <= q.Limit {
		return versions, 0, err
	}
	versions = versions[:q.Limit]
	return versions, versions[q.Limit-1].Version, nil
}
