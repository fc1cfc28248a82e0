package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	namespaceColumns = `n.database_id, n.properties, n.version, n.created_at`
	// $1 is the warehouse, $2 and $3 arrays of ids, typed and folded.
	wantedIDs = `FROM warehouse w CROSS JOIN unnest($2::text[], $3::text[]) AS u(db, dbf)
		CROSS JOIN LATERAL (SELECT * FROM namespace n
			WHERE n.warehouse_id = w.warehouse_id AND n.database_key = CASE WHEN w.case_insensitive THEN u.dbf ELSE u.db END OFFSET 0) n
		WHERE w.warehouse_id = $1`
	selectNamespaces = `SELECT ` + namespaceColumns + ` ` + wantedIDs
	selectOccupied   = `SELECT n.database_id ` + wantedIDs + ` AND (
		EXISTS (SELECT 1 FROM house_table h WHERE h.warehouse_id = n.warehouse_id AND h.database_key = n.database_key)
		OR EXISTS (SELECT 1 FROM namespace m WHERE m.warehouse_id = n.warehouse_id AND m.parent_key = n.database_key))`
	listTop = `SELECT ` + namespaceColumns + `, n.database_key FROM namespace n
		WHERE n.warehouse_id = $1 AND n.parent_key IS NULL AND n.database_key > $2 ORDER BY n.database_key LIMIT $3 OFFSET $4`
	listChildren = `SELECT ` + namespaceColumns + `, n.database_key FROM namespace n
		WHERE n.warehouse_id = $1 AND n.database_key > $2
		AND n.parent_key = (SELECT CASE WHEN case_insensitive THEN $6 ELSE $5 END FROM warehouse WHERE warehouse_id = $1)
		ORDER BY n.database_key LIMIT $3 OFFSET $4`
	countTop      = `SELECT count(*) FROM namespace n WHERE n.warehouse_id = $1 AND n.parent_key IS NULL`
	countChildren = `SELECT count(*) FROM namespace n WHERE n.warehouse_id = $1
		AND n.parent_key = (SELECT CASE WHEN case_insensitive THEN $3 ELSE $2 END FROM warehouse WHERE warehouse_id = $1)`
)

func idArgs(warehouse string, ids []string) []any {
	folded := make([]string, len(ids))
	for i, id := range ids {
		folded[i] = housetable.Fold(id)
	}
	return []any{warehouse, ids, folded}
}

func scanNamespace(r pgx.CollectableRow) (housetable.Namespace, error) { return scanNamespaceAnd(r) }

func scanNamespaceAnd(r pgx.CollectableRow, more ...any) (n housetable.Namespace, err error) {
	err = r.Scan(append([]any{&n.DatabaseID, &n.Properties, &n.Version, &n.CreatedAt}, more...)...)
	n.CreatedAt = n.CreatedAt.UTC()
	return n, err
}

func scanListedNamespace(r pgx.CollectableRow) (l listed[housetable.Namespace], err error) {
	l.item, err = scanNamespaceAnd(r, &l.cursor)
	return l, err
}

// Namespace returns one namespace.
func (s *Store) Namespace(ctx context.Context, warehouse, databaseID string) (housetable.Namespace, error) {
	found, err := query(ctx, s, scanNamespace, "read namespace", selectNamespaces, idArgs(warehouse, []string{databaseID})...)
	if err != nil {
		return housetable.Namespace{}, err
	}
	if len(found) == 0 {
		return housetable.Namespace{}, s.missing(ctx, warehouse, housetable.NoSuchNamespace(databaseID))
	}
	return found[0], nil
}

// ListNamespaces returns a page of the direct children.
func (s *Store) ListNamespaces(ctx context.Context, q housetable.NamespaceQuery) ([]housetable.Namespace, string, error) {
	text, args := listTop, []any{q.Warehouse, q.After, q.Limit + 1, q.Skip}
	switch {
	case q.Visible != nil:
		text, args = listVisibleNamespaces, append(visibleArgs(q), q.After, q.Limit+1, q.Skip)
	case q.ParentID != "":
		text, args = listChildren, append(args, q.ParentID, housetable.Fold(q.ParentID))
	}
	found, err := query(ctx, s, scanListedNamespace, "list namespaces", text, args...)
	if err != nil {
		return nil, "", err
	}
	if len(found) == 0 {
		if err := s.missing(ctx, q.Warehouse, nil); err != nil {
			return nil, "", err
		}
		if q.ParentID != "" {
			if _, err := s.Namespace(ctx, q.Warehouse, q.ParentID); err != nil {
				return nil, "", err
			}
		}
	}
	namespaces, next := page(found, q.Limit)
	return namespaces, next, nil
}

// CountNamespaces counts what ListNamespaces would return without pages.
func (s *Store) CountNamespaces(ctx context.Context, q housetable.NamespaceQuery) (int64, error) {
	if q.Visible != nil {
		return s.count(ctx, q.Warehouse, countVisibleNamespaces, visibleArgs(q)...)
	}
	if q.ParentID == "" {
		return s.count(ctx, q.Warehouse, countTop, q.Warehouse)
	}
	return s.count(ctx, q.Warehouse, countChildren, q.Warehouse, q.ParentID, housetable.Fold(q.ParentID))
}
