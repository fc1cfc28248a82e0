package sqlite

import (
	"context"
	"encoding/json"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	namespaceColumns = `database_id, properties, version, created_at`
	selectNamespace  = `SELECT ` + namespaceColumns + ` FROM namespace WHERE warehouse_id = ? AND database_key = ?`
	selectOccupied   = `SELECT EXISTS (SELECT 1 FROM house_table WHERE warehouse_id = ? AND database_key = ?)
		OR EXISTS (SELECT 1 FROM namespace WHERE warehouse_id = ? AND parent_key = ?)`
	listTop = `SELECT ` + namespaceColumns + `, database_key FROM namespace
		WHERE warehouse_id = ? AND parent_key IS NULL AND database_key > ? ORDER BY database_key LIMIT ? OFFSET ?`
	listChildren = `SELECT ` + namespaceColumns + `, database_key FROM namespace
		WHERE warehouse_id = ? AND parent_key = ? AND database_key > ? ORDER BY database_key LIMIT ? OFFSET ?`
	countTop      = `SELECT count(*) FROM namespace WHERE warehouse_id = ? AND parent_key IS NULL`
	countChildren = `SELECT count(*) FROM namespace WHERE warehouse_id = ? AND parent_key = ?`
)

func scanNamespace(r row) (housetable.Namespace, error) {
	return scanNamespaceAnd(r)
}

func scanNamespaceAnd(r row, more ...any) (n housetable.Namespace, err error) {
	var properties string
	var created int64
	if err := r.Scan(append([]any{&n.DatabaseID, &properties, &n.Version, &created}, more...)...); err != nil {
		return n, err
	}
	n.CreatedAt = instant(created)
	err = json.Unmarshal([]byte(properties), &n.Properties)
	return n, err
}

func scanListedNamespace(r row) (l listed[housetable.Namespace], err error) {
	l.item, err = scanNamespaceAnd(r, &l.cursor)
	return l, err
}

// Namespace returns one namespace.
func (s *Store) Namespace(ctx context.Context, warehouse, databaseID string) (housetable.Namespace, error) {
	spell, err := s.spelling(ctx, warehouse)
	if err != nil {
		return housetable.Namespace{}, err
	}
	n, err := find(ctx, s, scanNamespace, selectNamespace, warehouse, spell.id(databaseID))
	if err != nil {
		return housetable.Namespace{}, err
	}
	if n == nil {
		return housetable.Namespace{}, housetable.NoSuchNamespace(databaseID)
	}
	return *n, nil
}

// ListNamespaces returns a page of the direct children.
func (s *Store) ListNamespaces(ctx context.Context, q housetable.NamespaceQuery) ([]housetable.Namespace, string, error) {
	spell, err := s.spelling(ctx, q.Warehouse)
	if err != nil {
		return nil, "", err
	}
	query, args := listTop, []any{q.Warehouse, q.After, q.Limit + 1, q.Skip}
	switch {
	case q.Visible != nil:
		query, args = listVisibleNamespaces, append(visibleArgs(q, spell), q.After, q.Limit+1, q.Skip)
	case q.ParentID != "":
		query, args = listChildren, []any{q.Warehouse, spell.id(q.ParentID), q.After, q.Limit + 1, q.Skip}
	}
	rows, err := s.query(ctx, query, args...)
	found, err := all(scanListedNamespace, rows, err)
	if err != nil {
		return nil, "", err
	}
	if len(found) == 0 && q.ParentID != "" {
		if _, err := s.Namespace(ctx, q.Warehouse, q.ParentID); err != nil {
			return nil, "", err
		}
	}
	namespaces, next := page(found, q.Limit)
	return namespaces, next, nil
}

// CountNamespaces counts what ListNamespaces would return without pages.
func (s *Store) CountNamespaces(ctx context.Context, q housetable.NamespaceQuery) (int64, error) {
	spell, err := s.spelling(ctx, q.Warehouse)
	if err != nil {
		return 0, err
	}
	if q.Visible != nil {
		return count(ctx, s, countVisibleNamespaces, visibleArgs(q, spell)...)
	}
	if q.ParentID == "" {
		return count(ctx, s, countTop, q.Warehouse)
	}
	return count(ctx, s, countChildren, q.Warehouse, spell.id(q.ParentID))
}
