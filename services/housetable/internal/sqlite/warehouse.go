package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	selectWarehouse = `SELECT warehouse_id, location, properties, case_insensitive, storage, version, created_at FROM warehouse`
	insertWarehouse = `INSERT INTO warehouse (warehouse_id, location, properties, case_insensitive, storage, version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	updateWarehouse = `UPDATE warehouse SET properties = ?, storage = ?, version = ? WHERE warehouse_id = ?`
)

func scanWarehouse(r row) (w housetable.Warehouse, err error) {
	var properties string
	var storage *string
	var created int64
	if err := r.Scan(&w.Name, &w.Location, &properties, &w.CaseInsensitive, &storage, &w.Version, &created); err != nil {
		return w, err
	}
	if storage != nil {
		if err := json.Unmarshal([]byte(*storage), &w.Storage); err != nil {
			return w, err
		}
	}
	w.CreatedAt = instant(created)
	err = json.Unmarshal([]byte(properties), &w.Properties)
	return w, err
}

// CreateWarehouse returns the warehouse as stored.
func (s *Store) CreateWarehouse(ctx context.Context, w housetable.Warehouse) (housetable.Warehouse, error) {
	w.CreatedAt = s.now().Truncate(time.Microsecond).UTC()
	w.Version = 1
	if w.Properties == nil {
		w.Properties = map[string]string{}
	}
	properties, err := encodeJSON(w.Properties)
	if err != nil {
		return w, err
	}
	storage, err := jsonOrNull(w.Storage)
	if err != nil {
		return w, err
	}
	return w, s.writer.transact(ctx, func() error {
		if err := s.checkRoots(ctx, w.Name, w.Storage); err != nil {
			return err
		}
		result, err := s.writer.exec(ctx, insertWarehouse, w.Name, w.Location, properties, w.CaseInsensitive, storage, w.Version, micros(w.CreatedAt))
		return unlessAffected(result, err, housetable.WarehouseExists(w.Name))
	})
}

// checkRoots refuses storage of which another warehouse has a root.
func (s *Store) checkRoots(ctx context.Context, name string, storage *housetable.Storage) error {
	if storage == nil {
		return nil
	}
	rows, err := s.writer.query(ctx, selectWarehouse+" WHERE storage IS NOT NULL AND warehouse_id <> ? ORDER BY warehouse_id", name)
	others, err := all(scanWarehouse, rows, err)
	if err != nil {
		return err
	}
	for _, other := range others {
		if mine, theirs, found := storage.Overlaps(other.Storage); found {
			return housetable.OverlappingWarehouse(mine, other.Name, theirs)
		}
	}
	return nil
}

// jsonOrNull is nil, NULL, for nothing.
func jsonOrNull(s *housetable.Storage) (*string, error) {
	if s == nil {
		return nil, nil //nolint:nilnil // NULL
	}
	text, err := encodeJSON(s)
	return &text, err
}

// Warehouse returns one warehouse.
func (s *Store) Warehouse(ctx context.Context, name string) (housetable.Warehouse, error) {
	return warehouse(ctx, s, name)
}

func warehouse(ctx context.Context, q querier, name string) (housetable.Warehouse, error) {
	w, err := find(ctx, q, scanWarehouse, selectWarehouse+" WHERE warehouse_id = ?", name)
	if err != nil {
		return housetable.Warehouse{}, err
	}
	if w == nil {
		return housetable.Warehouse{}, housetable.NoSuchWarehouse(name)
	}
	return *w, nil
}

// ListWarehouses returns a page in the order of names.
func (s *Store) ListWarehouses(ctx context.Context, p housetable.Page) ([]housetable.Warehouse, string, error) {
	rows, err := s.query(ctx, selectWarehouse+" WHERE warehouse_id > ? ORDER BY warehouse_id LIMIT ?", p.After, p.Limit+1)
	warehouses, err := all(scanWarehouse, rows, err)
	if err != nil || len(warehouses) <= p.Limit {
		return warehouses, "", err
	}
	warehouses = warehouses[:p.Limit]
	return warehouses, warehouses[p.Limit-1].Name, nil
}

// UpdateWarehouse changes properties, each key for itself, and storage as a whole.
func (s *Store) UpdateWarehouse(ctx context.Context, u housetable.WarehouseUpdate) (w housetable.Warehouse, err error) {
	err = s.writer.transact(ctx, func() error {
		if w, err = warehouse(ctx, s.writer, u.Name); err != nil {
			return err
		}
		if u.ExpectedVersion != 0 && u.ExpectedVersion != w.Version {
			return housetable.StaleWarehouse(u.Name, u.ExpectedVersion, w.Version)
		}
		w.Properties = changed(w.Properties, u.Updates, u.Removals)
		if err := s.checkRoots(ctx, u.Name, u.Storage); err != nil {
			return err
		}
		if u.Storage != nil {
			w.Storage = u.Storage
		}
		w.Version++
		return s.writeWarehouse(ctx, w)
	})
	return w, err
}

func (s *Store) writeWarehouse(ctx context.Context, w housetable.Warehouse) error {
	properties, err := encodeJSON(w.Properties)
	if err != nil {
		return err
	}
	storage, err := jsonOrNull(w.Storage)
	if err != nil {
		return err
	}
	_, err = s.writer.exec(ctx, updateWarehouse, properties, storage, w.Version, w.Name)
	return err
}

// DeleteWarehouse deletes an empty warehouse; the foreign keys of what it holds refuse.
func (s *Store) DeleteWarehouse(ctx context.Context, name string, expectedVersion int64) error {
	return s.writer.transact(ctx, func() error {
		w, err := warehouse(ctx, s.writer, name)
		switch {
		case err != nil:
			return err
		case expectedVersion != 0 && expectedVersion != w.Version:
			return housetable.StaleWarehouse(name, expectedVersion, w.Version)
		}
		_, err = s.writer.exec(ctx, "DELETE FROM warehouse WHERE warehouse_id = ?", name)
		if violates(err) {
			return housetable.WarehouseNotEmpty(name)
		}
		return err
	})
}
