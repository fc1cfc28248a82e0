package catalog

import (
	"context"
	"slices"
	"time"
)

// Delegations are how each warehouse gives access to its files.
type Delegations interface {
	// Of is the warehouse's way; nil when it gives none.
	Of(ctx context.Context, warehouse string) (Delegation, error)
}

// Delegation gives clients access to the files of one table, and to no others.
type Delegation interface {
	// Delegates reports whether a client that names these ways may be given
	// anything. Without ways it said nothing.
	Delegates(ways []Way) bool
	// Vend returns the access that a grant comes to; the zero Access when nothing
	// is to be given. fault.Unavailable when whoever issues keys is away,
	// fault.Forbidden when it refuses.
	Vend(ctx context.Context, grant Grant) (Access, error)
}

// Grant is what a client may do, and with what it can work.
type Grant struct {
	Warehouse string
	// Principal is who asks; keys are shared between nobody else.
	Principal string
	// Locations are the folders that belong to the table: its location first, and
	// where its data and metadata lie when that is elsewhere.
	Locations []string
	// Write is the right to add and remove files, beside reading them.
	Write bool
	// Remove is the right to remove files beside reading them, without that to add any:
	// those of a table that is gone.
	Remove bool
	// Ways are what the client named as what it can work with; none when it did
	// not ask.
	Ways []Way
}

// Way is one way to give access, in the protocol's word for it.
type Way string

// The ways of the protocol.
const (
	VendedCredentials Way = "vended-credentials" //nolint:gosec // the name of a way
	RemoteSigning     Way = "remote-signing"
)

// DelegationPolicy is when clients are given access to files, by whatever way.
type DelegationPolicy string

// The policies.
const (
	// DelegateNever gives nothing.
	DelegateNever DelegationPolicy = "never"
	// DelegateOnRequest gives what a client says that it can work with.
	DelegateOnRequest DelegationPolicy = "on-request"
	// DelegateAlways gives to those who say nothing, too.
	DelegateAlways DelegationPolicy = "always"
)

// Offers reports whether a client that named these ways is given access by one of
// them. Without ways it said nothing.
func (p DelegationPolicy) Offers(way Way, named []Way) bool {
	switch {
	case p == DelegateNever:
		return false
	case len(named) == 0:
		return p == DelegateAlways
	}
	return slices.Contains(named, way)
}

// Access is what a client is told.
type Access struct {
	// Config goes with the table's configuration.
	Config map[string]string
	// Credentials are for files below a prefix each.
	Credentials []StorageCredential
	// Expires is when the first of the credentials ends; zero when none does.
	Expires time.Time
	// RefreshKey is the configuration key under which clients look for where they
	// get new credentials; empty when these do not end.
	RefreshKey string
	// SignerKeys are the configuration keys under which clients look for where
	// they get requests signed; nil when they have keys of their own.
	SignerKeys []string
}

// StorageCredential is a key to the files below a prefix.
type StorageCredential struct {
	Prefix string
	Config map[string]string
}
