package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/housetabletest"
)

// spread makes, of each table that belongs to warehouses, partitions by the hash of
// the warehouse. Postgres then holds the schema to what a database on many servers
// asks: that each unique key names the warehouse, and each statement finds its
// rows wherever they lie. Operations are partitioned already.
const spread = `DO $$
DECLARE
	t text;
	k record;
BEGIN
	CREATE TEMPORARY TABLE foreign_keys ON COMMIT DROP AS SELECT conrelid::regclass::text AS owner, conname, pg_get_constraintdef(oid) AS definition
		FROM pg_constraint WHERE contype = 'f' AND conparentid = 0;
	FOR k IN SELECT * FROM foreign_keys LOOP
		EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.owner, k.conname);
	END LOOP;
	FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT relispartition
			AND relname NOT IN ('access_role', 'goose_db_version', 'warehouse') LOOP
		EXECUTE format('ALTER TABLE %I RENAME TO former', t);
		EXECUTE format('CREATE TABLE %I (LIKE former INCLUDING ALL) PARTITION BY HASH (warehouse_id)', t);
		FOR n IN 0..3 LOOP
			EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 4, REMAINDER %s)', t || '_' || n, t, n);
		END LOOP;
		DROP TABLE former;
	END LOOP;
	FOR k IN SELECT * FROM foreign_keys LOOP
		EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.owner, k.conname, k.definition);
	END LOOP;
END $$`

func migrateSpread(ctx context.Context, url string) error {
	if err := Migrate(ctx, url); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, spread)
	return err
}

// TestSpreadStore is the suite on tables that are spread by warehouse.
func TestSpreadStore(t *testing.T) {
	t.Parallel()
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		return openOn(t, pgtest.New(t, migrateSpread), 4)
	})
}
