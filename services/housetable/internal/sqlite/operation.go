package sqlite

import (
	"context"
	"encoding/json"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const selectOperation = `SELECT op_id, fingerprint, kind, status, locations, body, recorded_at
	FROM operation WHERE warehouse_id = ? AND op_id = ?`

func scanOperation(r row) (o housetable.RecordedOperation, err error) {
	var id []byte
	var locations string
	var at int64
	if err := r.Scan(&id, &o.Fingerprint, &o.Kind, &o.Outcome.Status, &locations, &o.Outcome.Body, &at); err != nil {
		return o, err
	}
	copy(o.ID[:], id)
	o.RecordedAt = instant(at)
	err = json.Unmarshal([]byte(locations), &o.Outcome.MetadataLocations)
	return o, err
}

// Operation returns the record of an operation.
func (s *Store) Operation(ctx context.Context, warehouse string, id housetable.UUID) (housetable.RecordedOperation, error) {
	o, err := find(ctx, s, scanOperation, selectOperation, warehouse, id[:])
	if err != nil {
		return housetable.RecordedOperation{}, err
	}
	if o == nil {
		return housetable.RecordedOperation{}, s.missing(ctx, warehouse, housetable.NoSuchOperation(id))
	}
	return *o, nil
}

// Operations returns the records of operations.
func (s *Store) Operations(ctx context.Context, warehouse string, ids []housetable.UUID) ([]housetable.RecordedOperation, error) {
	var found []housetable.RecordedOperation
	for _, id := range ids {
		o, err := find(ctx, s, scanOperation, selectOperation, warehouse, id[:])
		if err != nil {
			return nil, err
		}
		if o != nil {
			found = append(found, *o)
		}
	}
	if len(found) == 0 {
		return nil, s.missing(ctx, warehouse, nil)
	}
	return found, nil
}
