package sqlite

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	insertHold    = `INSERT INTO table_hold (warehouse_id, hold, table_uuid) VALUES (?, ?, ?)`
	deleteHold    = `DELETE FROM table_hold WHERE warehouse_id = ? AND table_uuid = ? AND substr(hold, 1, 2) = ?`
	freeHolds     = `DELETE FROM table_hold WHERE warehouse_id = ? AND table_uuid = ?`
	freePurged    = `DELETE FROM table_hold WHERE (warehouse_id, table_uuid) IN (SELECT warehouse_id, uuid FROM soft_deleted_table WHERE `
	selectHolders = `SELECT h.hold, h.table_uuid, e.version, e.action, e.kind, e.database_id, e.table_id, e.metadata_location,
			e.committed_at, e.deleted_at_ms, coalesce(h.job_id, ''), h.job_id IS NOT NULL AND ` + lapsed + `
		FROM table_hold h LEFT JOIN change_event e ON e.warehouse_id = h.warehouse_id AND e.table_uuid = h.table_uuid
			AND e.version = (SELECT max(n.version) FROM change_event n WHERE n.warehouse_id = h.warehouse_id AND n.table_uuid = h.table_uuid)
		WHERE h.warehouse_id = ? AND `
	holdersAt = selectHolders + `h.hold = ?`
	// One that stands below is enough to know, but for its own and those that are gone.
	holdersBelow = selectHolders + `h.hold > ? AND h.hold < ? ORDER BY h.hold LIMIT 100`
)

func scanHolder(r row) (h housetable.Holder, err error) {
	var id []byte
	var version, kind, committed *int64
	var action, database, table, location *string
	err = r.Scan(&h.Hold, &id, &version, &action, &kind, &database, &table, &location, &committed, &h.DeletedAtMS, &h.JobID, &h.Lapsed)
	copy(h.UUID[:], id)
	if err != nil || version == nil {
		return h, err
	}
	h.Kind = housetable.Kind(*kind)
	h.Newest = &housetable.TableVersion{
		Version: *version, Action: housetable.Action(*action), MetadataLocation: *location, CommittedAt: instant(*committed),
		Key: housetable.TableKey{DatabaseID: *database, TableID: *table, Function: h.Kind == housetable.KindFunction},
	}
	return h, nil
}

// holdFacts reads who holds what the commit takes, or something above or below
// it, and forgets holders that are gone.
func (w *writer) holdFacts(ctx context.Context, warehouse string, holds []housetable.Hold, facts *housetable.Facts) error {
	for _, hold := range holds {
		there, err := holders(ctx, w, warehouse, hold)
		if err != nil {
			return err
		}
		for _, h := range there {
			facts.AddHolder(h)
		}
		if err := w.freeGone(ctx, warehouse, there); err != nil {
			return err
		}
	}
	return nil
}

// freeGone frees what is held by those that are gone.
func (w *writer) freeGone(ctx context.Context, warehouse string, holders []housetable.Holder) error {
	for _, h := range holders {
		if !h.Gone() {
			continue
		}
		if _, err := w.exec(ctx, freeGone, warehouse, h.UUID[:]); err != nil {
			return err
		}
	}
	return nil
}

func holders(ctx context.Context, q querier, warehouse string, hold housetable.Hold) ([]housetable.Holder, error) {
	from, to := hold.Below()
	rows, err := q.query(ctx, holdersBelow, warehouse, from, to)
	found, err := all(scanHolder, rows, err)
	if err != nil {
		return nil, err
	}
	for _, at := range append(hold.Above(), hold) {
		h, err := find(ctx, q, scanHolder, holdersAt, warehouse, at)
		if err != nil {
			return nil, err
		}
		if h != nil {
			found = append(found, *h)
		}
	}
	return found, nil
}

// take gives a house table the holds of a change, each instead of that of its
// sort. A job that the metadata's uuid makes needless ends.
func (a *application) take(ctx context.Context, change housetable.Change, uuid housetable.UUID) error {
	for _, hold := range housetable.HoldsOf(change) {
		if id := hold.UUID(); id != nil {
			_, err := a.writer.exec(ctx, endNeedless, a.now.UnixMilli(), a.commit.Warehouse, id[:], housetable.MadeNeedless)
			if err != nil {
				return err
			}
		}
		if _, err := a.writer.exec(ctx, deleteHold, a.commit.Warehouse, uuid[:], hold.Sort()); err != nil {
			return err
		}
		if _, err := a.writer.exec(ctx, insertHold, a.commit.Warehouse, hold, uuid[:]); err != nil {
			return err
		}
	}
	return nil
}

// free takes all holds from a house table.
func (a *application) free(ctx context.Context, uuid housetable.UUID) error {
	_, err := a.writer.exec(ctx, freeHolds, a.commit.Warehouse, uuid[:])
	return err
}
