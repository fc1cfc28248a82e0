// Package objectstore owns the way to files: one interface over every place
// where a warehouse may lie, addressed by the locations that stand in Iceberg
// metadata.
//
// It promises that Create never overwrites and that what it created survives a
// crash of the machine; that a missing object is ErrNotFound everywhere; that
// no location leads out of the roots a store was opened with; and that no error
// carries a byte of an object's content.
package objectstore

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Errors that callers act on; test for them with errors.Is.
var (
	// ErrNotFound means that there is no object at the location.
	ErrNotFound = errors.New("no object at this location")
	// ErrExists means that an object is at the location already; it was not touched.
	ErrExists = errors.New("an object is at this location already")
)

// Object is what a store knows about an object without reading it.
type Object struct {
	// Location in the spelling of the request.
	Location string
	// Size in bytes.
	Size int64
	// Modified is the store's time of the object's creation.
	Modified time.Time
}

// Store holds immutable objects. All methods are safe for concurrent use and
// end when their context does. A location that the store does not serve is a
// fault.Invalid, a scheme that it does not know a fault.Unsupported.
type Store interface {
	// Read returns the object's bytes, which the caller owns; ErrNotFound when
	// there is none, fault.TooLarge when it is over the store's limit.
	Read(ctx context.Context, location string) ([]byte, error)
	// Stat returns what is known about the object; ErrNotFound when there is none.
	Stat(ctx context.Context, location string) (Object, error)
	// Create writes a new object, whole or not at all; ErrExists when there is
	// one, fault.Forbidden when the store does not let us, and fault.Invalid when no
	// object can be there. Any other error leaves open whether the object is there.
	Create(ctx context.Context, location string, data []byte) error
	// Delete removes objects; those that are not there are passed over. After an
	// error some of them may be gone.
	Delete(ctx context.Context, locations ...string) error
	// List yields the objects whose locations begin with prefix, in no order.
	// A prefix without objects yields nothing.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
}
