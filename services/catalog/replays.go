package catalog

import (
	"bytes"
	"context"

	"github.com/google/uuid"
)

// Replays remembers close by who is at work on an operation and how finished
// ones ended. It is a cache: it may forget at any instant, and what it cannot
// tell, the house table service can. None of its methods fails.
type Replays interface {
	// Reserve tells how the operation ended, or who is at work on it, or leaves
	// it to the claim's holder, who is to end it by Publish or Release.
	Reserve(ctx context.Context, claim Claim) Reservation
	// Publish makes the end of an operation known, off the request's path.
	Publish(ctx context.Context, claim Claim, outcome Outcome)
	// Release gives the operation back, its end unknown, if the holder has it.
	Release(ctx context.Context, claim Claim)
	// Name is how operators call it: "memory", "redis".
	Name() string
}

// Claim is one request that wants to be at work on an operation.
type Claim struct {
	Warehouse   string
	Operation   uuid.UUID
	Fingerprint []byte
	// Holder tells this request from others with the same key.
	Holder uuid.UUID
	// Epoch of the reservation; empty before there is one. What happened since
	// may be of a later epoch, and must not be told as of that.
	Epoch string
}

// Reservation is what is known of an operation: the zero one means that nobody
// else is at work on it, as far as anybody knows.
type Reservation struct {
	// Finished is how it ended; nil while it did not.
	Finished *Finished
	// Busy is the fingerprint of the request that is at work on it; nil when none is.
	Busy []byte
	// Epoch in which this was so; empty when it is not known.
	Epoch string
}

// Finished is an outcome with the fingerprint of its request.
type Finished struct {
	Fingerprint []byte  `json:"fingerprint"`
	Outcome     Outcome `json:"outcome"`
}

// Matches reports whether it is the outcome of a request with this fingerprint;
// one without a fingerprint is that of every request under its id.
func (f Finished) Matches(fingerprint []byte) bool {
	return len(f.Fingerprint) == 0 || bytes.Equal(f.Fingerprint, fingerprint)
}
