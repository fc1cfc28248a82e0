package rpc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/idempotency"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// keyedOperation has an id that begins as the key does, with its time, so that
// records stay in the order of time. Its fingerprint is of the request and of who
// sends it: nobody is answered with what somebody else did.
func keyedOperation(who, key string, c change) (id [16]byte, o housetable.Operation, err error) {
	if id, err = parseKey(key); err != nil {
		return id, o, err
	}
	sum := sha256.Sum256([]byte("house tables\x00" + c.warehouse + "\x00" + strings.ToLower(key)))
	o.Kind, o.ID = kindOf(c.method), id
	copy(o.ID[6:], sum[:])
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(c.request)
	if err != nil {
		return id, o, fault.Wrap(fault.Invalid, err, "the request cannot be read")
	}
	if who != "" {
		who += "\x00"
	}
	fingerprint := sha256.Sum256(append([]byte(who+c.method.MethodName+"\x00"), encoded...))
	o.Fingerprint = fingerprint[:]
	return id, o, nil
}

func parseKey(key string) (id [16]byte, err error) {
	wrong := fault.Field("Idempotency-Key", "must be a UUID of 36 characters")
	if len(key) != 36 || key[8] != '-' || key[13] != '-' || key[18] != '-' || key[23] != '-' {
		return id, wrong
	}
	n, err := hex.Decode(id[:], []byte(strings.ReplaceAll(key, "-", "")))
	if err != nil || n != len(id) {
		return id, wrong
	}
	return id, nil
}

// recall is what is known of an operation whose key may be too old. A warehouse
// that is not there may have been, and its records with it.
func (r replayed) recall(ctx context.Context, warehouse string, id housetable.UUID) idempotency.Memory[housetable.RecordedOperation] {
	return idempotency.Memory[housetable.RecordedOperation]{
		Kept: r.kept,
		Born: func() (time.Time, error) {
			w, err := r.store.Warehouse(ctx, warehouse)
			if fault.Is(err, fault.NoSuchWarehouse) {
				return time.Time{}, nil
			}
			return w.CreatedAt, err
		},
		Record: func() (*housetable.RecordedOperation, error) {
			recorded, err := r.store.Operation(ctx, warehouse, id)
			if fault.Is(err, fault.NoSuchOperation) || fault.Is(err, fault.NoSuchWarehouse) {
				return nil, nil //nolint:nilnil // none is no error
			}
			return &recorded, err
		},
	}
}
