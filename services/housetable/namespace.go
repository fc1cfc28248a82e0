package housetable

import "time"

// Namespace is a place for house tables and for further namespaces.
type Namespace struct {
	// DatabaseID as it was typed at creation: levels joined by dots.
	DatabaseID string
	Properties map[string]string
	// Version counts the changes, from 1.
	Version   int64
	CreatedAt time.Time
}

// NamespaceQuery asks for a page of the direct children of a namespace, or of
// the warehouse when ParentID is empty, in the order of their keys.
type NamespaceQuery struct {
	Warehouse string
	ParentID  string
	// Skip passes over that many entries first, for pages that are counted.
	Skip int
	// Visible, when set, leaves out what is not in it.
	Visible *Visibility
	Page
}

// Warehouse is a tenant: the outermost name of everything else.
type Warehouse struct {
	// Name never changes.
	Name string
	// Location and Properties are the catalog's, opaque here.
	Location   string
	Properties map[string]string
	// CaseInsensitive folds ids when they are compared; it never changes.
	CaseInsensitive bool
	// Storage is the store it lies in; nil means the catalog's own.
	Storage   *Storage
	CreatedAt time.Time
	// Version counts the changes, from 1.
	Version int64
}

// Sites are where some house tables are, or would be.
type Sites struct {
	Warehouse Warehouse
	// Namespaces of the keys, each once.
	Namespaces []Namespace
	// NamespaceOf tells of each key the place of its namespace, -1 where it does not exist.
	NamespaceOf []int
	// Tables of each key, nil where there is none.
	Tables []*Table
}

// WarehouseUpdate changes single properties of a warehouse, and its storage as a
// whole.
type WarehouseUpdate struct {
	Name     string
	Updates  map[string]string
	Removals []string
	// Storage, when set, replaces what was there.
	Storage *Storage
	// ExpectedVersion, when not 0, must be the current version.
	ExpectedVersion int64
}
