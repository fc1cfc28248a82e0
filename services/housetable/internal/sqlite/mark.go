package sqlite

import (
	"context"
	"strconv"
	"strings"
)

// A mark is the newest event, with how far events are forgotten and which opening of
// the file it is of: a copy that takes the place of the file draws positions again.
const (
	selectMark = `SELECT coalesce((SELECT max(position) FROM change_event WHERE warehouse_id = ?1), 0),
		coalesce((SELECT forgotten FROM event_retention WHERE warehouse_id = ?1), 0),
		(SELECT case_insensitive FROM warehouse WHERE warehouse_id = ?1),
		EXISTS (SELECT 1 FROM change_event WHERE warehouse_id = ?1 AND database_id = ?2 AND position > ?3
			AND action NOT IN ('swap', 'update', 'grant', 'revoke', 'purge'))
		OR EXISTS (SELECT 1 FROM change_event WHERE warehouse_id = ?1 AND previous_database_id = ?2 AND position > ?3)`
)

// listMark is where a list stands; changed is set where it is not any more what it
// was at another mark.
type listMark struct {
	position, forgotten int64
	// folded is set where events may spell the namespace otherwise than it is asked
	// for, and nil where there is no warehouse.
	folded  *bool
	changed bool
}

func scanListMark(r row) (m listMark, err error) {
	err = r.Scan(&m.position, &m.forgotten, &m.folded, &m.changed)
	return m, err
}

// ListMark returns the mark of what a namespace lists, and whether that is what it
// was at the mark since.
func (s *Store) ListMark(ctx context.Context, warehouse, databaseID, since string) (mark string, same bool, err error) {
	position, history, _ := strings.Cut(since, "@")
	after, err := strconv.ParseInt(position, 10, 64)
	if err != nil {
		history = ""
	}
	found, err := find(ctx, s, scanListMark, selectMark, warehouse, databaseID, after)
	switch {
	case err != nil:
		return "", false, err
	case found.folded == nil:
		return "", false, s.missing(ctx, warehouse, nil)
	case *found.folded:
		return "", false, nil
	}
	now := s.opened + "-" + strconv.FormatInt(found.forgotten, 10)
	return strconv.FormatInt(found.position, 10) + "@" + now, !found.changed && history == now, nil
}
