// Package idempotency owns what the age of an Idempotency-Key means.
//
// It promises that a request whose key is older than records are kept is answered
// from its record or not at all: it may have been applied and forgotten.
package idempotency

import (
	"encoding/binary"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Memory is what is known of requests that were made to a warehouse; R is a record.
type Memory[R any] struct {
	// Kept is for how long records are kept at least; 0 lets every key be of any age.
	Kept time.Duration
	// Born is when the warehouse was created. Before, no request to it was made,
	// whatever a key says: so that key tells no time.
	Born func() (time.Time, error)
	// Record returns what was recorded under the key, nil for nothing.
	Record func() (*R, error)
}

// Recall returns the record of a key (a UUID) that came at a time, if its age makes
// it necessary to look. Nil without an error lets the request through; Unavailable,
// never to be tried again, is the error of one that is too old to know of.
func (m Memory[R]) Recall(key [16]byte, at time.Time) (*R, error) {
	made, told := Made(key)
	if !told || m.Kept <= 0 || at.Sub(made) < m.Kept {
		return nil, nil //nolint:nilnil // nothing known is not an error
	}
	born, err := m.Born()
	if err != nil || made.Before(born) {
		return nil, err
	}
	record, err := m.Record()
	if err == nil && record == nil {
		err = tooOld(made, m.Kept)
	}
	return record, err
}

// Made is when a key was made; false when it is no UUID of version 7, which begins
// with the milliseconds since 1970 (RFC 9562, 5.7).
func Made(key [16]byte) (at time.Time, told bool) {
	if key[6]>>4 != 7 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(key[:8]) >> 16)), true
}

// tooOld says nothing of when to come again: it will not be better then.
func tooOld(made time.Time, kept time.Duration) error {
	e := fault.New(fault.Unavailable, "Idempotency-Key was made at %s, longer ago than outcomes are kept (%s): whether this request was applied is not known any more",
		made.UTC().Format(time.RFC3339), kept)
	e.RetryAfter = fault.Never
	return e
}
