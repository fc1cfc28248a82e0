package sqlite

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Sites returns what is at the keys, and where they are.
func (s *Store) Sites(ctx context.Context, warehouse string, keys []housetable.TableKey) (sites housetable.Sites, err error) {
	if sites.Warehouse, err = s.Warehouse(ctx, warehouse); err != nil {
		return sites, err
	}
	if sites.Tables, err = s.Tables(ctx, warehouse, keys); err != nil {
		return sites, err
	}
	sites.NamespaceOf = make([]int, len(keys))
	known := map[string]int{}
	for i, key := range keys {
		place, found := known[key.DatabaseID]
		if !found {
			if place, err = s.addNamespace(ctx, warehouse, key.DatabaseID, &sites); err != nil {
				return sites, err
			}
			known[key.DatabaseID] = place
		}
		sites.NamespaceOf[i] = place
	}
	return sites, nil
}

// addNamespace returns the place of a namespace, -1 when it does not exist. One that is
// asked for in two spellings is there once.
func (s *Store) addNamespace(ctx context.Context, warehouse, databaseID string, sites *housetable.Sites) (int, error) {
	n, err := s.Namespace(ctx, warehouse, databaseID)
	switch {
	case fault.Is(err, fault.NoSuchNamespace):
		return -1, nil
	case err != nil:
		return -1, err
	}
	for place := range sites.Namespaces {
		if sites.Namespaces[place].DatabaseID == n.DatabaseID {
			return place, nil
		}
	}
	sites.Namespaces = append(sites.Namespaces, n)
	return len(sites.Namespaces) - 1, nil
}
