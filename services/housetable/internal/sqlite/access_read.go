package sqlite

import (
	"context"
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// Objects have the names that they have now. A uuid is kept as its bytes, and
	// granted on as its text.
	listGrants = `SELECT g.object_kind, g.object_id, g.grantee, g.privilege, g.granted_by, g.granted_at,
			coalesce(n.database_id, h.database_id, ''), coalesce(h.table_id, '')
		FROM access_grant g
		LEFT JOIN namespace n ON n.warehouse_id = g.warehouse_id AND n.database_key = g.database_key
		LEFT JOIN house_table h ON h.warehouse_id = g.warehouse_id
			AND h.uuid = CASE WHEN g.object_kind IN ('table', 'view', 'function') THEN unhex(g.object_id, '-') END
		WHERE g.warehouse_id = ? AND NOT g.revoked AND (g.object_kind, g.object_id, g.grantee, g.privilege) > (?, ?, ?, ?)
		AND (g.object_kind NOT IN ('table', 'view', 'function') OR h.uuid IS NOT NULL)`
	inOrderOfGrants = ` ORDER BY g.object_kind, g.object_id, g.grantee, g.privilege LIMIT ?`

	followGrants = `SELECT object_kind, object_id, grantee, privilege, revoked, version FROM access_grant
		WHERE warehouse_id = ? AND version > ? ORDER BY version LIMIT ?`
	// Asked for after the entries: tombstones that are forgotten meanwhile show here.
	selectAccessHead = `SELECT coalesce(max(version), 0), coalesce(max(forgotten), 0) FROM access_head WHERE warehouse_id = ?`

	selectRoles = `SELECT role, description, created_at FROM access_role WHERE warehouse_id = '' AND role > ? ORDER BY role LIMIT ?`
	insertRole  = `INSERT INTO access_role (role, description, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
	deleteRole  = `DELETE FROM access_role WHERE warehouse_id = '' AND role = ?`
)

// ListGrants returns a page.
func (s *Store) ListGrants(ctx context.Context, q housetable.GrantQuery) ([]housetable.Grant, string, error) {
	after, err := q.Position()
	if err != nil {
		return nil, "", err
	}
	facts, err := accessFacts(ctx, s, q.Warehouse, q.Names())
	if err != nil {
		return nil, "", err
	}
	text, args := listGrants, []any{q.Warehouse, after[0], after[1], after[2], after[3]}
	if q.Object != nil {
		id, err := facts.ID(q.Warehouse, *q.Object)
		if err != nil {
			return nil, "", err
		}
		text, args = text+" AND g.object_kind = ? AND g.object_id = ?", append(args, q.Object.Kind.String(), id)
	}
	if q.Grantee != "" {
		text, args = text+" AND g.grantee = ?", append(args, string(q.Grantee))
	}
	rows, err := s.query(ctx, text+inOrderOfGrants, append(args, q.Limit+1)...)
	found, err := all(scanGrant, rows, err)
	if err != nil {
		return nil, "", err
	}
	grants, next := page(found, q.Limit)
	return grants, next, nil
}

func scanGrant(r row) (l listed[housetable.Grant], err error) {
	var id housetable.GrantID
	var at int64
	g := &l.item
	if err = r.Scan(&id.Kind, &id.ID, &id.Grantee, &id.Privilege, &g.GrantedBy, &at, &g.Object.DatabaseID, &g.Object.TableID); err != nil {
		return l, err
	}
	g.GrantedAt, l.cursor = instant(at), id.Cursor()
	return l, id.Fill(g)
}

// FollowAccess returns what follows a position, or begins anew.
func (s *Store) FollowAccess(ctx context.Context, house, position string, limit int) (authz.Changes, error) {
	return housetable.Follow(position, limit, func(after int64) ([]housetable.AccessEntry, housetable.AccessHead, error) {
		return s.readAccess(ctx, house, after, limit)
	})
}

func (s *Store) readAccess(ctx context.Context, house string, after int64, limit int) ([]housetable.AccessEntry, housetable.AccessHead, error) {
	head := housetable.AccessHead{Epoch: s.epoch}
	if house != housetable.ServersPart {
		w, err := warehouse(ctx, s, house)
		if err != nil {
			return nil, head, err
		}
		head.Epoch, head.CaseInsensitive = fmt.Sprintf("%s-%d", s.epoch, micros(w.CreatedAt)), w.CaseInsensitive
	}
	rows, err := s.query(ctx, followGrants, house, after, limit+1)
	found, err := all(scanAccessEntry, rows, err)
	if err != nil {
		return nil, head, err
	}
	versions, err := find(ctx, s, scanVersions, selectAccessHead, house)
	if err == nil {
		head.Version, head.Forgotten = versions[0], versions[1]
	}
	return found, head, err
}

func scanVersions(r row) (v [2]int64, err error) {
	err = r.Scan(&v[0], &v[1])
	return v, err
}

func scanAccessEntry(r row) (e housetable.AccessEntry, err error) {
	var id housetable.GrantID
	var revoked bool
	if err = r.Scan(&id.Kind, &id.ID, &id.Grantee, &id.Privilege, &revoked, &e.Version); err != nil {
		return e, err
	}
	e.Entry, err = id.Entry(revoked)
	return e, err
}

func scanRole(r row) (role housetable.Role, err error) {
	var at int64
	err = r.Scan(&role.Name, &role.Description, &at)
	role.CreatedAt = instant(at)
	return role, err
}

// CreateRole returns the role as stored.
func (s *Store) CreateRole(ctx context.Context, r housetable.Role) (housetable.Role, error) {
	err := s.writer.transact(ctx, func() error {
		at := micros(s.now())
		r.CreatedAt = instant(at)
		result, err := s.writer.exec(ctx, insertRole, r.Name, r.Description, at)
		return unlessAffected(result, err, housetable.RoleExists(r.Name))
	})
	return r, err
}

// Role returns one role.
func (s *Store) Role(ctx context.Context, name string) (housetable.Role, error) {
	role, err := find(ctx, s, scanRole, selectRole, name)
	if err != nil {
		return housetable.Role{}, err
	}
	if role == nil {
		return housetable.Role{}, housetable.NoSuchRole(name)
	}
	return *role, nil
}

// ListRoles returns a page in the order of names.
func (s *Store) ListRoles(ctx context.Context, p housetable.Page) ([]housetable.Role, string, error) {
	rows, err := s.query(ctx, selectRoles, p.After, p.Limit+1)
	roles, err := all(scanRole, rows, err)
	if err != nil || len(roles) <= p.Limit {
		return roles, "", err
	}
	roles = roles[:p.Limit]
	return roles, roles[p.Limit-1].Name, nil
}

// DeleteRole deletes a role; the foreign key of what is granted to it refuses.
func (s *Store) DeleteRole(ctx context.Context, name string) error {
	return s.writer.transact(ctx, func() error {
		if err := s.writer.leaveNoGrants(ctx, housetable.ServersPart, authz.KindRole, name, s.now()); err != nil {
			return err
		}
		result, err := s.writer.exec(ctx, deleteRole, name)
		if violates(err) {
			return housetable.RoleInUse(name)
		}
		return unlessAffected(result, err, housetable.NoSuchRole(name))
	})
}
