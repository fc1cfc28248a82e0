package sqlite

import (
	"context"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	nextVersion = `INSERT INTO access_head (warehouse_id, version) VALUES (?, 1)
		ON CONFLICT (warehouse_id) DO UPDATE SET version = version + 1 RETURNING version`
	selectGranted = `SELECT count(*) FROM access_grant
		WHERE warehouse_id = ? AND object_kind = ? AND object_id = ? AND grantee = ? AND privilege = ? AND NOT revoked`
	putGrant = `INSERT INTO access_grant (warehouse_id, object_kind, object_id, grantee, privilege, version, revoked, granted_by, granted_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
		SET version = excluded.version, revoked = excluded.revoked, granted_by = excluded.granted_by, granted_at = excluded.granted_at`
	deleteGrants     = `DELETE FROM access_grant WHERE warehouse_id = ? AND object_kind = ? AND object_id = ?`
	insertGrantEvent = `INSERT INTO change_event (warehouse_id, version, action, kind, database_id, table_id, metadata_location, committed_at, op_id,
			principal, request_id, object_kind, grantee, privilege)
		VALUES (?, ?, ?, 0, ?, ?, '', ?, zeroblob(16), ?, ?, ?, ?, ?)`
	selectRole     = `SELECT role, description, created_at FROM access_role WHERE warehouse_id = '' AND role = ?`
	nextTombstones = `SELECT warehouse_id FROM access_grant WHERE revoked AND granted_at < ? ORDER BY granted_at LIMIT 1`
	forgetGrants   = `DELETE FROM access_grant WHERE (warehouse_id, version) IN (SELECT warehouse_id, version FROM access_grant
		WHERE warehouse_id = ? AND revoked AND granted_at < ? ORDER BY granted_at LIMIT ?) RETURNING version`
	passForgotten = `UPDATE access_head SET forgotten = max(forgotten, ?) WHERE warehouse_id = ?`
)

// ChangeGrants gives grants or takes them away.
func (s *Store) ChangeGrants(ctx context.Context, c housetable.GrantChange) (changed int64, err error) {
	err = s.writer.transact(ctx, func() error {
		facts, err := accessFacts(ctx, s.writer, c.Warehouse, c.Names())
		if err != nil {
			return err
		}
		ids, grants, err := facts.IDs(c)
		if err != nil {
			return err
		}
		for i, id := range ids {
			held, err := find(ctx, s.writer, scanInt, selectGranted, c.Warehouse, id.Kind, id.ID, id.Grantee, id.Privilege)
			if err != nil {
				return err
			}
			if (*held > 0) != c.Revoke {
				continue
			}
			changed++
			if err := s.changeGrant(ctx, c, id, grants[i].Object); err != nil {
				return err
			}
		}
		return nil
	})
	return changed, err
}

func (s *Store) changeGrant(ctx context.Context, c housetable.GrantChange, id housetable.GrantID, object housetable.Object) error {
	now := s.now()
	version, err := s.writer.putGrant(ctx, c.Warehouse, id, c.Revoke, c.Principal, now)
	if err != nil {
		return err
	}
	_, err = s.writer.exec(ctx, insertGrantEvent, c.Warehouse, version, c.Action(), object.DatabaseID, object.TableID+object.Role, micros(now),
		c.Principal, c.RequestID, id.Kind, id.Grantee, id.Privilege)
	return err
}

// putGrant writes a grant, or the tombstone of one, under the next version.
func (w *writer) putGrant(ctx context.Context, warehouse string, id housetable.GrantID, revoked bool, by string, now time.Time) (int64, error) {
	version, err := find(ctx, w, scanInt, nextVersion, warehouse)
	if err != nil {
		return 0, err
	}
	_, err = w.exec(ctx, putGrant, warehouse, id.Kind, id.ID, id.Grantee, id.Privilege, *version, revoked, by, micros(now))
	return *version, err
}

// leaveNoGrants takes away all that is granted on what is dropped for good; what
// had nothing granted needs no tombstone.
func (w *writer) leaveNoGrants(ctx context.Context, warehouse string, kind authz.Kind, id string, now time.Time) error {
	result, err := w.exec(ctx, deleteGrants, warehouse, kind.String(), id)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = w.putGrant(ctx, warehouse, housetable.GrantID{Kind: kind.String(), ID: id}, true, "", now)
	return err
}

// losePurged takes away what is granted on the soft-deleted house tables that
// meet a condition.
func (s *Store) losePurged(ctx context.Context, condition string, args ...any) error {
	rows, err := s.writer.query(ctx, "SELECT warehouse_id, kind, uuid FROM soft_deleted_table WHERE "+condition, args...)
	purged, err := all(scanPurged, rows, err)
	for _, p := range purged {
		if err := s.writer.leaveNoGrants(ctx, p.warehouse, p.kind.Object(), p.uuid.String(), s.now()); err != nil {
			return err
		}
	}
	return err
}

// purged is a soft-deleted house table that is forgotten.
type purged struct {
	warehouse string
	kind      housetable.Kind
	uuid      housetable.UUID
}

func scanPurged(r row) (p purged, err error) {
	var id []byte
	err = r.Scan(&p.warehouse, &p.kind, &id)
	copy(p.uuid[:], id)
	return p, err
}

// ownNamespace grants a namespace to whoever makes it.
func (a *application) ownNamespace(ctx context.Context, key string) error {
	owner := housetable.Owner(a.commit.Principal)
	if owner == "" {
		return nil
	}
	id := housetable.GrantID{Kind: authz.KindNamespace.String(), ID: key, Grantee: string(authz.User(owner)), Privilege: authz.Own.String()}
	_, err := a.writer.putGrant(ctx, a.commit.Warehouse, id, false, owner, a.now)
	return err
}

// accessFacts are what of the names is there.
func accessFacts(ctx context.Context, q querier, house string, names housetable.AccessNames) (housetable.AccessFacts, error) {
	facts := housetable.NewAccessFacts()
	keys := spelling{}
	if house != housetable.ServersPart {
		w, err := warehouse(ctx, q, house)
		if err != nil {
			return facts, err
		}
		keys.fold = w.CaseInsensitive
	}
	for _, id := range names.Namespaces {
		n, err := find(ctx, q, scanNamespace, selectNamespace, house, keys.id(id))
		if err != nil {
			return facts, err
		}
		if n != nil {
			facts.Namespaces[id] = keys.id(id)
		}
	}
	for _, key := range names.Tables {
		t, err := find(ctx, q, scanTable, selectTable, keys.table(house, key)...)
		if err != nil {
			return facts, err
		}
		if t != nil {
			facts.Tables[key] = *t
		}
	}
	for _, name := range names.Roles {
		role, err := find(ctx, q, scanRole, selectRole, name)
		if err != nil {
			return facts, err
		}
		facts.Roles[name] = role != nil
	}
	return facts, nil
}

// ForgetGrants forgets tombstones that are older than keep, a warehouse at a time.
func (s *Store) ForgetGrants(ctx context.Context, keep time.Duration, limit int) (swept int64, err error) {
	err = s.writer.transact(ctx, func() error {
		before := micros(s.now().Add(-keep))
		for swept < int64(limit) {
			next, err := find(ctx, s.writer, scanText, nextTombstones, before)
			if err != nil || next == nil {
				return err
			}
			rows, err := s.writer.query(ctx, forgetGrants, *next, before, int64(limit)-swept)
			gone, err := all(scanInt, rows, err)
			if err != nil {
				return err
			}
			swept += int64(len(gone))
			for _, version := range gone {
				if _, err := s.writer.exec(ctx, passForgotten, version, *next); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return swept, err
}
