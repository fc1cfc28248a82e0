package catalog

import "github.com/igloo-catalog/igloo/pkg/objectstore"

// Files are the files of all warehouses, each in the store of its profile.
type Files interface {
	// In is the way to the files of one warehouse. It is looked up when it is used:
	// what it returns fails with fault.NoSuchWarehouse when there is none of that
	// name, and with fault.Unavailable when that cannot be found out.
	In(warehouse string) objectstore.Store
}
