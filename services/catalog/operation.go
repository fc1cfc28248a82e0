package catalog

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Request is what every use case needs to know of who asks.
type Request struct {
	// Warehouse by name; never empty.
	Warehouse string
	// Kind is the OpenAPI operationId.
	Kind string
	// Key is the Idempotency-Key; empty when the client sent none.
	Key string
	// Fingerprint of the request, where there is a key.
	Fingerprint []byte
	// Principal on whose behalf it is done.
	Principal string
	// ID under which it is logged.
	ID string
}

// keyed reports whether the client can send the very same request again.
func (r Request) keyed() bool { return r.Key != "" }

// firstFile is the number of the first metadata file that is written for the
// request. Under a key others may come and write as well: no two of them share a
// name, so that a deletion which arrives late finds nobody else's file.
func (r Request) firstFile() int {
	if !r.keyed() {
		return 0
	}
	return rand.N(1 << 30) //nolint:gosec // no secret
}

// Validate refuses a key that is none.
func (r Request) Validate() error {
	_, err := r.operation()
	return err
}

// operation gives the request its identity: the key's, or a new one.
func (r Request) operation() (Operation, error) {
	if !r.keyed() {
		id, err := uuid.NewV7()
		if err != nil {
			return Operation{}, fmt.Errorf("make operation id: %w", err)
		}
		return Operation{ID: id, Fingerprint: id[:], Kind: r.Kind}, nil
	}
	id, err := operationID(r.Warehouse, r.Key)
	if err != nil {
		return Operation{}, err
	}
	return Operation{ID: id, Fingerprint: r.Fingerprint, Kind: r.Kind}, nil
}

// operationID keeps the key's timestamp, so that records stay in the order of
// time, and binds the rest to the warehouse, so that file names tell no keys.
func operationID(warehouse, key string) (uuid.UUID, error) {
	if len(key) != 36 {
		return uuid.Nil, fault.Field("Idempotency-Key", "must be a UUID of 36 characters")
	}
	id, err := uuid.Parse(key)
	if err != nil {
		return uuid.Nil, fault.Field("Idempotency-Key", "must be a UUID of 36 characters")
	}
	sum := sha256.Sum256([]byte(warehouse + "\x00" + strings.ToLower(key)))
	copy(id[6:], sum[:])
	return id, nil
}

// derivedUUID is a table's or view's UUID, made of the operation that creates
// it: a create that is sent again under its key stages the same table at the
// same location, with nothing stored.
func derivedUUID(op Operation) uuid.UUID {
	sum := sha256.Sum256(append([]byte("table-uuid:"), op.ID[:]...))
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
