package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	warehouseColumns = `warehouse_id, location, properties, case_insensitive, version, created_at`
	selectWarehouse  = `SELECT ` + warehouseColumns + ` FROM warehouse WHERE warehouse_id = $1`
	insertWarehouse  = `INSERT INTO warehouse (warehouse_id, location, properties, case_insensitive, version)
		VALUES ($1, $2, $3::text::jsonb, $4, 1) ON CONFLICT DO NOTHING RETURNING ` + warehouseColumns
	updateWarehouse = `UPDATE warehouse SET version = version + 1, properties = (properties - $3::text[]) || $2::text::jsonb
		WHERE warehouse_id = $1 AND ($4::bigint = 0 OR version = $4) RETURNING ` + warehouseColumns
)

func scanWarehouse(r pgx.CollectableRow) (w housetable.Warehouse, err error) {
	err = r.Scan(&w.Name, &w.Location, &w.Properties, &w.CaseInsensitive, &w.Version, &w.CreatedAt)
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

// CreateWarehouse returns the warehouse as stored.
func (s *Store) CreateWarehouse(ctx context.Context, w housetable.Warehouse) (housetable.Warehouse, error) {
	stored, err := write(ctx, s, scanWarehouse, "create warehouse", insertWarehouse, w.Name, w.Location, jsonMap(w.Properties), w.CaseInsensitive)
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

// UpdateWarehouse changes properties, each key for itself.
func (s *Store) UpdateWarehouse(ctx context.Context, u housetable.WarehouseUpdate) (housetable.Warehouse, error) {
	removals := u.Removals
	if removals == nil {
		removals = []string{}
	}
	stored, err := write(ctx, s, scanWarehouse, "update warehouse", updateWarehouse, u.Name, jsonMap(u.Updates), removals, u.ExpectedVersion)
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
	tag, err := s.pool.Exec(ctx, "DELETE FROM warehouse WHERE warehouse_id = $1 AND ($2::bigint = 0 OR version = $2)", name, expectedVersion)
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
