package postgres

import (
	"slices"
	"sync"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// composeTransactions makes the statement for several commits of nothing but swaps. It
// is that of single swaps, but for the operations, of which each is recorded if all of
// its swaps fit.
func composeTransactions(commits []housetable.Commit) (string, []any, error) {
	members, operations := newRows(), newRows()
	for i, c := range commits {
		if err := addTransaction(members, operations, int32(i), c); err != nil {
			return "", nil, err
		}
	}
	return transactionsText(), slices.Concat(members.arguments(), operations.arguments()), nil
}

// transactionsText is the statement, which is the same for any number of transactions.
var transactionsText = sync.OnceValue(func() string {
	members, operations, args := newRows(), newRows(), []any{}
	_ = addTransaction(members, operations, 0, housetable.Commit{ // for its columns
		Operations: make([]housetable.Operation, 1), Changes: []housetable.Change{housetable.SwapTable{}},
	})
	return lockEach + members.unnest(&args) + asNamed + recordWhole + operations.unnest(&args) + recordedWhole + swapRecorded
})

func addTransaction(members, operations *rows, request int32, c housetable.Commit) error {
	for i, change := range c.Changes {
		swap, _ := change.(housetable.SwapTable)
		setRequest(members, request, c.Warehouse)
		addMember(members, int32(i), swap)
		set(members, "n", "bigint", int64(len(c.Changes)))
		set(members, "op", "uuid", pgUUID(c.Operations[0].ID))
		setAsker(members, c)
	}
	setRequest(operations, request, c.Warehouse)
	return setOperation(operations, c)
}

func setRequest(r *rows, request int32, warehouse string) {
	set(r, "req", "int", request)
	set(r, "wh", "text", warehouse)
}

const (
	lockEach = `WITH l AS MATERIALIZED (
	SELECT u.req, u.idx, u.location, u.storage, u.ctime, u.n, u.op, u.principal, u.request_id,
		h.warehouse_id, h.database_key, h.family, h.table_key, h.metadata_location AS was
	FROM (SELECT * FROM `
	// The CASE is for the planner, as in swapRecorded.
	recordWhole = `, i AS (
	INSERT INTO operation (warehouse_id, op_id, fingerprint, kind, status, locations, body)
	SELECT u.wh, u.op, u.fingerprint, u.asked, u.status, u.locations, u.body FROM `
	recordedWhole = ` WHERE CASE WHEN u.req IN (SELECT req FROM l GROUP BY req, n HAVING count(*) = n) THEN true END ORDER BY u.wh, u.op
	ON CONFLICT DO NOTHING RETURNING warehouse_id, op_id
)`
)
