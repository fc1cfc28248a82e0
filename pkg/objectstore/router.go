package objectstore

import (
	"context"
	"iter"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Router is a Store that sends each location to the store of its scheme.
type Router struct {
	stores map[string]Store
}

var _ Store = (*Router)(nil)

// NewRouter makes a router over the stores there are, by what StoreOf calls them.
func NewRouter(stores map[string]Store) *Router { return &Router{stores: stores} }

// Scheme is the scheme of a location in lower case; "file" for a bare path.
func Scheme(location string) string {
	scheme, _, found := strings.Cut(location, ":")
	if !found || strings.ContainsRune(scheme, '/') {
		return "file"
	}
	return strings.ToLower(scheme)
}

// StoreOf is the store that a location lies in, named by its first scheme:
// "file", "s3", "gs" or "abfs"; empty when no store has such locations.
func StoreOf(location string) string {
	switch scheme := Scheme(location); scheme {
	case "file", "s3", "gs", "abfs":
		return scheme
	case "s3a", "s3n":
		return "s3"
	case "abfss", "wasb", "wasbs":
		return "abfs"
	default:
		return ""
	}
}

func (r *Router) store(location string) (Store, error) {
	name := StoreOf(location)
	if name == "" {
		return nil, fault.New(fault.Invalid, "unknown scheme in location %q", location)
	}
	if store, served := r.stores[name]; served {
		return store, nil
	}
	return nil, fault.New(fault.Unsupported, "locations of scheme %q are not served here", Scheme(location))
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
