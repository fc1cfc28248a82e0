package profiles

import (
	"context"
	"iter"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// store is the store of one warehouse, whichever that is at the time.
type store struct {
	registry  *Registry
	warehouse string
}

var _ objectstore.Store = (*store)(nil)

func with[T any](ctx context.Context, s *store, do func(objectstore.Store) (T, error)) (T, error) {
	e, err := s.registry.take(ctx, s.warehouse)
	if err != nil {
		var none T
		return none, err
	}
	defer s.registry.release(e)
	return do(e.opened.Store)
}

// Read implements objectstore.Store.
func (s *store) Read(ctx context.Context, location string) ([]byte, error) {
	return with(ctx, s, func(in objectstore.Store) ([]byte, error) { return in.Read(ctx, location) })
}

// Stat implements objectstore.Store.
func (s *store) Stat(ctx context.Context, location string) (objectstore.Object, error) {
	return with(ctx, s, func(in objectstore.Store) (objectstore.Object, error) { return in.Stat(ctx, location) })
}

// Create implements objectstore.Store.
func (s *store) Create(ctx context.Context, location string, data []byte) error {
	_, err := with(ctx, s, func(in objectstore.Store) (struct{}, error) { return struct{}{}, in.Create(ctx, location, data) })
	return err
}

// Delete implements objectstore.Store.
func (s *store) Delete(ctx context.Context, locations ...string) error {
	_, err := with(ctx, s, func(in objectstore.Store) (struct{}, error) { return struct{}{}, in.Delete(ctx, locations...) })
	return err
}

// List implements objectstore.Store.
func (s *store) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		e, err := s.registry.take(ctx, s.warehouse)
		if err != nil {
			yield(objectstore.Object{}, err)
			return
		}
		defer s.registry.release(e)
		e.opened.Store.List(ctx, prefix)(yield)
	}
}
