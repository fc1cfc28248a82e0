package postgres

import (
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// foldedCreate is the creation of a commit that is nothing else, if its name is the
// same folded.
func foldedCreate(c housetable.Commit) (housetable.CreateTable, bool) {
	if !c.SingleCreate() {
		return housetable.CreateTable{}, false
	}
	create, ok := c.Changes[0].(housetable.CreateTable)
	return create, ok && create.Key == create.Key.Fold()
}

// composeCreate makes the statement for one creation alone: what that for several
// does, in its order, without rows to spread and to join.
func composeCreate(c housetable.Commit, create housetable.CreateTable) (string, []any, error) {
	operation, err := operationArgs(c)
	held := heldBy(create)
	above := make(pgtype.FlatArray[string], len(held.above))
	for i, hold := range held.above {
		above[i] = string(hold)
	}
	return createText, append([]any{
		c.Warehouse, create.Key.DatabaseID, create.Key.Family(), create.Key.TableID, int16(create.Kind), pgUUID(c.TableUUID(0)),
		create.MetadataLocation, create.StorageType, create.CreationTimeMS, housetable.Owner(c.Principal),
		held.place, held.parent, above, held.identity, optionalUUID(create.MetadataUUID),
	}, operation...), err
}

// See vacant for what must be free, and createEach for the order.
const createText = `WITH p AS MATERIALIZED (
	SELECT (SELECT h.folder FROM table_hold h WHERE h.warehouse_id = $1 AND h.hold = $12) AS founded
), i AS (
	INSERT INTO operation (warehouse_id, op_id, fingerprint, kind, status, locations, body)
	SELECT $1, $16::uuid, $17::bytea, $18::text, $19::int, $20::text, $21::bytea FROM p
	WHERE EXISTS (SELECT 1 FROM namespace n WHERE n.warehouse_id = $1 AND n.database_key = $2)
		AND NOT EXISTS (SELECT 1 FROM house_table h WHERE h.warehouse_id = $1 AND h.database_key = $2 AND h.family = $3 AND h.table_key = $4)
		AND NOT EXISTS (SELECT 1 FROM table_hold h WHERE h.warehouse_id = $1 AND h.hold = $14)
		AND NOT EXISTS (SELECT 1 FROM table_hold h WHERE h.warehouse_id = $1 AND h.hold = $11)
		AND coalesce(p.founded, NOT EXISTS (SELECT 1 FROM unnest($13::text[]) AS a(hold) CROSS JOIN LATERAL (
			SELECT h.folder FROM table_hold h WHERE h.warehouse_id = $1 AND h.hold = a.hold OFFSET 0) h WHERE NOT h.folder))
	ON CONFLICT DO NOTHING RETURNING 1
), ci AS (
	INSERT INTO house_table (warehouse_id, database_key, family, table_key, database_id, table_id, kind, uuid, version,
		metadata_location, storage_type, creation_time_ms, owner)
	SELECT $1, $2, $3, $4, $2, $4, $5, $6::uuid, 1, $7, $8, $9, $10::text FROM i RETURNING 1
), km AS (
	UPDATE job SET state = 'CANCELLED', ` + end + `, state_reason = '` + housetable.MadeNeedless + `' FROM ci
	WHERE job.warehouse_id = $1 AND job.metadata_uuid = $15 AND job.state IN ('QUEUED', 'RUNNING') RETURNING 1
), kf AS (
	INSERT INTO table_hold (warehouse_id, hold, parent)
	SELECT $1, f.hold, ($13::text[])[f.depth - 1] FROM ci CROSS JOIN p CROSS JOIN unnest($13::text[]) WITH ORDINALITY AS f(hold, depth)
	WHERE p.founded IS NULL` + afterJobs + ` ORDER BY 2 ON CONFLICT DO NOTHING
), kt AS (
	INSERT INTO table_hold (warehouse_id, hold, parent, table_uuid)
	SELECT $1, v.hold, v.parent, $6::uuid FROM ci CROSS JOIN (VALUES ($11, $12), ($14, NULL)) AS v(hold, parent)
	WHERE v.hold IS NOT NULL` + afterJobs + ` ORDER BY 2
), e AS (
	INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id, metadata_location, op_id, principal, request_id)
	SELECT $1, $6::uuid, 1, 'create', $5, $2, $4, $7, $16::uuid, $22::text, $23::text FROM ci
)
SELECT 0::int, true, now(), 0::int, $2, $4, $5, $6::uuid, 1::bigint, $7, $8, $9, now(), now(), NULL::bigint, NULL::bigint, NULL::jsonb, $10::text FROM ci`
