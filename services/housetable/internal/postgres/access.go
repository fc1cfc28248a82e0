package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// Objects and roles are locked in the order in which commits lock them, and all
	// before the head.
	lockNamespaces = `SELECT u.number, n.database_key FROM warehouse w CROSS JOIN unnest($2::text[], $3::text[]) WITH ORDINALITY AS u(db, dbf, number)
		JOIN namespace n ON n.warehouse_id = w.warehouse_id AND n.database_key = CASE WHEN w.case_insensitive THEN u.dbf ELSE u.db END
		WHERE w.warehouse_id = $1 ORDER BY n.database_key FOR KEY SHARE OF n`
	lockTables = `SELECT ` + tableColumns + `, u.number ` + wanted + atEachWanted + ` ORDER BY h.database_key, h.family, h.table_key FOR KEY SHARE OF h`
	lockRoles  = `SELECT role FROM access_role WHERE role = ANY ($1::text[]) ORDER BY role FOR KEY SHARE`
	lockHead   = `INSERT INTO access_head (warehouse_id, version) VALUES ($1, 0)
		ON CONFLICT (warehouse_id) DO UPDATE SET version = access_head.version RETURNING version`

	// $1 is the warehouse, $2 the version before, $3 whether to revoke, $4 who asks,
	// $5 under which request; what is as it is to be already is left as it is.
	beginGrants = `WITH u AS MATERIALIZED (SELECT * FROM `
	applyGrants = `),
		c AS MATERIALIZED (SELECT u.*, $2::bigint + row_number() OVER (ORDER BY u.kind, u.id, u.grantee, u.privilege) AS version
			FROM u LEFT JOIN access_grant g ON g.warehouse_id = $1 AND g.object_kind = u.kind AND g.object_id = u.id
				AND g.grantee = u.grantee AND g.privilege = u.privilege
			WHERE coalesce(NOT g.revoked, false) = $3::boolean),
		w AS (INSERT INTO access_grant (warehouse_id, object_kind, object_id, grantee, privilege, version, revoked, granted_by)
			SELECT $1, kind, id, grantee, privilege, version, $3, $4 FROM c` + replaceGrant + `),
		h AS (UPDATE access_head SET version = $2 + (SELECT count(*) FROM c) WHERE warehouse_id = $1),
		e AS (INSERT INTO change_event (warehouse_id, version, action, kind, database_id, table_id, metadata_location, op_id, principal, request_id,
				object_kind, grantee, privilege)
			SELECT $1, version, CASE WHEN $3 THEN 'revoke' ELSE 'grant' END, 0, db, tb, '', '00000000-0000-0000-0000-000000000000', $4, $5,
				kind, grantee, privilege FROM c)
		SELECT count(*) FROM c`

	nextTombstones = `SELECT warehouse_id FROM access_grant WHERE revoked AND granted_at < now() - $1::interval ORDER BY granted_at LIMIT 1`
	forgetGrants   = `WITH held AS MATERIALIZED (SELECT 1 FROM access_head WHERE warehouse_id = $1 FOR UPDATE),
		gone AS (DELETE FROM access_grant g USING held WHERE g.warehouse_id = $1 AND g.ctid = ANY (ARRAY(
			SELECT ctid FROM access_grant WHERE warehouse_id = $1 AND revoked AND granted_at < now() - $2::interval ORDER BY granted_at LIMIT $3))
			AND g.revoked RETURNING g.version),
		h AS (UPDATE access_head SET forgotten = greatest(forgotten, (SELECT max(version) FROM gone))
			WHERE warehouse_id = $1 AND EXISTS (SELECT 1 FROM gone))
		SELECT count(*) FROM gone`
)

// ChangeGrants gives grants or takes them away.
func (s *Store) ChangeGrants(ctx context.Context, c housetable.GrantChange) (changed int64, err error) {
	err = s.transact(ctx, "change grants", func(t *Store) error {
		changed, err = t.changeGrants(ctx, c)
		return err
	})
	return changed, err
}

func (s *Store) changeGrants(ctx context.Context, c housetable.GrantChange) (int64, error) {
	facts, err := s.accessFacts(ctx, c.Warehouse, c.Names())
	if err != nil {
		return 0, err
	}
	ids, grants, err := facts.IDs(c)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	version, err := write(ctx, s, pgx.RowTo[int64], "lock grants", lockHead, c.Warehouse)
	if err != nil {
		return 0, err
	}
	args := []any{c.Warehouse, version[0], c.Revoke, c.Principal, c.RequestID}
	text := beginGrants + grantRows(ids, grants).unnest(&args) + applyGrants
	changed, err := write(ctx, s, pgx.RowTo[int64], "change grants", text, args...)
	if err != nil {
		return 0, err
	}
	return changed[0], nil
}

func grantRows(ids []housetable.GrantID, grants []housetable.Grant) *rows {
	r := newRows()
	for i, id := range ids {
		object := grants[i].Object
		set(r, "kind", "text", id.Kind)
		set(r, "id", "text", id.ID)
		set(r, "grantee", "text", id.Grantee)
		set(r, "privilege", "text", id.Privilege)
		set(r, "db", "text", object.DatabaseID)
		set(r, "tb", "text", object.TableID+object.Role)
	}
	return r
}

// lockedNamespace is a namespace by the number of the name that it was asked for by.
type lockedNamespace struct {
	Number int64
	Key    string
}

// accessFacts are what of the names is there, locked so that it stays until the
// end of the transaction, if there is one.
func (s *Store) accessFacts(ctx context.Context, warehouse string, names housetable.AccessNames) (housetable.AccessFacts, error) {
	facts := housetable.NewAccessFacts()
	if warehouse != housetable.ServersPart {
		if _, err := s.Warehouse(ctx, warehouse); err != nil {
			return facts, err
		}
	}
	if len(names.Namespaces) > 0 {
		found, err := query(ctx, s, pgx.RowToStructByPos[lockedNamespace], "lock namespaces", lockNamespaces, idArgs(warehouse, names.Namespaces)...)
		if err != nil {
			return facts, err
		}
		for _, n := range found {
			facts.Namespaces[names.Namespaces[n.Number-1]] = n.Key
		}
	}
	if len(names.Tables) > 0 {
		found, err := query(ctx, s, scanNumberedTable, "lock tables", lockTables, tableArgs(warehouse, names.Tables)...)
		if err != nil {
			return facts, err
		}
		for _, n := range found {
			facts.Tables[names.Tables[n.number-1]] = n.table
		}
	}
	return facts, s.roleFacts(ctx, names.Roles, facts)
}

func (s *Store) roleFacts(ctx context.Context, roles []string, facts housetable.AccessFacts) error {
	if len(roles) == 0 {
		return nil
	}
	found, err := query(ctx, s, pgx.RowTo[string], "lock roles", lockRoles, roles)
	for _, role := range found {
		facts.Roles[role] = true
	}
	return err
}

// ForgetGrants forgets tombstones that are older than keep, a warehouse at a time.
func (s *Store) ForgetGrants(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	swept := int64(0)
	for swept < int64(limit) {
		next, err := query(ctx, s, pgx.RowTo[string], "look for tombstones", nextTombstones, keep)
		if err != nil || len(next) == 0 {
			return swept, err
		}
		n, err := write(ctx, s, pgx.RowTo[int64], "forget grants", forgetGrants, next[0], keep, int64(limit)-swept)
		if err != nil || n[0] == 0 { // another replica was here
			return swept, err
		}
		swept += n[0]
	}
	return swept, nil
}
