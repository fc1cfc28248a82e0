package postgres

import (
	"sync"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// composeCreates makes the statement for commits of one creation and one
// operation each. It does what the statement put together from parts does, for
// half of it: a commit is one row from its arrival to its event, and what it holds
// is new. A location that is a folder already, in which nothing may be left, is
// left to the other statement.
func composeCreates(commits []housetable.Commit) (string, []any, error) {
	r := newRows()
	for i, c := range commits {
		create, _ := c.Changes[0].(housetable.CreateTable)
		if err := addSingleCreate(r, int32(i), c, create); err != nil {
			return "", nil, err
		}
	}
	return createsText(), r.arguments(), nil
}

// createsText is the statement, which is the same for any number of creations.
var createsText = sync.OnceValue(func() string {
	r := newRows()
	_ = addSingleCreate(r, 0, housetable.Commit{Operations: make([]housetable.Operation, 1)}, housetable.CreateTable{}) // for its columns
	return "WITH c AS MATERIALIZED (SELECT * FROM (SELECT u.*, " + keyOf("db", "dbf", "dbk") + ", " + keyOf("tb", "tbf", "tbk") + underFolder +
		" FROM " + r.unnest(new([]any)) + " JOIN warehouse w ON w.warehouse_id = u.wh OFFSET 0) u" + vacant + ")" + createEach
})

func addSingleCreate(r *rows, request int32, c housetable.Commit, create housetable.CreateTable) error {
	start(r, request, 0, c.Warehouse)
	setKey(r, "", create.Key)
	set(r, "family", "smallint", create.Key.Family())
	set(r, "kind", "smallint", int16(create.Kind))
	set(r, "uuid", "uuid", pgUUID(c.TableUUID(0)))
	set(r, "location", "text", create.MetadataLocation)
	set(r, "storage", "text", create.StorageType)
	set(r, "ctime", "bigint", create.CreationTimeMS)
	setSingleHolds(r, create)
	set(r, "owner", "text", housetable.Owner(c.Principal))
	setAsker(r, c)
	return setOperation(r, c)
}

// setSingleHolds adds what a creation holds.
func setSingleHolds(r *rows, create housetable.CreateTable) {
	held := heldBy(create)
	set(r, "place", "text", held.place)
	set(r, "parent", "text", held.parent)
	set(r, "above", "text", lines(held.above))
	set(r, "identity", "text", held.identity)
	set(r, "metadata", "uuid", optionalUUID(create.MetadataUUID))
}

// held is what a creation holds: its place, with the folders above it, and the
// metadata's uuid. What it does not hold is NULL.
type held struct {
	place, identity, parent pgtype.Text
	above                   []housetable.Hold
}

func heldBy(create housetable.CreateTable) (h held) {
	for _, hold := range housetable.HoldsOf(create) {
		text := pgtype.Text{String: string(hold), Valid: true}
		if hold.UUID() != nil {
			h.identity = text
			continue
		}
		if h.place, h.above = text, hold.Above(); len(h.above) > 0 {
			h.parent = pgtype.Text{String: string(h.above[len(h.above)-1]), Valid: true}
		}
	}
	return h
}

const (
	// Every folder refers to the one above it: below one that is there all is well.
	underFolder = `, string_to_array(u.above, E'\n') AS path,
		(SELECT h.folder FROM table_hold h WHERE h.warehouse_id = u.wh AND h.hold = u.parent) AS founded`

	// OFFSET 0 keeps each look-up a probe of an index, whatever the planner knows.
	// Below a hold that is not there is nothing: it would have that for its folder.
	vacant = `
	WHERE EXISTS (SELECT 1 FROM namespace n WHERE n.warehouse_id = u.wh AND n.database_key = u.dbk OFFSET 0)
		AND NOT EXISTS (SELECT 1 FROM house_table h WHERE h.warehouse_id = u.wh AND h.database_key = u.dbk
			AND h.family = u.family AND h.table_key = u.tbk OFFSET 0)
		AND NOT EXISTS (SELECT 1 FROM table_hold h WHERE h.warehouse_id = u.wh AND h.hold = u.identity OFFSET 0)
		AND NOT EXISTS (SELECT 1 FROM table_hold h WHERE h.warehouse_id = u.wh AND h.hold = u.place OFFSET 0)
		AND coalesce(u.founded, NOT EXISTS (SELECT 1 FROM unnest(u.path) AS a(hold) CROSS JOIN LATERAL (
			SELECT h.folder FROM table_hold h WHERE h.warehouse_id = u.wh AND h.hold = a.hold OFFSET 0) h WHERE NOT h.folder))`

	// See swapEach for what is there for the planner. As in the other statement,
	// locks are taken of house tables, then of jobs, then of holds.
	createEach = `, i AS (
	INSERT INTO operation (warehouse_id, op_id, fingerprint, kind, status, locations, body)
	SELECT wh, op, fingerprint, asked, status, locations, body FROM c ORDER BY wh, op
	ON CONFLICT DO NOTHING RETURNING warehouse_id, op_id
), go AS MATERIALIZED (
	SELECT * FROM c WHERE CASE WHEN (wh, op) IN (SELECT warehouse_id, op_id FROM i) THEN true END
), ci AS (
	INSERT INTO house_table (warehouse_id, database_key, family, table_key, database_id, table_id, kind, uuid, version,
		metadata_location, storage_type, creation_time_ms, owner)
	SELECT wh, dbk, family, tbk, db, tb, kind, uuid, 1, location, storage, ctime, owner FROM go ORDER BY wh, dbk, family, tbk RETURNING 1
), km AS (
	UPDATE job SET state = 'CANCELLED', ` + end + `, state_reason = '` + housetable.MadeNeedless + `' FROM go
	WHERE job.warehouse_id = go.wh AND job.metadata_uuid = go.metadata AND job.state IN ('QUEUED', 'RUNNING')` + afterTables + ` RETURNING 1
), kf AS (
	INSERT INTO table_hold (warehouse_id, hold, parent)
	SELECT DISTINCT go.wh, f.hold, go.path[f.depth - 1] FROM go CROSS JOIN unnest(go.path) WITH ORDINALITY AS f(hold, depth)
	WHERE go.founded IS NULL` + afterJobs + ` ORDER BY 1, 2 ON CONFLICT DO NOTHING
), kt AS (
	INSERT INTO table_hold (warehouse_id, hold, parent, table_uuid)
	SELECT go.wh, v.hold, v.parent, go.uuid FROM go CROSS JOIN LATERAL (VALUES (go.place, go.parent), (go.identity, NULL)) AS v(hold, parent)
	WHERE v.hold IS NOT NULL` + afterJobs + ` ORDER BY 1, 2
), e AS (
	INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id, metadata_location, op_id, principal, request_id)
	SELECT wh, uuid, 1, 'create', kind, db, tb, location, op, principal, request_id FROM go WHERE true` + afterTables + `
)
SELECT req, true, now(), idx, db, tb, kind, uuid, 1::bigint, location, storage, ctime, now(), now(), NULL::bigint, NULL::bigint, NULL::jsonb, owner FROM go`
	afterTables = ` AND 0 <= (SELECT count(*) FROM ci)`
	afterJobs   = ` AND 0 <= (SELECT count(*) FROM km)`
)
