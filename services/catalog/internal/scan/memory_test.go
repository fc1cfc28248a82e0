package scan_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// watcher is a client that measures the heap while it reads.
type watcher struct {
	most    uint64
	written int
	next    int
}

func (w *watcher) Write(p []byte) (int, error) {
	if w.written += len(p); w.written >= w.next {
		w.next += 2 << 20
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		w.most = max(w.most, stats.HeapAlloc)
	}
	return len(p), nil
}

// TestPlanOfManyFilesIsStreamed plans 50,000 files of one manifest in one answer,
// and looks what that adds to the heap.
func TestPlanOfManyFilesIsStreamed(t *testing.T) {
	f := newFixture(t, unpartitioned)
	const files = 50_000
	rows := make([]row, files)
	for i := range rows {
		rows[i] = row{path: fmt.Sprintf("s3://bucket/warehouse/namespace/table/data/%032d.parquet", i), low: int64(i), high: int64(i), sequence: 1}
	}
	f.manifest(iceberg.ManifestContentData, rows...)
	f.finish()
	f.planner = f.open(scan.Settings{Key: "a key of the tests"})
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	w := &watcher{}
	f.must(f.planner.Plan(t.Context(), w, f.table, scan.Request{StatsFields: []string{"id"}}))
	grown := (int64(w.most) - int64(before.HeapAlloc)) >> 20
	t.Logf("%d files, answer of %d MB, heap grew by %d MB", files, w.written>>20, grown)
	if w.written < files*100 || grown > 100 {
		t.Errorf("answer of %d bytes, heap grew by %d MB", w.written, grown)
	}
}
