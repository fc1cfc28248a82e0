package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	warehouseColumns = `warehouse_id, location, properties, case_insensitive, storage, version, created_at`
	selectWarehouse  = `SELECT ` + warehouseColumns + ` FROM warehouse WHERE warehouse_id = $1`
	insertWarehouse  = `INSERT INTO warehouse (warehouse_id, location, properties, case_insensitive, storage, version)
		VALUES ($1, $2, $3::text::jsonb, $4, $5::text::jsonb, 1) ON CONFLICT DO NOTHING RETURNING ` + warehouseColumns
	updateWarehouse = `UPDATE warehouse SET version = version + 1, properties = (properties - $3::text[]) || $2::text::jsonb,
			storage = coalesce($5::text::jsonb, storage)
		WHERE warehouse_id = $1 AND ($4::bigint = 0 OR version = $4) RETURNING ` + warehouseColumns

	// The head of the grants, which go with their warehouse, is locked before the
	// warehouse, as by those who make namespaces.
	deleteWarehouse = `WITH held AS MATERIALIZED (SELECT 1 FROM access_head WHERE warehouse_id = $1 FOR UPDATE)
		DELETE FROM warehouse WHERE warehouse_id = $1 AND ($2::bigint = 0 OR version = $2) AND 0 <= (SELECT count(*) FROM held)`

	// Whoever gives a warehouse a place waits for the others who do. Nothing else
	// does: what refers to a warehouse locks its row alone.
	lockRoots     = `LOCK TABLE warehouse IN SHARE ROW EXCLUSIVE MODE`
	selectOverlap = `SELECT m.root, w.warehouse_id, r.root FROM warehouse w
		CROSS JOIN LATERAL jsonb_array_elements_text(w.storage->'roots') AS r(root) CROSS JOIN unnest($2::text[]) AS m(root)
		WHERE w.warehouse_id <> $1 AND (starts_with(r.root || '/', m.root || '/') OR starts_with(m.root || '/', r.root || '/'))
		ORDER BY w.warehouse_id, r.root, m.root LIMIT 1`
)

// overlap is a root that another warehouse has.
type overlap struct{ Mine, Warehouse, Other string }

func scanWarehouse(r pgx.CollectableRow) (w housetable.Warehouse, err error) {
	err = r.Scan(&w.Name, &w.Location, &w.Properties, &w.CaseInsensitive, &w.Storage, &w.Version, &w.CreatedAt)
	w.CreatedAt = w.CreatedAt.UTC()
	return w, err
}

// missing is the error of a row that is not there: the warehouse's, if that is
// what does not exist, else what.
func (s *Store) missing(ctx context.Context, warehouse string, what error) error {
	if _, err := s.Warehouse(ctx, warehouse); err != nil {
		return err
	}
	return what
}

// placed runs a change that gives a warehouse storage, if it does, when no other
// has any of its roots.
func (s *Store) placed(ctx context.Context, name string, storage *housetable.Storage, change func(*Store) error) error {
	if storage == nil {
		return change(s)
	}
	return s.transact(ctx, "place warehouse", func(t *Store) error {
		if _, err := t.pool.Exec(ctx, lockRoots); err != nil {
			return classify(err, "lock warehouses")
		}
		found, err := query(ctx, t, pgx.RowToStructByPos[overlap], "read roots", selectOverlap, name, storage.Roots)
		switch {
		case err != nil:
			return err
		case len(found) > 0:
			return housetable.OverlappingWarehouse(found[0].Mine, found[0].Warehouse, found[0].Other)
		}
		return change(t)
	})
}

// CreateWarehouse returns the warehouse as stored.
func (s *Store) CreateWarehouse(ctx context.Context, w housetable.Warehouse) (stored housetable.Warehouse, err error) {
	err = s.placed(ctx, w.Name, w.Storage, func(t *Store) error {
		stored, err = t.createWarehouse(ctx, w)
		return err
	})
	return stored, err
}

func (s *Store) createWarehouse(ctx context.Context, w housetable.Warehouse) (housetable.Warehouse, error) {
	storage, err := jsonOrNull(w.Storage)
	if err != nil {
		return w, err
	}
	stored, err := write(ctx, s, scanWarehouse, "create warehouse", insertWarehouse,
		w.Name, w.Location, jsonMap(w.Properties), w.CaseInsensitive, storage)
	if err != nil {
		return w, err
	}
	if len(stored) == 0 {
		return w, housetable.WarehouseExists(w.Name)
	}
	return stored[0], nil
}

// Warehouse returns one warehouse.
func (s *Store) Warehouse(ctx context.Context, name string) (housetable.Warehouse, error) {
	found, err := query(ctx, s, scanWarehouse, "read warehouse", selectWarehouse, name)
	if err != nil {
		return housetable.Warehouse{}, err
	}
	if len(found) == 0 {
		return housetable.Warehouse{}, housetable.NoSuchWarehouse(name)
	}
	return found[0], nil
}

// ListWarehouses returns a page in the order of names.
func (s *Store) ListWarehouses(ctx context.Context, p housetable.Page) ([]housetable.Warehouse, string, error) {
	warehouses, err := query(ctx, s, scanWarehouse, "list warehouses",
		"SELECT "+warehouseColumns+" FROM warehouse WHERE warehouse_id > $1 ORDER BY warehouse_id LIMIT $2", p.After, p.Limit+1)
	if err != nil || len(warehouses) <= p.Limit {
		return warehouses, "", err
	}
	warehouses = warehouses[:p.Limit]
	return warehouses, warehouses[p.Limit-1].Name, nil
}

// UpdateWarehouse changes properties, each key for itself, and storage as a whole.
func (s *Store) UpdateWarehouse(ctx context.Context, u housetable.WarehouseUpdate) (stored housetable.Warehouse, err error) {
	err = s.placed(ctx, u.Name, u.Storage, func(t *Store) error {
		stored, err = t.updateWarehouse(ctx, u)
		return err
	})
	return stored, err
}

func (s *Store) updateWarehouse(ctx context.Context, u housetable.WarehouseUpdate) (housetable.Warehouse, error) {
	storage, err := jsonOrNull(u.Storage)
	if err != nil {
		return housetable.Warehouse{}, err
	}
	removals := u.Removals
	if removals == nil {
		removals = []string{}
	}
	stored, err := write(ctx, s, scanWarehouse, "update warehouse", updateWarehouse, u.Name, jsonMap(u.Updates), removals, u.ExpectedVersion, storage)
	if err != nil {
		return housetable.Warehouse{}, err
	}
	if len(stored) > 0 {
		return stored[0], nil
	}
	w, err := s.Warehouse(ctx, u.Name)
	if err != nil {
		return w, err
	}
	return w, housetable.StaleWarehouse(u.Name, u.ExpectedVersion, w.Version)
}

// DeleteWarehouse deletes an empty warehouse; the foreign keys of what it holds refuse.
func (s *Store) DeleteWarehouse(ctx context.Context, name string, expectedVersion int64) error {
	tag, err := s.pool.Exec(ctx, deleteWarehouse, name, expectedVersion)
	switch {
	case sqlState(err) == foreignKeyViolation:
		return housetable.WarehouseNotEmpty(name)
	case err != nil:
		return classify(err, "delete warehouse")
	case tag.RowsAffected() > 0:
		return nil
	}
	w, err := s.Warehouse(ctx, name)
	if err != nil {
		return err
	}
	return housetable.StaleWarehouse(name, expectedVersion, w.Version)
}

// jsonOrNull is nil, NULL, for nothing.
func jsonOrNull(s *housetable.Storage) (*string, error) {
	if s == nil {
		return nil, nil //nolint:nilnil // NULL
	}
	text, err := encodeJSON(s)
	return &text, err
}
