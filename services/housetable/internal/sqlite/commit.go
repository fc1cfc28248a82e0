package sqlite

import (
	"context"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// Commit decides the commits one after another in one transaction: one fsync
// serves all of them. Nothing of a commit is written before all of it is known
// to fit, so a verdict of "not applied" needs no savepoint.
func (s *Store) Commit(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, error) {
	verdicts, err := s.commitAll(ctx, commits)
	if err == nil || len(commits) == 1 || !violates(err) {
		return verdicts, err
	}
	// One of them holds data that the schema refuses: find it without failing its neighbours.
	for i := range commits {
		alone, err := s.commitAll(ctx, commits[i:i+1])
		if err != nil {
			verdicts[i] = housetable.Refused{Err: err}
			continue
		}
		verdicts[i] = alone[0]
	}
	return verdicts, nil
}

func (s *Store) commitAll(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, error) {
	verdicts := make([]housetable.Verdict, len(commits))
	err := s.writer.transact(ctx, func() error {
		now := s.now().Truncate(time.Microsecond).UTC()
		for i, c := range commits {
			v, err := s.writer.decide(ctx, c, now)
			if err != nil {
				return err
			}
			verdicts[i] = v
		}
		return nil
	})
	return verdicts, err
}

// decide is the whole protocol for one commit: the record first, then the
// facts, then the writes.
func (w *writer) decide(ctx context.Context, c housetable.Commit, now time.Time) (housetable.Verdict, error) {
	house, err := find(ctx, w, scanWarehouse, selectWarehouse+" WHERE warehouse_id = ?", c.Warehouse)
	if err != nil {
		return nil, err
	}
	if house == nil {
		return housetable.Refused{Err: housetable.NoSuchWarehouse(c.Warehouse)}, nil
	}
	recorded, err := w.recorded(ctx, c)
	if err != nil {
		return nil, err
	}
	if v := c.AnswerRecorded(recorded); v != nil {
		return v, nil
	}
	keys := spelling{fold: house.CaseInsensitive}
	facts, err := w.facts(ctx, c, keys)
	if err != nil {
		return nil, err
	}
	if v := facts.Refuse(c); v != nil {
		return v, nil
	}
	if conflicts := facts.Judge(c); len(conflicts) > 0 {
		return w.conflict(ctx, c, conflicts)
	}
	a := &application{writer: w, commit: c, facts: facts, keys: keys, now: now}
	return a.apply(ctx)
}

func (w *writer) recorded(ctx context.Context, c housetable.Commit) ([]housetable.RecordedOperation, error) {
	var recorded []housetable.RecordedOperation
	for _, o := range c.Operations {
		was, err := find(ctx, w, scanOperation, selectOperation, c.Warehouse, o.ID[:])
		if err != nil {
			return nil, err
		}
		if was != nil {
			recorded = append(recorded, *was)
		}
	}
	return recorded, nil
}

// conflict names who made what is there now.
func (w *writer) conflict(ctx context.Context, c housetable.Commit, conflicts []housetable.ChangeConflict) (housetable.Verdict, error) {
	for i, conflict := range conflicts {
		if conflict.Current == nil {
			continue
		}
		winner, err := find(ctx, w, scanVersion, selectVersions+" AND version = ?",
			c.Warehouse, conflict.Current.UUID[:], conflict.Current.Version)
		if err != nil {
			return nil, err
		}
		conflicts[i].Winner = winner
	}
	return housetable.Conflict{Changes: conflicts}, nil
}

// facts reads the footprint of a commit.
func (w *writer) facts(ctx context.Context, c housetable.Commit, keys spelling) (*housetable.Facts, error) {
	facts := housetable.NewFacts(keys.fold)
	footprint := c.Footprint()
	for _, key := range footprint.Tables {
		t, err := find(ctx, w, scanTable, selectTable, keys.table(c.Warehouse, key)...)
		if err != nil {
			return nil, err
		}
		if t != nil {
			facts.AddTable(*t)
		}
	}
	for _, id := range footprint.Namespaces {
		n, err := find(ctx, w, scanNamespace, selectNamespace, c.Warehouse, keys.id(id))
		if err != nil {
			return nil, err
		}
		if n != nil {
			facts.AddNamespace(*n)
		}
	}
	if err := w.holdFacts(ctx, c.Warehouse, footprint.Holds, facts); err != nil {
		return nil, err
	}
	return facts, w.rareFacts(ctx, c.Warehouse, footprint, keys, facts)
}

func (w *writer) rareFacts(ctx context.Context, warehouse string, footprint housetable.Footprint, keys spelling, facts *housetable.Facts) error {
	for _, id := range footprint.Emptied {
		occupied, err := find(ctx, w, scanBool, selectOccupied, warehouse, keys.id(id), warehouse, keys.id(id))
		if err != nil {
			return err
		}
		if *occupied {
			facts.AddOccupied(id)
		}
	}
	for _, key := range footprint.SoftDeleted {
		t, err := find(ctx, w, scanSoftDeleted, selectSoftDeleted, append(keys.table(warehouse, key.Key), key.DeletedAtMS)...)
		if err != nil {
			return err
		}
		if t != nil {
			facts.AddSoftDeleted(*t)
		}
	}
	return nil
}

// spelling turns ids into keys by the warehouse's rule.
type spelling struct{ fold bool }

func (s spelling) id(id string) string {
	if s.fold {
		return housetable.Fold(id)
	}
	return id
}

// table is the primary key of a house table, in the order of its columns.
func (s spelling) table(warehouse string, key housetable.TableKey) []any {
	return []any{warehouse, s.id(key.DatabaseID), key.Family(), s.id(key.TableID)}
}
