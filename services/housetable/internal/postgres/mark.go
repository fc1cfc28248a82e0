package postgres

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A mark is the oldest transaction that was running, and the history that its id is
// of. Whatever changes a list and is not to be seen when the mark is made has that
// id or a later one, wherever it is by then; and it says so in an event. So a list
// that was read behind the mark is right as long as no such event is to be seen.
//
// Ids come again in another history: one that begins with another server; or with
// a crash of this one, which forgets the ids of transactions that wrote nothing, and
// has its statistics begin anew; or with other tables. Events come to be forgotten.
const (
	selectMark = `SELECT pg_snapshot_xmin(pg_current_snapshot())::text,
			concat_ws('-', 'change_event'::regclass::oid, extract(epoch FROM pg_postmaster_start_time()),
				extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()),
				(SELECT forgotten FROM event_retention WHERE warehouse_id = $1)),
			(SELECT case_insensitive FROM warehouse WHERE warehouse_id = $1),
			EXISTS (SELECT 1 FROM change_event WHERE warehouse_id = $1 AND database_id = $2 AND txid >= $3::text::xid8
				AND action NOT IN ('swap', 'update', 'grant', 'revoke', 'purge'))
			OR EXISTS (SELECT 1 FROM change_event WHERE warehouse_id = $1 AND previous_database_id = $2 AND txid >= $3::text::xid8)`
	// noTransaction is later than all that will ever be.
	noTransaction = "18446744073709551615"
)

// listMark is where a list stands; changed is set where it is not any more what it
// was at another mark.
type listMark struct {
	Oldest, History string
	// Folded is set where events may spell the namespace otherwise than it is asked
	// for, and nil where there is no warehouse.
	Folded  *bool
	Changed bool
}

func (m listMark) String() string { return m.Oldest + "@" + m.History }

// ListMark returns the mark of what a namespace lists, and whether that is what it
// was at the mark since.
func (s *Store) ListMark(ctx context.Context, warehouse, databaseID, since string) (mark string, same bool, err error) {
	oldest, history, _ := strings.Cut(since, "@")
	if _, err := strconv.ParseUint(oldest, 10, 64); err != nil {
		oldest, history = noTransaction, ""
	}
	found, err := query(ctx, s, pgx.RowToStructByPos[listMark], "mark a list", selectMark, warehouse, databaseID, oldest)
	switch {
	case err != nil:
		return "", false, err
	case found[0].Folded == nil:
		return "", false, s.missing(ctx, warehouse, nil)
	case *found[0].Folded:
		return "", false, nil
	}
	return found[0].String(), !found[0].Changed && found[0].History == history, nil
}
