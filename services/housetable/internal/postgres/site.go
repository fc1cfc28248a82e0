package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// selectSites has a row for each key, in their order: none at all tells of no warehouse.
const selectSites = `SELECT ` + tableColumns + `, ` + namespaceColumns + `, w.warehouse_id, w.location, w.properties, w.case_insensitive,
		w.storage, w.version, w.created_at ` + wanted + `
	LEFT JOIN LATERAL (SELECT * FROM namespace n
		WHERE n.warehouse_id = w.warehouse_id AND n.database_key = CASE WHEN w.case_insensitive THEN u.dbf ELSE u.db END OFFSET 0) n ON true
	LEFT` + atEachWanted + ` ORDER BY u.number`

// siteRow is what there is at one key, with the texts of what other rows tell as well.
type siteRow struct {
	table     *housetable.Table
	warehouse housetable.Warehouse
	// namespace is nil where there is none.
	namespace *string
	version   *int64
	created   *time.Time

	namespaceProperties, warehouseProperties, storage []byte
}

// columnsOfTable are those of tableColumns.
const columnsOfTable = 11

func scanSite(r pgx.CollectableRow) (s siteRow, err error) {
	w := &s.warehouse
	rest := []any{
		&s.namespace, &s.namespaceProperties, &s.version, &s.created,
		&w.Name, &w.Location, &s.warehouseProperties, &w.CaseInsensitive, &s.storage, &w.Version, &w.CreatedAt,
	}
	if r.RawValues()[0] == nil {
		return s, r.Scan(append(make([]any, columnsOfTable), rest...)...)
	}
	t, err := scanTableAnd(r, rest...)
	s.table = &t
	return s, err
}

// Sites returns what is at the keys, and where they are.
func (s *Store) Sites(ctx context.Context, warehouse string, keys []housetable.TableKey) (housetable.Sites, error) {
	rows, err := query(ctx, s, scanSite, "read sites", selectSites, tableArgs(warehouse, keys)...)
	if err != nil {
		return housetable.Sites{}, err
	}
	if len(rows) == 0 {
		w, err := s.Warehouse(ctx, warehouse)
		return housetable.Sites{Warehouse: w}, err
	}
	sites, err := sitesOf(rows)
	if err != nil {
		return sites, fmt.Errorf("read sites: %w", err)
	}
	return sites, nil
}

// sitesOf reads what the rows share once.
func sitesOf(rows []siteRow) (housetable.Sites, error) {
	sites := housetable.Sites{NamespaceOf: make([]int, len(rows)), Tables: make([]*housetable.Table, len(rows))}
	var err error
	if sites.Warehouse, err = rows[0].inWarehouse(); err != nil {
		return sites, err
	}
	known := map[string]int{}
	for i, row := range rows {
		sites.Tables[i], sites.NamespaceOf[i] = row.table, -1
		if row.namespace == nil {
			continue
		}
		place, found := known[*row.namespace]
		if !found {
			n, err := row.inNamespace()
			if err != nil {
				return sites, err
			}
			place = len(sites.Namespaces)
			known[*row.namespace], sites.Namespaces = place, append(sites.Namespaces, n)
		}
		sites.NamespaceOf[i] = place
	}
	return sites, nil
}

func (s siteRow) inWarehouse() (housetable.Warehouse, error) {
	w := s.warehouse
	w.CreatedAt = w.CreatedAt.UTC()
	if err := json.Unmarshal(s.warehouseProperties, &w.Properties); err != nil || s.storage == nil {
		return w, err
	}
	return w, json.Unmarshal(s.storage, &w.Storage)
}

func (s siteRow) inNamespace() (housetable.Namespace, error) {
	n := housetable.Namespace{DatabaseID: *s.namespace, Version: *s.version, CreatedAt: s.created.UTC()}
	return n, json.Unmarshal(s.namespaceProperties, &n.Properties)
}
