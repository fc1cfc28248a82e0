package postgres

import (
	"sync"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// composeSwaps makes the statement for commits of one swap and one operation
// each, which nearly all commits are, where they go together. It does what the
// statement put together from parts does, for a third less: a commit is one row from
// its arrival to its event, so there is nothing to count and little to join.
func composeSwaps(commits []housetable.Commit) (string, []any, error) {
	r := newRows()
	for i, c := range commits {
		swap, _ := c.Changes[0].(housetable.SwapTable)
		if err := addSingleSwap(r, int32(i), c, swap); err != nil {
			return "", nil, err
		}
	}
	return swapsText(), r.arguments(), nil
}

// swapsText is the statement, which is the same for any number of swaps.
var swapsText = sync.OnceValue(func() string {
	r := newRows()
	_ = addSingleSwap(r, 0, housetable.Commit{Operations: make([]housetable.Operation, 1)}, housetable.SwapTable{}) // for its columns
	return "WITH l AS MATERIALIZED (" + lockSwapped + keyOf("db", "dbf", "dbk") + ", " + keyOf("tb", "tbf", "tbk") +
		" FROM " + r.unnest(new([]any)) + asExpected + ")" + recordEach + swapRecorded
})

func addSingleSwap(r *rows, request int32, c housetable.Commit, swap housetable.SwapTable) error {
	start(r, request, 0, c.Warehouse)
	setKey(r, "", swap.Key)
	addSwap(r, swap)
	setAsker(r, c)
	return setOperation(r, c)
}

// addSwap adds what is expected, and what is to be.
func addSwap(r *rows, swap housetable.SwapTable) {
	set(r, "family", "smallint", swap.Key.Family())
	set(r, "xuuid", "uuid", optionalUUID(swap.Expect.UUID))
	set(r, "xversion", "bigint", swap.Expect.Version)
	set(r, "xlocation", "text", swap.Expect.MetadataLocation)
	set(r, "xkind", "smallint", int16(swap.Expect.Kind))
	set(r, "location", "text", swap.MetadataLocation)
	set(r, "storage", "text", swap.StorageType)
	set(r, "ctime", "bigint", swap.CreationTimeMS)
}

// setAsker adds who asked for a commit.
func setAsker(r *rows, c housetable.Commit) {
	set(r, "principal", "text", c.Principal)
	set(r, "request_id", "text", c.RequestID)
}

// setOperation adds the one operation of a commit.
func setOperation(r *rows, c housetable.Commit) error {
	o := c.Operations[0]
	locations, err := encodeJSON(o.Outcome.MetadataLocations)
	if err != nil {
		return err
	}
	set(r, "op", "uuid", pgUUID(o.ID))
	set(r, "fingerprint", "bytea", blob(o.Fingerprint))
	set(r, "asked", "text", o.Kind)
	set(r, "status", "int", o.Outcome.Status)
	set(r, "locations", "text", locations)
	set(r, "body", "bytea", blob(o.Outcome.Body))
	return nil
}

const (
	// OFFSET 0 has the keys made before house tables are looked up by them, so that
	// a planner who takes the table for an empty one does not read all of it.
	lockSwapped = `
	SELECT u.req, u.idx, u.location, u.storage, u.ctime, u.op, u.fingerprint, u.asked, u.status, u.locations, u.body, u.principal, u.request_id,
		h.warehouse_id, h.database_key, h.family, h.table_key, h.metadata_location AS was
	FROM (SELECT u.*, `
	asExpected = ` JOIN warehouse w ON w.warehouse_id = u.wh OFFSET 0) u
	JOIN house_table h ON h.warehouse_id = u.wh AND h.database_key = u.dbk AND h.family = u.family AND h.table_key = u.tbk` + expectedSwap + `
	ORDER BY h.warehouse_id, h.database_key, h.family, h.table_key FOR UPDATE OF h`
	expectedSwap = `
	WHERE (u.xuuid IS NULL OR h.uuid = u.xuuid) AND (u.xversion IS NULL OR h.version = u.xversion)
		AND (u.xlocation IS NULL OR h.metadata_location = u.xlocation) AND (u.xkind = 0 OR h.kind = u.xkind)`

	// Two things here are for the planner, which takes every set for one row. In
	// "go" it would loop over "i" for each row of "l"; inside a CASE the IN stays
	// a look-up in a hash table. And "go" is a set of its own because a row that a
	// rival has just changed makes Postgres run the UPDATE's conditions again,
	// where it must not come upon an INSERT.
	recordEach = `, i AS (
	INSERT INTO operation (warehouse_id, op_id, fingerprint, kind, status, locations, body)
	SELECT warehouse_id, op, fingerprint, asked, status, locations, body FROM l ORDER BY warehouse_id, op
	ON CONFLICT DO NOTHING RETURNING warehouse_id, op_id
)`
	swapRecorded = `, go AS MATERIALIZED (
	SELECT req, idx, location, storage, ctime, op, principal, request_id, warehouse_id, database_key, family, table_key, was
	FROM l WHERE CASE WHEN (warehouse_id, op) IN (SELECT warehouse_id, op_id FROM i) THEN true END
), s AS (
	UPDATE house_table h SET version = h.version + 1, metadata_location = go.location, storage_type = coalesce(go.storage, h.storage_type),
		creation_time_ms = coalesce(go.ctime, h.creation_time_ms), updated_at = now()
	FROM go WHERE h.warehouse_id = go.warehouse_id AND h.database_key = go.database_key AND h.family = go.family AND h.table_key = go.table_key
	RETURNING h.warehouse_id, go.req, go.idx, go.op, go.was, go.principal, go.request_id, h.database_id, h.table_id, h.kind, h.uuid, h.version,
		h.metadata_location, h.storage_type, h.creation_time_ms, h.created_at, h.updated_at, h.owner
), e AS (
	INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id, metadata_location,
		previous_metadata_location, op_id, principal, request_id)
	SELECT warehouse_id, uuid, version, 'swap', kind, database_id, table_id, metadata_location, was, op, principal, request_id FROM s
)
SELECT r.req, true, now(), r.idx, r.database_id, r.table_id, r.kind, r.uuid, r.version, r.metadata_location, r.storage_type,
	r.creation_time_ms, r.created_at, r.updated_at, NULL::bigint, NULL::bigint, NULL::jsonb, r.owner FROM s r`
)
