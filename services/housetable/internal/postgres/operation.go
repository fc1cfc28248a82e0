package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// The lock makes the read wait, like a commit, for the standbys that commits wait
// for. A record whose own commit was cancelled while it waited for them is seen
// here, and would be gone after a failover although it was answered from.
const selectOperations = `SELECT op_id, fingerprint, kind, status, locations, body, recorded_at
	FROM operation WHERE warehouse_id = $1 AND op_id = ANY($2::uuid[]) FOR KEY SHARE`

func scanOperation(r pgx.CollectableRow) (o housetable.RecordedOperation, err error) {
	var id [16]byte
	var locations string
	if err := r.Scan(&id, &o.Fingerprint, &o.Kind, &o.Outcome.Status, &locations, &o.Outcome.Body, &o.RecordedAt); err != nil {
		return o, err
	}
	o.ID = id
	o.RecordedAt = o.RecordedAt.UTC()
	err = json.Unmarshal([]byte(locations), &o.Outcome.MetadataLocations)
	return o, err
}

// Operation returns the record of an operation.
func (s *Store) Operation(ctx context.Context, warehouse string, id housetable.UUID) (housetable.RecordedOperation, error) {
	found, err := s.operations(ctx, warehouse, id)
	if err != nil {
		return housetable.RecordedOperation{}, err
	}
	if len(found) == 0 {
		return housetable.RecordedOperation{}, s.missing(ctx, warehouse, housetable.NoSuchOperation(id))
	}
	return found[0], nil
}

// Operations returns the records of operations.
func (s *Store) Operations(ctx context.Context, warehouse string, ids []housetable.UUID) ([]housetable.RecordedOperation, error) {
	found, err := s.operations(ctx, warehouse, ids...)
	if err == nil && len(found) == 0 {
		err = s.missing(ctx, warehouse, nil)
	}
	return found, err
}

func (s *Store) operations(ctx context.Context, warehouse string, ids ...housetable.UUID) ([]housetable.RecordedOperation, error) {
	wanted := make([][16]byte, len(ids))
	for i, id := range ids {
		wanted[i] = id
	}
	return query(ctx, s, scanOperation, "read operations", selectOperations, warehouse, wanted)
}
