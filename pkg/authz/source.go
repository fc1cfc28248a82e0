package authz

import "context"

// Source is where grants are: the house table service.
type Source interface {
	// FollowAccess returns what became of the grants of a warehouse after a
	// position, in the order in which it did; "" is the server's own part, and the
	// empty position the beginning. fault.NoSuchWarehouse where there is none.
	FollowAccess(ctx context.Context, warehouse, position string) (Changes, error)
}

// Changes is a page of what became of the grants of a warehouse.
type Changes struct {
	// Restart means that the position is not known any more: what was read before
	// is void, and the page is the first one of all.
	Restart bool
	// Entries are what there is now: an entry of the same object, grantee and
	// privilege replaces an earlier one, and a revoked one without a grantee all
	// earlier ones of its object, which was dropped.
	Entries []Entry
	// Position is where the next page begins, or what changes later.
	Position string
	// More means that there is a next page by now.
	More bool
	// CaseInsensitive is whether the warehouse folds ids when it compares them.
	CaseInsensitive bool
}

// Entry is a grant, or what is left of one.
type Entry struct {
	Kind Kind
	// ID tells the object from others of its kind in the warehouse: the key of a
	// namespace, the uuid of a house table as text, the name of a role, "" for the
	// server and the warehouse.
	ID        string
	Grantee   Grantee
	Privilege Privilege
	// Revoked means that there is no such grant now; without a Grantee, that there
	// is none on the object.
	Revoked bool
}
