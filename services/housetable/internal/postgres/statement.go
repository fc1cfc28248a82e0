package postgres

import (
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// batch is a batch of commits as sets of rows, one set for each sort of change
// that occurs. The statement is put together from the parts for those sets
// alone, so a batch of swaps pays for swaps; the texts that occur are few, and
// each is prepared once.
type batch struct {
	requests   *rows
	operations *rows
	existing   *rows // swaps, drops and renames
	creates    *rows
	restores   *rows
	founded    *rows // namespaces to create
	closed     *rows // namespaces to drop
	amended    *rows // namespaces to update
	jobs       *rows // jobs to queue
	holds      *rows // what house tables are to hold
	implicit   bool  // some creation may create its namespace
	folded     bool  // some commit has several operations
	moves      bool  // some house table that exists is to hold something else
	actions    map[housetable.Action]bool
}

// The actions on existing house tables, as numbers in the statement.
const (
	swapAction int16 = iota + 1
	dropAction
	renameAction
)

// composer makes the statement for a batch, and its arguments.
type composer func([]housetable.Commit) (string, []any, error)

// compose makes the leanest statement for a batch, and its arguments.
func compose(commits []housetable.Commit) (string, []any, error) {
	if len(commits) == 1 {
		return composeOne(commits[0])
	}
	switch {
	case allAre(commits, housetable.Commit.SingleSwap):
		return composeSwaps(commits)
	case allAre(commits, housetable.Commit.SingleCreate):
		return composeCreates(commits)
	case allAre(commits, foldedSwaps):
		return composeTransactions(commits)
	default:
		return composeParts(commits)
	}
}

// composeOne makes the leanest statement for a commit that goes by itself. Those of
// names that are the same folded need not know how their warehouse compares names.
func composeOne(c housetable.Commit) (string, []any, error) {
	if swap, ok := versionedSwap(c); ok {
		return composeSwap(c, swap)
	}
	if create, ok := foldedCreate(c); ok {
		return composeCreate(c, create)
	}
	if foldedSwaps(c) {
		return composeTransaction(c)
	}
	return composeParts([]housetable.Commit{c})
}

// allAre reports whether a leaner statement will do.
func allAre(commits []housetable.Commit, lean func(housetable.Commit) bool) bool {
	return !slices.ContainsFunc(commits, func(c housetable.Commit) bool { return !lean(c) })
}

// composeParts makes the statement for any batch.
func composeParts(commits []housetable.Commit) (string, []any, error) {
	b := &batch{
		requests: newRows(), operations: newRows(), existing: newRows(), creates: newRows(),
		restores: newRows(), founded: newRows(), closed: newRows(), amended: newRows(), jobs: newRows(),
		holds:   newRows(),
		actions: map[housetable.Action]bool{},
	}
	for i, c := range commits {
		if err := b.add(int32(i), c); err != nil {
			return "", nil, err
		}
	}
	text, args := b.statement()
	return text, args, nil
}

// part is what one sort of change adds to the statement.
type part struct {
	// before are queries that find and lock what is there.
	before []string
	// fit selects the request of each change that fits, once.
	fit string
	// apply are the writes, for requests in "go".
	apply []string
	// result selects resultFields of each change applied; empty where nothing is to tell.
	result string
	// access selects what becomes of grants, if anything does.
	access []string
}

func (b *batch) statement() (string, []any) {
	var args []any
	ctes := []string{
		"q AS MATERIALIZED (SELECT * FROM " + b.requests.unnest(&args) + ")",
		"o AS MATERIALIZED (SELECT * FROM " + b.operations.unnest(&args) + ")",
	}
	parts := b.parts(&args)
	fits, results := make([]string, 0, len(parts)), make([]string, 0, len(parts))
	var applies, access []string
	for _, p := range parts {
		ctes = append(ctes, p.before...)
		fits = append(fits, p.fit)
		applies, access = append(applies, p.apply...), append(access, p.access...)
		if p.result != "" {
			results = append(results, p.result)
		}
	}
	ctes = append(ctes, b.decide(fits)...)
	ctes = append(ctes, applies...)
	if b.jobs.length > 0 {
		ctes = append(ctes, queueJobs+b.jobs.unnest(&args)+queueEach)
	}
	if len(results) == 0 {
		return "WITH " + strings.Join(ctes, ",\n") + bareAnswer, args
	}
	ctes = append(ctes, "r AS MATERIALIZED ("+strings.Join(results, "\nUNION ALL ")+")", recordEvents)
	if len(access) > 0 {
		ctes = append(ctes, changeGrants(access, " WHERE 0 <= (SELECT count(*) FROM r)"))
	}
	return "WITH " + strings.Join(ctes, ",\n") + answer, args
}

// parts in the order in which locks are taken: namespaces, tables, then holds.
func (b *batch) parts(args *[]any) []part {
	var parts []part
	for _, p := range []struct {
		set  *rows
		make func(args *[]any) part
	}{
		{b.founded, b.foundPart},
		{b.closed, b.closePart},
		{b.amended, b.amendPart},
		{b.existing, b.existingPart},
		{b.creates, b.createPart},
		{b.restores, b.restorePart},
		{b.holds, b.holdPart},
	} {
		if p.set.length > 0 {
			parts = append(parts, p.make(args))
		}
	}
	return parts
}

// decide picks the commits all of whose changes fit, records their operations,
// and lets through those whose operations are all new. A commit with several
// operations of which only some are new must leave none of them behind: the
// division fails the statement.
func (b *batch) decide(fits []string) []string {
	fit := "SELECT NULL::int AS req WHERE false"
	if len(fits) > 0 {
		fit = strings.Join(fits, "\nUNION ALL ")
	}
	unrecorded, fresh := "", `SELECT ok.* FROM ok JOIN i ON i.warehouse_id = ok.wh AND i.op_id = ok.op`
	if b.folded {
		unrecorded = ` AND NOT EXISTS (SELECT 1 FROM o JOIN operation p ON p.warehouse_id = o.wh AND p.op_id = o.op WHERE o.req = q.req)`
		fresh = `SELECT ok.* FROM ok JOIN (
			SELECT o.req, count(*) AS total, count(i.op_id) AS fresh
			FROM o JOIN ok ON ok.req = o.req LEFT JOIN i ON i.warehouse_id = o.wh AND i.op_id = o.op GROUP BY o.req
		) m ON m.req = ok.req WHERE CASE WHEN m.fresh = m.total THEN true WHEN m.fresh = 0 THEN false ELSE 1 / (m.fresh * 0) = 1 END`
	}
	return []string{
		"fit AS MATERIALIZED (" + fit + ")",
		`ok AS MATERIALIZED (SELECT q.* FROM q JOIN warehouse w ON w.warehouse_id = q.wh
			LEFT JOIN (SELECT req, count(*) AS n FROM fit GROUP BY req) f ON f.req = q.req
			WHERE coalesce(f.n, 0) = q.n AND NOT (q.ambiguous AND w.case_insensitive)` + unrecorded + ")",
		`i AS (INSERT INTO operation (warehouse_id, op_id, fingerprint, kind, status, locations, body)
			SELECT o.wh, o.op, o.fingerprint, o.kind, o.status, o.locations, o.body FROM o JOIN ok ON ok.req = o.req ORDER BY o.wh, o.op
			ON CONFLICT DO NOTHING RETURNING warehouse_id, op_id)`,
		"go AS MATERIALIZED (" + fresh + ")",
	}
}

const (
	recordEvents = `e AS (INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id,
			previous_database_id, previous_table_id, metadata_location, previous_metadata_location, deleted_at_ms, op_id, principal, request_id)
		SELECT go.wh, r.uuid, r.version, r.action, r.kind, r.database_id, r.table_id, r.previous_database_id, r.previous_table_id,
			r.metadata_location, r.previous_metadata_location, r.deleted_at_ms, go.op, go.principal, go.request_id
		FROM r JOIN go ON go.req = r.req)`
	queueJobs = `j AS (INSERT INTO job (warehouse_id, job_id, version, state, job_name, engine_type, job_conf, attempts_allowed,
			creation_time_ms, last_update_time_ms, not_before_ms, metadata_uuid)
		SELECT u.wh, u.id, 1, 'QUEUED', u.name, u.engine, u.conf, u.attempts, ` + sinceMS + `, ` + sinceMS + `,
			CASE WHEN u.delay > 0 THEN ` + sinceMS + ` + u.delay ELSE 0 END, u.metadata FROM `
	queueEach = ` JOIN go ON go.req = u.req ORDER BY u.wh, u.id ON CONFLICT DO NOTHING)`
	answer    = `
SELECT q.req, go.req IS NOT NULL, now(), ` + resultColumns + `
FROM q LEFT JOIN go ON go.req = q.req LEFT JOIN r ON r.req = go.req`
	bareAnswer = `
SELECT q.req, go.req IS NOT NULL, now(), NULL::int, NULL::text, NULL::text, NULL::smallint, NULL::uuid, NULL::bigint, NULL::text,
	NULL::text, NULL::bigint, NULL::timestamptz, NULL::timestamptz, NULL::bigint, NULL::bigint, NULL::jsonb, NULL::text
FROM q LEFT JOIN go ON go.req = q.req`
)
