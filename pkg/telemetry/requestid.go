package telemetry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
)

// requestIDLimit is the longest request id taken over from a caller, in bytes.
const requestIDLimit = 128

type requestIDKey struct{}

// WithRequestID makes ctx carry the id under which a request is spoken of in
// answers, logs, traces and history. An id that is missing, over-long or not
// plain printable ASCII is replaced by a new one.
func WithRequestID(ctx context.Context, id string) context.Context {
	if !acceptable(id) {
		id = newRequestID()
	}
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id that ctx carries, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

func acceptable(id string) bool {
	if id == "" || len(id) > requestIDLimit {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

func newRequestID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}
