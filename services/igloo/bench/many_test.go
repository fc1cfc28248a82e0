package bench

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/load"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

const (
	few  = 1_000
	many = 1_000_000
	wide = "wide"
	// copied makes more tables like the first one, of the same metadata.
	copied = `INSERT INTO house_table (warehouse_id, database_key, family, table_key, database_id, table_id, kind, uuid, version, metadata_location, storage_type)
		SELECT warehouse_id, database_key, family, 't' || i, database_id, 't' || i, kind, gen_random_uuid(), version, metadata_location, storage_type
		FROM house_table, generate_series(0, %d) i WHERE table_id = 'first'`
)

// amongMany loads any tables of a warehouse of few, and of one of many.
func amongMany(b *testing.B, run *report.Run) {
	b.Helper()
	began := time.Now()
	ready := []*entry{
		loading(b, onFiles(b, report.FewTables, "shared_buffers=1GB"), few),
		loading(b, onFiles(b, report.ManyTables, "shared_buffers=1GB"), many),
	}
	for _, e := range ready {
		if _, err := e.take(b.Context(), load.Plan{Connections: report.Sixteen, Duration: *warm}); err != nil {
			b.Fatal(err)
		}
	}
	everybody(b, run, ready, report.Sixteen)
	b.Logf("%s: %.0f s", report.AmongMany, time.Since(began).Seconds())
}

// loading fills a contestant with tables and loads them, in an order that no two
// neighbours are in.
func loading(b *testing.B, c *contestant, tables int) *entry {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	if _, err := load.OneTable(ctx, c.target, wide); err != nil {
		b.Fatal(err)
	}
	c.execute(b, fmt.Sprintf(copied, tables-1), "VACUUM ANALYZE", "CHECKPOINT")
	names := make([]string, tables)
	const prime = 611_953
	for i := range names {
		names[i] = "t" + strconv.Itoa(i*prime%tables)
	}
	catalog, err := load.Open(ctx, c.target, report.Sixteen)
	if err != nil {
		b.Fatal(err)
	}
	e := c.enter(report.AmongMany, report.Sixteen, looped(catalog.Load(wide, names)))
	e.leave = catalog.Close
	return e
}
