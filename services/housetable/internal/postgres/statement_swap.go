package postgres

import "github.com/igloo-catalog/igloo/services/housetable"

// versionedSwap is the swap of a commit that is nothing else, if it says the version
// that it expects, and its name is the same folded.
func versionedSwap(c housetable.Commit) (housetable.SwapTable, bool) {
	if !c.SingleSwap() {
		return housetable.SwapTable{}, false
	}
	swap, ok := c.Changes[0].(housetable.SwapTable)
	return swap, ok && swap.Expect.Version != nil && swap.Key == swap.Key.Fold()
}

// composeSwap makes the statement for one swap alone, at half the cost of one for
// several: it has no rows to spread, to sort and to join. It locks the house table
// by changing it. The operation's key, met by one that is recorded already, fails
// the statement as a whole: there is nobody whom that would concern.
func composeSwap(c housetable.Commit, swap housetable.SwapTable) (string, []any, error) {
	operation, err := operationArgs(c)
	return swapText, append([]any{
		c.Warehouse, swap.Key.DatabaseID, swap.Key.Family(), swap.Key.TableID,
		swap.Expect.Version, optionalUUID(swap.Expect.UUID), swap.Expect.MetadataLocation, int16(swap.Expect.Kind),
		swap.MetadataLocation, swap.StorageType, swap.CreationTimeMS,
	}, operation...), err
}

// operationArgs are the arguments that every commit which goes by itself has: its
// one operation, and who asked for it.
func operationArgs(c housetable.Commit) ([]any, error) {
	o := c.Operations[0]
	locations, err := encodeJSON(o.Outcome.MetadataLocations)
	return []any{pgUUID(o.ID), blob(o.Fingerprint), o.Kind, o.Outcome.Status, locations, blob(o.Outcome.Body), c.Principal, c.RequestID}, err
}

// The location before is read as of the statement's beginning: a row that a rival
// has changed since is not at the version any more, and so not changed here.
const swapText = `WITH s AS (
	UPDATE house_table h SET version = h.version + 1, metadata_location = $9, storage_type = coalesce($10, h.storage_type),
		creation_time_ms = coalesce($11, h.creation_time_ms), updated_at = now()
	WHERE h.warehouse_id = $1 AND h.database_key = $2 AND h.family = $3 AND h.table_key = $4 AND h.version = $5
		AND ($6::uuid IS NULL OR h.uuid = $6) AND ($7::text IS NULL OR h.metadata_location = $7) AND ($8::smallint = 0 OR h.kind = $8)
	RETURNING h.database_id, h.table_id, h.kind, h.uuid, h.version, h.metadata_location, h.storage_type, h.creation_time_ms, h.created_at,
		h.updated_at, h.owner, (SELECT b.metadata_location FROM house_table b
			WHERE b.warehouse_id = $1 AND b.database_key = $2 AND b.family = $3 AND b.table_key = $4) AS was
), i AS (
	INSERT INTO operation (warehouse_id, op_id, fingerprint, kind, status, locations, body)
	SELECT $1, $12::uuid, $13::bytea, $14::text, $15::int, $16::text, $17::bytea FROM s
), e AS (
	INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id, metadata_location,
		previous_metadata_location, op_id, principal, request_id)
	SELECT $1, uuid, version, 'swap', kind, database_id, table_id, metadata_location, was, $12, $18::text, $19::text FROM s
)
SELECT 0::int, true, now(), 0::int, database_id, table_id, kind, uuid, version, metadata_location, storage_type,
	creation_time_ms, created_at, updated_at, NULL::bigint, NULL::bigint, NULL::jsonb, owner FROM s`
