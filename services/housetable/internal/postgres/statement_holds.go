package postgres

import (
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// addHolds adds the holds that a change takes. The uuid is that of a house table
// to be; of one that exists the statement finds it.
func (b *batch) addHolds(request, index int32, warehouse string, change housetable.Change, uuid pgtype.UUID) {
	for _, hold := range housetable.HoldsOf(change) {
		b.moves = b.moves || !uuid.Valid
		start(b.holds, request, index, warehouse)
		set(b.holds, "hold", "text", string(hold))
		set(b.holds, "above", "text", lines(hold.Above()))
		set(b.holds, "sort", "text", hold.Sort())
		set(b.holds, "uuid", "uuid", uuid)
	}
}

// lines are holds as one text: sets of rows have no arrays, and holds no line breaks.
func lines(holds []housetable.Hold) string {
	texts := make([]string, len(holds))
	for i, hold := range holds {
		texts[i] = string(hold)
	}
	return strings.Join(texts, "\n")
}

// holdPart needs what is to be held to be free, and all above and below it. It
// counts each hold as a change of its own. What a rival takes meanwhile is a key
// that stands in the way, or a folder that is none: see the migration.
func (b *batch) holdPart(args *[]any) part {
	own, joined, given := "u.uuid", "", holdsGiven+" + (SELECT count(*) FROM km)"
	if b.moves {
		own, joined = "coalesce(u.uuid, l.uuid)", " LEFT JOIN l ON l.req = u.req AND l.idx = u.idx"
	}
	p := part{
		before: []string{`k AS MATERIALIZED (SELECT u.req, u.idx, u.wh, u.hold, string_to_array(u.above, E'\n') AS above, u.sort, ` + own + " AS own FROM " +
			b.holds.unnest(args) + joined + ")"},
		fit: holdFits,
	}
	if b.moves {
		p.apply = append(p.apply, giveUp)
		given += " + (SELECT count(*) FROM kg)"
	}
	p.apply = append(p.apply, endNeedless, clearPath, clearBelow, makeFolders+given+onlyNew, takeHolds+given+inOrder)
	return p
}

const (
	// OFFSET 0 keeps each look-up a probe of an index, whatever the planner knows, and
	// coalesce keeps it from the index of those that have a house table.
	holdFits = `SELECT req FROM k WHERE own IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM table_hold h WHERE h.warehouse_id = k.wh AND h.hold = k.hold AND NOT coalesce(h.table_uuid = k.own, true) OFFSET 0)
			AND NOT EXISTS (SELECT 1 FROM unnest(k.above) AS a(hold) CROSS JOIN LATERAL (
				SELECT h.table_uuid FROM table_hold h WHERE h.warehouse_id = k.wh AND h.hold = a.hold OFFSET 0) h WHERE NOT coalesce(h.table_uuid = k.own, true))
			AND NOT EXISTS (SELECT 1 FROM table_hold h WHERE h.warehouse_id = k.wh AND h.hold > k.hold || '/' AND h.hold < k.hold || '0'
				AND NOT coalesce(h.table_uuid = k.own, true) OFFSET 0)`

	// What is taken must come after what is given: a house table may move into the
	// folder that it was, or become the folder that it was in.
	giveUp = `kg AS (DELETE FROM table_hold h USING k JOIN go ON go.req = k.req
			WHERE h.warehouse_id = k.wh AND h.table_uuid = k.own AND left(h.hold, 2) = k.sort RETURNING 1)`
	// A job is locked before what it holds: see holdForJob.
	endNeedless = `km AS (UPDATE job SET state = 'CANCELLED', ` + end + `, state_reason = '` + housetable.MadeNeedless + `' FROM k JOIN go ON go.req = k.req
			WHERE job.warehouse_id = k.wh AND job.metadata_uuid = CASE WHEN k.sort = 'u:' THEN substr(k.hold, 3)::uuid END
			AND job.state IN ('QUEUED', 'RUNNING') RETURNING 1)`
	clearPath = `kp AS (DELETE FROM table_hold h USING k JOIN go ON go.req = k.req
			WHERE h.warehouse_id = k.wh AND h.hold = k.hold AND h.folder RETURNING 1)`
	clearBelow = `kb AS (DELETE FROM table_hold h USING k JOIN go ON go.req = k.req
			WHERE h.warehouse_id = k.wh AND h.hold > k.hold || '/' AND h.hold < k.hold || '0' AND h.folder RETURNING 1)`
	holdsGiven = ` WHERE 0 <= (SELECT count(*) FROM kp) + (SELECT count(*) FROM kb)`

	makeFolders = `kf AS (INSERT INTO table_hold (warehouse_id, hold, parent)
		SELECT DISTINCT k.wh, f.hold, k.above[f.depth - 1] FROM k JOIN go ON go.req = k.req CROSS JOIN unnest(k.above) WITH ORDINALITY AS f(hold, depth)`
	onlyNew   = ` ORDER BY 1, 2 ON CONFLICT DO NOTHING)`
	takeHolds = `kt AS (INSERT INTO table_hold (warehouse_id, hold, parent, table_uuid)
		SELECT k.wh, k.hold, k.above[cardinality(k.above)], k.own FROM k JOIN go ON go.req = k.req`
	inOrder = ` ORDER BY 1, 2)`

	// dropHolds frees what is dropped for good.
	dropHolds = `dk AS (DELETE FROM table_hold h USING d WHERE NOT d.soft AND h.warehouse_id = d.wh AND h.table_uuid = d.uuid)`
)
