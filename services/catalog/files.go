package catalog

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// Files is what the catalog needs of storage: an objectstore.Store has it.
type Files interface {
	// Read returns an object's bytes; objectstore.ErrNotFound when there is none.
	Read(ctx context.Context, location string) ([]byte, error)
	// Stat returns what is known about an object; objectstore.ErrNotFound when there is none.
	Stat(ctx context.Context, location string) (objectstore.Object, error)
	// Create writes a new object; objectstore.ErrExists when there is one.
	Create(ctx context.Context, location string, data []byte) error
	// Delete removes objects.
	Delete(ctx context.Context, locations ...string) error
}
