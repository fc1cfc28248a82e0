package postgres

import (
	"strings"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// A result has these fields, in this order: req, idx, action, database_id,
// table_id, kind, uuid, version, metadata_location, storage_type,
// creation_time_ms, created_at, updated_at, deleted_at_ms, purge_after_ms,
// previous_database_id, previous_table_id, previous_metadata_location,
// properties, owner.

// existingPart locks the house tables to change, in the order of their keys,
// re-checking what is expected on the newest version of each.
func (b *batch) existingPart(args *[]any) part {
	p := part{before: []string{
		"t AS MATERIALIZED (SELECT u.*, " + keyOf("db", "dbf", "dbk") + ", " + keyOf("tb", "tbf", "tbk") + ", " +
			keyOf("ddb", "ddbf", "ddbk") + ", " + keyOf("dtb", "dtbf", "dtbk") +
			" FROM " + b.existing.unnest(args) + " JOIN warehouse w ON w.warehouse_id = u.wh)",
		`l AS MATERIALIZED (SELECT t.*, h.uuid, h.kind, h.version, h.database_id, h.table_id, h.metadata_location, h.storage_type,
				h.creation_time_ms, h.created_at, h.updated_at, h.owner
			FROM t JOIN house_table h ON h.warehouse_id = t.wh AND h.database_key = t.dbk AND h.family = t.family AND h.table_key = t.tbk
			WHERE (t.xuuid IS NULL OR h.uuid = t.xuuid) AND (t.xversion IS NULL OR h.version = t.xversion)
				AND (t.xlocation IS NULL OR h.metadata_location = t.xlocation) AND (t.xkind = 0 OR h.kind = t.xkind)
			ORDER BY h.warehouse_id, h.database_key, h.family, h.table_key FOR UPDATE OF h)`,
	}}
	p.fit = "SELECT req FROM l"
	if b.actions[housetable.ActionRename] {
		p.fit += renameFits
	}
	var results []string
	for _, a := range []struct {
		action  housetable.Action
		applied []string
		result  string
	}{
		{housetable.ActionSwap, []string{swap}, swapResult},
		{housetable.ActionDrop, []string{drop, softDelete, dropHolds, dropGrants}, dropResult},
		{housetable.ActionRename, []string{rename}, renameResult},
	} {
		if b.actions[a.action] {
			p.apply = append(p.apply, a.applied...)
			results = append(results, a.result)
		}
	}
	if b.actions[housetable.ActionDrop] {
		p.access = []string{droppedLose}
	}
	p.result = strings.Join(results, "\nUNION ALL ")
	return p
}

const (
	atKey = ` h.warehouse_id = l.wh AND h.database_key = l.dbk AND h.family = l.family AND h.table_key = l.tbk`

	// A rename within one key respells a name of a case-insensitive warehouse.
	renameFits = ` WHERE act <> 3 OR (
		CASE WHEN (dbk, tbk) = (ddbk, dtbk) THEN (db, tb) <> (ddb, dtb) ELSE
			EXISTS (SELECT 1 FROM namespace n WHERE n.warehouse_id = l.wh AND n.database_key = l.ddbk OFFSET 0)
			AND NOT EXISTS (SELECT 1 FROM house_table h WHERE h.warehouse_id = l.wh AND h.database_key = l.ddbk
				AND h.family = l.family AND h.table_key = l.dtbk OFFSET 0) END)`

	swap = `s AS (UPDATE house_table h SET version = l.version + 1, metadata_location = l.location,
			storage_type = coalesce(l.storage, l.storage_type), creation_time_ms = coalesce(l.ctime, l.creation_time_ms), updated_at = now()
		FROM l JOIN go ON go.req = l.req WHERE l.act = 1 AND` + atKey + `
		RETURNING l.req, l.idx, h.database_id, h.table_id, h.kind, h.uuid, h.version, h.metadata_location, h.storage_type,
			h.creation_time_ms, h.created_at, h.updated_at, h.owner, l.metadata_location AS was)`
	swapResult = `SELECT req, idx, 'swap' AS action, database_id, table_id, kind, uuid, version, metadata_location, storage_type,
		creation_time_ms, created_at, updated_at, NULL::bigint AS deleted_at_ms, NULL::bigint AS purge_after_ms,
		NULL::text AS previous_database_id, NULL::text AS previous_table_id, was AS previous_metadata_location, NULL::jsonb AS properties, owner FROM s`

	drop = `d AS (DELETE FROM house_table h USING l JOIN go ON go.req = l.req WHERE l.act = 2 AND` + atKey + `
		RETURNING l.*, CASE WHEN l.soft THEN floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint END AS at)`
	softDelete = `ds AS (INSERT INTO soft_deleted_table (warehouse_id, database_key, family, table_key, deleted_at_ms, purge_after_ms,
			database_id, table_id, kind, uuid, version, metadata_location, storage_type, creation_time_ms, created_at, updated_at, owner)
		SELECT wh, dbk, family, tbk, at, purge, database_id, table_id, kind, uuid, version + 1, metadata_location, storage_type,
			creation_time_ms, created_at, now(), owner FROM d WHERE soft)`
	dropResult = `SELECT req, idx, 'drop' AS action, database_id, table_id, kind, uuid, version + 1 AS version, metadata_location, storage_type,
		creation_time_ms, created_at, now() AS updated_at, at AS deleted_at_ms, CASE WHEN soft THEN purge END AS purge_after_ms,
		NULL::text AS previous_database_id, NULL::text AS previous_table_id, metadata_location AS previous_metadata_location,
		NULL::jsonb AS properties, owner FROM d`

	rename = `n AS (UPDATE house_table h SET database_key = l.ddbk, table_key = l.dtbk, database_id = l.ddb, table_id = l.dtb,
			version = l.version + 1, metadata_location = coalesce(l.location, l.metadata_location), updated_at = now()
		FROM l JOIN go ON go.req = l.req WHERE l.act = 3 AND` + atKey + `
		RETURNING l.req, l.idx, h.database_id, h.table_id, h.kind, h.uuid, h.version, h.metadata_location, h.storage_type, h.creation_time_ms,
			h.created_at, h.updated_at, h.owner, l.database_id AS was_database, l.table_id AS was_table, l.metadata_location AS was)`
	renameResult = `SELECT req, idx, 'rename' AS action, database_id, table_id, kind, uuid, version, metadata_location, storage_type,
		creation_time_ms, created_at, updated_at, NULL::bigint AS deleted_at_ms, NULL::bigint AS purge_after_ms,
		was_database AS previous_database_id, was_table AS previous_table_id, was AS previous_metadata_location, NULL::jsonb AS properties, owner FROM n`
)

// createPart needs the namespace, unless it may be made, and a free key. The
// primary key and the foreign key are what a rival meets.
func (b *batch) createPart(args *[]any) part {
	p := part{
		before: []string{
			"c AS MATERIALIZED (SELECT u.*, " + keyOf("db", "dbf", "dbk") + ", " + keyOf("tb", "tbf", "tbk") +
				" FROM " + b.creates.unnest(args) + " JOIN warehouse w ON w.warehouse_id = u.wh)",
		},
		fit:    createFits,
		result: createResult,
	}
	if b.implicit || b.founded.length+b.closed.length > 0 {
		p.before = append(p.before, lockInto)
		p.fit += ` AND ((req, idx) IN (SELECT req, idx FROM cn) OR implicit)`
	}
	if b.implicit {
		p.apply = []string{foundImplicitly}
		p.access = []string{implicitOwn}
		p.result = implicitResult + "\nUNION ALL " + p.result
	}
	p.apply = append(p.apply, create)
	return p
}

const (
	// OFFSET 0 keeps each look-up a probe of an index, whatever the planner knows.
	createFits = `SELECT req FROM c WHERE (implicit OR EXISTS (SELECT 1 FROM namespace n WHERE n.warehouse_id = c.wh AND n.database_key = c.dbk OFFSET 0))
			AND NOT EXISTS (SELECT 1 FROM house_table h WHERE h.warehouse_id = c.wh AND h.database_key = c.dbk
				AND h.family = c.family AND h.table_key = c.tbk OFFSET 0)`
	// A statement that takes the head of the grants, too, locks before it the
	// namespaces that it puts something into: whoever drops one waits for the head.
	lockInto = `cn AS MATERIALIZED (SELECT c.req, c.idx FROM c JOIN namespace n ON n.warehouse_id = c.wh AND n.database_key = c.dbk
			ORDER BY n.warehouse_id, n.database_key FOR KEY SHARE OF n)`
	foundImplicitly = `fi AS (INSERT INTO namespace (warehouse_id, database_key, database_id, properties, version)
		SELECT DISTINCT ON (c.wh, c.dbk) c.wh, c.dbk, c.db, '{}'::jsonb, 1 FROM c JOIN go ON go.req = c.req
		WHERE c.implicit AND NOT EXISTS (SELECT 1 FROM namespace n WHERE n.warehouse_id = c.wh AND n.database_key = c.dbk)
		ORDER BY c.wh, c.dbk, c.req ON CONFLICT DO NOTHING RETURNING warehouse_id, database_key, database_id, version, created_at, properties)`
	implicitResult = `SELECT * FROM (SELECT DISTINCT ON (c.wh, c.dbk) c.req, -1 AS idx, 'create' AS action, fi.database_id, '' AS table_id,
		0::smallint AS kind, NULL::uuid AS uuid, fi.version, '' AS metadata_location, NULL::text AS storage_type, NULL::bigint AS creation_time_ms,
		fi.created_at, fi.created_at AS updated_at, NULL::bigint AS deleted_at_ms, NULL::bigint AS purge_after_ms,
		NULL::text AS previous_database_id, NULL::text AS previous_table_id, NULL::text AS previous_metadata_location, fi.properties, NULL::text AS owner
		FROM fi JOIN c ON c.wh = fi.warehouse_id AND c.dbk = fi.database_key JOIN go ON go.req = c.req ORDER BY c.wh, c.dbk, c.req) made`
	create = `ci AS (INSERT INTO house_table (warehouse_id, database_key, family, table_key, database_id, table_id, kind, uuid, version,
			metadata_location, storage_type, creation_time_ms, owner)
		SELECT c.wh, c.dbk, c.family, c.tbk, c.db, c.tb, c.kind, c.uuid, 1, c.location, c.storage, c.ctime, go.owner
		FROM c JOIN go ON go.req = c.req ORDER BY c.wh, c.dbk, c.family, c.tbk
		RETURNING uuid, version, created_at, updated_at, owner)`
	createResult = `SELECT c.req, c.idx, 'create' AS action, c.db AS database_id, c.tb AS table_id, c.kind, c.uuid, ci.version,
		c.location AS metadata_location, c.storage AS storage_type, c.ctime AS creation_time_ms, ci.created_at, ci.updated_at,
		NULL::bigint AS deleted_at_ms, NULL::bigint AS purge_after_ms, NULL::text AS previous_database_id, NULL::text AS previous_table_id,
		NULL::text AS previous_metadata_location, NULL::jsonb AS properties, ci.owner FROM ci JOIN c ON c.uuid = ci.uuid`
)

// restorePart locks the generation, so that of two restores one finds it gone.
func (b *batch) restorePart(args *[]any) part {
	return part{
		before: []string{
			"z AS MATERIALIZED (SELECT u.*, " + keyOf("db", "dbf", "dbk") + ", " + keyOf("tb", "tbf", "tbk") +
				" FROM " + b.restores.unnest(args) + " JOIN warehouse w ON w.warehouse_id = u.wh)",
			`zl AS MATERIALIZED (SELECT z.req, z.idx, s.* FROM z JOIN soft_deleted_table s ON s.warehouse_id = z.wh AND s.database_key = z.dbk
				AND s.family = z.family AND s.table_key = z.tbk AND s.deleted_at_ms = z.at
				ORDER BY s.warehouse_id, s.database_key, s.family, s.table_key, s.deleted_at_ms FOR UPDATE OF s)`,
		},
		fit: `SELECT req FROM zl WHERE EXISTS (SELECT 1 FROM namespace n WHERE n.warehouse_id = zl.warehouse_id AND n.database_key = zl.database_key)
			AND NOT EXISTS (SELECT 1 FROM house_table h WHERE h.warehouse_id = zl.warehouse_id AND h.database_key = zl.database_key
				AND h.family = zl.family AND h.table_key = zl.table_key)`,
		apply: []string{
			`zd AS (DELETE FROM soft_deleted_table s USING zl JOIN go ON go.req = zl.req WHERE s.warehouse_id = zl.warehouse_id
				AND s.database_key = zl.database_key AND s.family = zl.family AND s.table_key = zl.table_key AND s.deleted_at_ms = zl.deleted_at_ms)`,
			`zi AS (INSERT INTO house_table (warehouse_id, database_key, family, table_key, database_id, table_id, kind, uuid, version,
					metadata_location, storage_type, creation_time_ms, created_at, owner)
				SELECT zl.warehouse_id, zl.database_key, zl.family, zl.table_key, zl.database_id, zl.table_id, zl.kind, zl.uuid, zl.version + 1,
					zl.metadata_location, zl.storage_type, zl.creation_time_ms, zl.created_at, zl.owner FROM zl JOIN go ON go.req = zl.req)`,
		},
		result: `SELECT zl.req, zl.idx, 'restore' AS action, database_id, table_id, kind, uuid, version + 1 AS version, metadata_location, storage_type,
			creation_time_ms, created_at, now() AS updated_at, NULL::bigint AS deleted_at_ms, NULL::bigint AS purge_after_ms,
			NULL::text AS previous_database_id, NULL::text AS previous_table_id, metadata_location AS previous_metadata_location,
			NULL::jsonb AS properties, zl.owner FROM zl JOIN go ON go.req = zl.req`,
	}
}
