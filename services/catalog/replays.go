package catalog

import (
	"bytes"
	"context"

	"github.com/google/uuid"
)

// Replays remembers finished outcomes close by. It is a cache: it may forget at
// any instant, and what it cannot tell, the house table service can.
type Replays interface {
	// Lookup returns what is known of an operation; nil when nothing is. It
	// never fails: a cache that is away knows nothing.
	Lookup(ctx context.Context, warehouse string, id uuid.UUID) *Finished
	// Publish makes a finished outcome known, off the request's path.
	Publish(ctx context.Context, warehouse string, id uuid.UUID, finished Finished)
}

// Finished is an outcome with the fingerprint of its request.
type Finished struct {
	Fingerprint []byte  `json:"fingerprint"`
	Outcome     Outcome `json:"outcome"`
}

// Matches reports whether it is the outcome of a request with this fingerprint.
func (f Finished) Matches(fingerprint []byte) bool { return bytes.Equal(f.Fingerprint, fingerprint) }
