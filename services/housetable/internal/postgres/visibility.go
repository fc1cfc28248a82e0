package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// What somebody may be shown is found from what they were given and what they
// own, each by an index, and not by going through all that there is. OFFSET 0
// keeps each look-up a probe of an index, whatever the planner knows.
const (
	visibleTables = ` FROM (%s UNION (%s)) k CROSS JOIN LATERAL (SELECT * FROM house_table h
		WHERE h.warehouse_id = $1 AND h.database_key = ` + namespaceAsked + ` AND h.table_key = k.table_key%s OFFSET 0) h`
	givenTables = `SELECT g.table_key FROM unnest($%d::uuid[]) AS u(id) CROSS JOIN LATERAL (
			SELECT h.database_key, h.table_key FROM house_table h WHERE h.warehouse_id = $1 AND h.uuid = u.id OFFSET 0) g
		WHERE g.database_key = ` + namespaceAsked + ` AND g.table_key > $4`
	ownedTables = `SELECT h.table_key` + tablesOf + ` AND h.owner = $%d AND h.owner <> ''%s`

	// $1 is the warehouse, $2 and $3 the parent, typed and folded, $4 and $5 the
	// databases, $6 the uuids, $7 the owner. Of the namespaces below the parent that
	// lead to something, the first level is shown.
	visibleNamespaces = `WITH RECURSIVE p AS MATERIALIZED (
			SELECT warehouse_id, case_insensitive, CASE WHEN case_insensitive THEN $3 ELSE $2 END::text AS parent FROM warehouse WHERE warehouse_id = $1),
		owned AS (
			(SELECT h.database_key FROM house_table h WHERE h.warehouse_id = $1 AND h.owner = $7 AND h.owner <> '' ORDER BY h.database_key LIMIT 1)
			UNION ALL SELECT (SELECT h.database_key FROM house_table h WHERE h.warehouse_id = $1 AND h.owner = $7 AND h.owner <> ''
				AND h.database_key > owned.database_key ORDER BY h.database_key LIMIT 1) FROM owned WHERE owned.database_key IS NOT NULL),
		ends AS MATERIALIZED (
			SELECT CASE WHEN p.case_insensitive THEN u.dbf ELSE u.db END AS key FROM p CROSS JOIN unnest($4::text[], $5::text[]) AS u(db, dbf)
			UNION SELECT g.database_key FROM unnest($6::uuid[]) AS u(id) CROSS JOIN LATERAL (
				SELECT h.database_key FROM house_table h WHERE h.warehouse_id = $1 AND h.uuid = u.id OFFSET 0) g
			UNION SELECT database_key FROM owned WHERE database_key IS NOT NULL),
		shown AS MATERIALIZED (
			SELECT DISTINCT CASE WHEN p.parent = '' THEN split_part(l.key, '.', 1)
				ELSE p.parent || '.' || split_part(substr(l.key, length(p.parent) + 2), '.', 1) END AS key
			FROM ends l CROSS JOIN p WHERE p.parent = '' OR starts_with(l.key, p.parent || '.'))`
	amongShown = ` FROM shown s CROSS JOIN LATERAL (
			SELECT * FROM namespace n WHERE n.warehouse_id = $1 AND n.database_key = s.key COLLATE "C" OFFSET 0) n`
	listVisibleNamespaces = visibleNamespaces + ` SELECT ` + namespaceColumns + `, n.database_key` + amongShown + `
		WHERE n.database_key > $8 ORDER BY n.database_key LIMIT $9 OFFSET $10`
	countVisibleNamespaces = visibleNamespaces + ` SELECT count(*)` + amongShown

	// $2 is the namespace's key.
	namespaceVisible = `SELECT EXISTS (SELECT 1 FROM unnest($3::text[]) AS u(key) WHERE u.key = $2::text OR starts_with(u.key, $2 || '.'))
		OR EXISTS (SELECT 1 FROM unnest($4::uuid[]) AS u(id) CROSS JOIN LATERAL (
			SELECT h.database_key FROM house_table h WHERE h.warehouse_id = $1 AND h.uuid = u.id OFFSET 0) g
			WHERE g.database_key = $2 OR starts_with(g.database_key, $2 || '.'))
		OR EXISTS (SELECT 1 FROM house_table h WHERE h.warehouse_id = $1 AND h.owner = $5 AND h.owner <> '' AND h.database_key = $2)
		OR EXISTS (SELECT 1 FROM house_table h WHERE h.warehouse_id = $1 AND h.owner = $5 AND h.owner <> ''
			AND h.database_key > $2 || '.' AND h.database_key < $2 || '/')` // '/' comes after '.'
)

// amongVisible is what a list of what may be shown of a namespace is of. Its
// arguments have the limit and what is skipped last.
func amongVisible(q housetable.TableQuery, condition string, args []any) (string, []any) {
	atMost := ""
	if q.Order == housetable.ByKey { // else the first by name need not be the first
		atMost = fmt.Sprintf(" ORDER BY h.table_key LIMIT $%d::bigint + $%d::bigint", len(args)-1, len(args))
	}
	return tablesVisible(q, condition, atMost, args)
}

func countVisible(q housetable.TableQuery, condition string, args []any) (string, []any) {
	text, args := tablesVisible(q, condition, "", args)
	return "SELECT count(*)" + text, args
}

func tablesVisible(q housetable.TableQuery, condition, atMost string, args []any) (string, []any) {
	args = append(args, pgUUIDs(q.Visible.UUIDs), q.Visible.Owner)
	given := fmt.Sprintf(givenTables, len(args)-1)
	owned := fmt.Sprintf(ownedTables, len(args), condition) + atMost
	return fmt.Sprintf(visibleTables, given, owned, condition), args
}

func visibleArgs(q housetable.NamespaceQuery) []any {
	ids := idArgs(q.Warehouse, q.Visible.DatabaseIDs)
	return []any{q.Warehouse, q.ParentID, housetable.Fold(q.ParentID), ids[1], ids[2], pgUUIDs(q.Visible.UUIDs), q.Visible.Owner}
}

func pgUUIDs(ids []housetable.UUID) [][16]byte {
	uuids := make([][16]byte, len(ids))
	for i, id := range ids {
		uuids[i] = id
	}
	return uuids
}

// NamespaceVisible reports whether a namespace may be shown.
func (s *Store) NamespaceVisible(ctx context.Context, warehouse, databaseID string, v housetable.Visibility) (bool, error) {
	w, err := s.Warehouse(ctx, warehouse)
	if err != nil {
		return false, err
	}
	if _, err := s.Namespace(ctx, warehouse, databaseID); err != nil {
		return false, err
	}
	ids := idArgs(warehouse, v.DatabaseIDs)
	keys := ids[1]
	if w.CaseInsensitive {
		databaseID, keys = housetable.Fold(databaseID), ids[2]
	}
	found, err := query(ctx, s, pgx.RowTo[bool], "look for what is visible", namespaceVisible, warehouse, databaseID, keys, pgUUIDs(v.UUIDs), v.Owner)
	if err != nil {
		return false, err
	}
	return found[0], nil
}
