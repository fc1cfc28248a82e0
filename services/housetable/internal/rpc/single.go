package rpc

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// commitOne makes one change under an operation of its own: a Replay says that
// the change was made and that the answer to its first delivery was lost.
func commitOne(ctx context.Context, commits Committer, warehouse, kind string, r proto.Message, change housetable.Change) (housetable.Verdict, error) {
	request, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the request cannot be read")
	}
	fingerprint := sha256.Sum256(request)
	return commits.Commit(ctx, housetable.Commit{
		Warehouse: warehouse,
		Operations: []housetable.Operation{{
			ID: newOperationID(time.Now()), Fingerprint: fingerprint[:], Kind: kind, Outcome: housetable.Outcome{Status: 200},
		}},
		Changes:   []housetable.Change{change},
		Principal: caller(ctx),
		RequestID: telemetry.RequestID(ctx),
	})
}

// newOperationID is a UUID of version 7: it begins with the time, so that the
// record is kept with those of its hour.
func newOperationID(now time.Time) (id housetable.UUID) {
	_, _ = rand.Read(id[8:]) // never fails
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(id[6:8])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}
