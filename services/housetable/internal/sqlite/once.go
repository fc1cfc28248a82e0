package sqlite

import (
	"context"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// Once does work and records its operation in one transaction.
func (s *Store) Once(ctx context.Context, warehouse string, o housetable.Operation, work func(context.Context, housetable.Store) (housetable.Outcome, error)) (housetable.RecordedOperation, error) {
	recorded := housetable.RecordedOperation{Operation: o}
	err := s.writer.transact(ctx, func() error {
		was, err := find(ctx, s.writer, scanOperation, selectOperation, warehouse, o.ID[:])
		switch {
		case err != nil:
			return err
		case was != nil:
			recorded = *was
			return nil
		}
		if recorded.Outcome, err = work(ctx, s.within()); err != nil {
			return err
		}
		recorded.RecordedAt = s.now().Truncate(time.Microsecond).UTC()
		return s.writer.record(ctx, warehouse, recorded.Operation, recorded.RecordedAt)
	})
	return recorded, err
}

// within is the store inside the writer's transaction. It reads what was there
// before it.
func (s *Store) within() *Store {
	inside := *s.writer
	inside.inside = true
	return &Store{read: s.read, write: s.write, writer: &inside, epoch: s.epoch, opened: s.opened, now: s.now}
}

func (w *writer) record(ctx context.Context, warehouse string, o housetable.Operation, at time.Time) error {
	locations, err := encodeJSON(o.Outcome.MetadataLocations)
	if err != nil {
		return err
	}
	_, err = w.exec(ctx, insertOperation, warehouse, o.ID[:], blob(o.Fingerprint), o.Kind, o.Outcome.Status, locations, blob(o.Outcome.Body), micros(at))
	return err
}
