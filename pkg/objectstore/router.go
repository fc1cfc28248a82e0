package objectstore

import (
	"context"
	"iter"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Router is a Store that sends each location to the store of its scheme.
type Router struct {
	local Store
}

var _ Store = (*Router)(nil)

// NewRouter makes a router over the stores there are.
func NewRouter(local Store) *Router { return &Router{local: local} }

// Scheme is the scheme of a location in lower case; "file" for a bare path.
func Scheme(location string) string {
	scheme, _, found := strings.Cut(location, ":")
	if !found || strings.ContainsRune(scheme, '/') {
		return "file"
	}
	return strings.ToLower(scheme)
}

func (r *Router) store(location string) (Store, error) {
	switch scheme := Scheme(location); scheme {
	case "file":
		return r.local, nil
	case "s3", "s3a", "s3n", "gs", "abfs", "abfss", "wasb", "wasbs":
		return nil, fault.New(fault.Unsupported, "locations of scheme %q are not supported yet", scheme)
	default:
		return nil, fault.New(fault.Invalid, "unknown scheme in location %q", location)
	}
}

// Read implements Store.
func (r *Router) Read(ctx context.Context, location string) ([]byte, error) {
	s, err := r.store(location)
	if err != nil {
		return nil, err
	}
	return s.Read(ctx, location)
}

// Stat implements Store.
func (r *Router) Stat(ctx context.Context, location string) (Object, error) {
	s, err := r.store(location)
	if err != nil {
		return Object{}, err
	}
	return s.Stat(ctx, location)
}

// Create implements Store.
func (r *Router) Create(ctx context.Context, location string, data []byte) error {
	s, err := r.store(location)
	if err != nil {
		return err
	}
	return s.Create(ctx, location, data)
}

// Delete implements Store; the locations may lie in different stores.
func (r *Router) Delete(ctx context.Context, locations ...string) error {
	byStore := make(map[Store][]string, 1)
	for _, location := range locations {
		s, err := r.store(location)
		if err != nil {
			return err
		}
		byStore[s] = append(byStore[s], location)
	}
	for s, mine := range byStore {
		if err := s.Delete(ctx, mine...); err != nil {
			return err
		}
	}
	return nil
}

// List implements Store.
func (r *Router) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	s, err := r.store(prefix)
	if err != nil {
		return func(yield func(Object, error) bool) { yield(Object{}, err) }
	}
	return s.List(ctx, prefix)
}
