package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// Objects have the names that they have now.
	listGrants = `SELECT g.object_kind, g.object_id, g.grantee, g.privilege, g.granted_by, g.granted_at,
			coalesce(n.database_id, h.database_id, ''), coalesce(h.table_id, '')
		FROM access_grant g
		LEFT JOIN namespace n ON n.warehouse_id = g.warehouse_id AND n.database_key = g.database_key
		LEFT JOIN house_table h ON h.warehouse_id = g.warehouse_id
			AND h.uuid = CASE WHEN g.object_kind IN ('table', 'view', 'function') THEN g.object_id::uuid END
		WHERE g.warehouse_id = $1 AND NOT g.revoked AND (g.object_kind, g.object_id, g.grantee, g.privilege) > ($2, $3, $4, $5)
		AND (g.object_kind NOT IN ('table', 'view', 'function') OR h.uuid IS NOT NULL)`
	inOrderOfGrants = ` ORDER BY g.object_kind, g.object_id, g.grantee, g.privilege LIMIT $6`

	followGrants = `SELECT object_kind, object_id, grantee, privilege, revoked, version FROM access_grant
		WHERE warehouse_id = $1 AND version > $2 ORDER BY version LIMIT $3`
	// Asked for after the entries: tombstones that are forgotten meanwhile show here.
	selectAccessHead = `SELECT (` + selectEpoch + `), w.created_at, coalesce(w.case_insensitive, false), coalesce(h.version, 0), coalesce(h.forgotten, 0)
		FROM (SELECT $1::text AS id) q LEFT JOIN warehouse w ON w.warehouse_id = q.id LEFT JOIN access_head h ON h.warehouse_id = q.id
		WHERE q.id = '' OR w.warehouse_id IS NOT NULL`

	selectRoles = `SELECT role, description, created_at FROM access_role WHERE warehouse_id = ''`
	insertRole  = `INSERT INTO access_role (role, description) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING role, description, created_at`
	// Who has the role is told to followers by one entry.
	deleteRole = `WITH x AS (DELETE FROM access_role WHERE role = $1 RETURNING role), `
	roleLoses  = `SELECT '' AS wh, 'role' AS kind, x.role` + noneLeft + ` FROM x`
)

var deleteRoleStatement = deleteRole + changeGrants([]string{roleLoses}, "") + ` SELECT role FROM x`

// ListGrants returns a page.
func (s *Store) ListGrants(ctx context.Context, q housetable.GrantQuery) ([]housetable.Grant, string, error) {
	after, err := q.Position()
	if err != nil {
		return nil, "", err
	}
	facts, err := s.accessFacts(ctx, q.Warehouse, q.Names())
	if err != nil {
		return nil, "", err
	}
	text, args := listGrants, []any{q.Warehouse, after[0], after[1], after[2], after[3], q.Limit + 1}
	if q.Object != nil {
		id, err := facts.ID(q.Warehouse, *q.Object)
		if err != nil {
			return nil, "", err
		}
		args = append(args, q.Object.Kind.String(), id)
		text += " AND g.object_kind = $7 AND g.object_id = $8"
	}
	if q.Grantee != "" {
		args = append(args, string(q.Grantee))
		text += fmt.Sprintf(" AND g.grantee = $%d", len(args))
	}
	found, err := query(ctx, s, scanGrant, "list grants", text+inOrderOfGrants, args...)
	if err != nil {
		return nil, "", err
	}
	grants, next := page(found, q.Limit)
	return grants, next, nil
}

func scanGrant(r pgx.CollectableRow) (l listed[housetable.Grant], err error) {
	var id housetable.GrantID
	g := &l.item
	err = r.Scan(&id.Kind, &id.ID, &id.Grantee, &id.Privilege, &g.GrantedBy, &g.GrantedAt, &g.Object.DatabaseID, &g.Object.TableID)
	if err != nil {
		return l, err
	}
	g.GrantedAt, l.cursor = g.GrantedAt.UTC(), id.Cursor()
	return l, id.Fill(g)
}

// FollowAccess returns what follows a position, or begins anew.
func (s *Store) FollowAccess(ctx context.Context, warehouse, position string, limit int) (authz.Changes, error) {
	return housetable.Follow(position, limit, func(after int64) ([]housetable.AccessEntry, housetable.AccessHead, error) {
		return s.readAccess(ctx, warehouse, after, limit)
	})
}

func (s *Store) readAccess(ctx context.Context, warehouse string, after int64, limit int) ([]housetable.AccessEntry, housetable.AccessHead, error) {
	var found []housetable.AccessEntry
	var heads []housetable.AccessHead
	pipeline := &pgx.Batch{}
	pipeline.Queue(followGrants, warehouse, after, limit+1).Query(into(&found, scanAccessEntry))
	pipeline.Queue(selectAccessHead, warehouse).Query(into(&heads, scanAccessHead))
	if err := s.pool.send(ctx, pipeline); err != nil {
		return nil, housetable.AccessHead{}, classify(err, "follow grants")
	}
	if len(heads) == 0 {
		return nil, housetable.AccessHead{}, housetable.NoSuchWarehouse(warehouse)
	}
	return found, heads[0], nil
}

func scanAccessEntry(r pgx.CollectableRow) (e housetable.AccessEntry, err error) {
	var id housetable.GrantID
	var revoked bool
	if err = r.Scan(&id.Kind, &id.ID, &id.Grantee, &id.Privilege, &revoked, &e.Version); err != nil {
		return e, err
	}
	e.Entry, err = id.Entry(revoked)
	return e, err
}

func scanAccessHead(r pgx.CollectableRow) (h housetable.AccessHead, err error) {
	var created *time.Time
	err = r.Scan(&h.Epoch, &created, &h.CaseInsensitive, &h.Version, &h.Forgotten)
	if created != nil {
		h.Epoch += fmt.Sprintf("-%d", created.UnixMicro())
	}
	return h, err
}

func scanRole(r pgx.CollectableRow) (role housetable.Role, err error) {
	err = r.Scan(&role.Name, &role.Description, &role.CreatedAt)
	role.CreatedAt = role.CreatedAt.UTC()
	return role, err
}

// CreateRole returns the role as stored.
func (s *Store) CreateRole(ctx context.Context, r housetable.Role) (housetable.Role, error) {
	stored, err := write(ctx, s, scanRole, "create role", insertRole, r.Name, r.Description)
	if err != nil {
		return r, err
	}
	if len(stored) == 0 {
		return r, housetable.RoleExists(r.Name)
	}
	return stored[0], nil
}

// Role returns one role.
func (s *Store) Role(ctx context.Context, name string) (housetable.Role, error) {
	found, err := query(ctx, s, scanRole, "read role", selectRoles+" AND role = $1", name)
	if err != nil {
		return housetable.Role{}, err
	}
	if len(found) == 0 {
		return housetable.Role{}, housetable.NoSuchRole(name)
	}
	return found[0], nil
}

// ListRoles returns a page in the order of names.
func (s *Store) ListRoles(ctx context.Context, p housetable.Page) ([]housetable.Role, string, error) {
	roles, err := query(ctx, s, scanRole, "list roles", selectRoles+" AND role > $1 ORDER BY role LIMIT $2", p.After, p.Limit+1)
	if err != nil || len(roles) <= p.Limit {
		return roles, "", err
	}
	roles = roles[:p.Limit]
	return roles, roles[p.Limit-1].Name, nil
}

// DeleteRole deletes a role; the foreign key of what is granted to it refuses.
func (s *Store) DeleteRole(ctx context.Context, name string) error {
	gone, err := alter(ctx, s.pool, pgx.RowTo[string], deleteRoleStatement, name)
	switch {
	case sqlState(err) == foreignKeyViolation:
		return housetable.RoleInUse(name)
	case err != nil:
		return classify(undecided(err), "delete role")
	case len(gone) == 0:
		return housetable.NoSuchRole(name)
	}
	return nil
}
