package postgres

import (
	"slices"
	"sync"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// composeTransaction makes the statement for one commit of nothing but swaps, as a
// transaction over several tables is. What the commit has once, it is given once;
// only the tables are rows.
func composeTransaction(c housetable.Commit) (string, []any, error) {
	r := newRows()
	for i, change := range c.Changes {
		swap, _ := change.(housetable.SwapTable)
		addMember(r, int32(i), swap)
	}
	operation, err := operationArgs(c)
	return transactionText(), slices.Concat([]any{c.Warehouse, int64(len(c.Changes))}, operation, r.arguments()), err
}

// transactionText is the statement, which is the same for any number of swaps.
var transactionText = sync.OnceValue(func() string {
	r := newRows()
	addMember(r, 0, housetable.SwapTable{}) // for its columns
	return lockMembers + r.unnest(new(make([]any, membersFrom))) + asNamed + applyMembers
})

// membersFrom is how many parameters come before those of the swaps.
const membersFrom = 10

// foldedSwaps reports whether a commit is nothing but swaps that take no holds, with
// one operation, by names that are the same folded.
func foldedSwaps(c housetable.Commit) bool {
	for _, change := range c.Changes {
		swap, ok := change.(housetable.SwapTable)
		if !ok || len(housetable.HoldsOf(swap)) > 0 || swap.Key != swap.Key.Fold() {
			return false
		}
	}
	return len(c.Changes) > 0 && len(c.Operations) == 1 && len(c.Jobs) == 0
}

func addMember(r *rows, index int32, swap housetable.SwapTable) {
	set(r, "idx", "int", index)
	set(r, "db", "text", swap.Key.DatabaseID)
	set(r, "tb", "text", swap.Key.TableID)
	addSwap(r, swap)
}

const (
	// OFFSET 0, and a warehouse that seems to be another in each row, have house
	// tables looked up one by one: see lockSwapped.
	lockMembers = `WITH l AS MATERIALIZED (
	SELECT u.idx, u.location, u.storage, u.ctime, h.warehouse_id, h.database_key, h.family, h.table_key, h.metadata_location AS was
	FROM (SELECT $1::text AS wh, * FROM `
	asNamed = ` OFFSET 0) u
	JOIN house_table h ON h.warehouse_id = u.wh AND h.database_key = u.db AND h.family = u.family AND h.table_key = u.tb` + expectedSwap + `
	ORDER BY h.warehouse_id, h.database_key, h.family, h.table_key FOR UPDATE OF h)`
	applyMembers = `, i AS (
	INSERT INTO operation (warehouse_id, op_id, fingerprint, kind, status, locations, body)
	SELECT $1, $3::uuid, $4::bytea, $5::text, $6::int, $7::text, $8::bytea WHERE (SELECT count(*) FROM l) = $2
	ON CONFLICT DO NOTHING RETURNING 1
), go AS MATERIALIZED (
	SELECT * FROM l WHERE EXISTS (SELECT 1 FROM i)
), s AS (
	UPDATE house_table h SET version = h.version + 1, metadata_location = go.location, storage_type = coalesce(go.storage, h.storage_type),
		creation_time_ms = coalesce(go.ctime, h.creation_time_ms), updated_at = now()
	FROM go WHERE h.warehouse_id = go.warehouse_id AND h.database_key = go.database_key AND h.family = go.family AND h.table_key = go.table_key
	RETURNING go.idx, go.was, h.database_id, h.table_id, h.kind, h.uuid, h.version,
		h.metadata_location, h.storage_type, h.creation_time_ms, h.created_at, h.updated_at, h.owner
), e AS (
	INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id, metadata_location,
		previous_metadata_location, op_id, principal, request_id)
	SELECT $1, uuid, version, 'swap', kind, database_id, table_id, metadata_location, was, $3, $9::text, $10::text FROM s
)
SELECT 0::int, true, now(), idx, database_id, table_id, kind, uuid, version, metadata_location, storage_type,
	creation_time_ms, created_at, updated_at, NULL::bigint, NULL::bigint, NULL::jsonb, owner FROM s`
)
