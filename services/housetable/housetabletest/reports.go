package housetabletest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// report is one that was taken n milliseconds after the beginning of time.
func report(table string, n int) housetable.Report {
	id := housetable.ReportIDAt(time.UnixMilli(int64(n)))
	id[6], id[15] = 0x70, 1
	return housetable.Report{
		ID: id, Key: key(table), Type: "scan-report", Body: fmt.Sprintf(`{"n":%d,"odd":"\u0000"}`, n), Principal: "alice", RequestID: "r",
	}
}

func (b *bench) record(t testing.TB, want int64, reports ...housetable.Report) {
	t.Helper()
	if n, err := b.RecordReports(t.Context(), house, reports); err != nil || n != want {
		t.Fatalf("recorded %d, %v, want %d", n, err, want)
	}
}

// reported reads all pages of a query.
func (b *bench) reported(t testing.TB, q housetable.ReportQuery) []housetable.Report {
	t.Helper()
	q.Warehouse = house
	var all []housetable.Report
	for range 100 {
		page, next, err := b.Reports(t.Context(), q)
		if err != nil || len(page) > q.Limit {
			t.Fatalf("a page of %d, %v", len(page), err)
		}
		all = append(all, page...)
		if next == (housetable.UUID{}) {
			return all
		}
		q.Before = next
	}
	t.Fatal("there is no end to it")
	return nil
}

// reports: those of tables that exist are kept once, with their table, and read
// by table and time.
func reports(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 2)
	b.do(t, housetable.CreateTable{Key: key("v"), Kind: housetable.KindView, MetadataLocation: "/v/1"})
	kept := make([]housetable.Report, 0, 5)
	for n := range 5 {
		kept = append(kept, report("t0", 5-n))
	}
	for range 2 { // the second time nothing is new
		b.record(t, 6, append([]housetable.Report{report("t1", 9), report("v", 1), report("none", 1)}, kept...)...)
	}
	b.record(t, 0, report("none", 2))
	b.record(t, 0)
	table := b.table(t, key("t0")).UUID
	for _, q := range []housetable.ReportQuery{{Limit: 100, Bytes: 1 << 20}, {Limit: 2, Bytes: 1 << 20}, {Limit: 5, Bytes: 1 << 20}, {Limit: 4, Bytes: 1}} {
		q.UUID = table
		if diff := cmp.Diff(kept, b.reported(t, q)); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", q.Limit, diff)
		}
	}
	between := housetable.ReportQuery{
		UUID: table, Limit: 100, Bytes: 1 << 20,
		Since: housetable.ReportIDAt(time.UnixMilli(2)), Before: housetable.ReportIDAt(time.UnixMilli(4)),
	}
	if diff := cmp.Diff(kept[2:4], b.reported(t, between)); diff != "" {
		t.Errorf("by time (-want +got):\n%s", diff)
	}
	b.do(t, housetable.DropTable{Key: key("t0")})
	b.record(t, 0, report("t0", 6))
	if left := b.reported(t, housetable.ReportQuery{UUID: table, Limit: 100, Bytes: 1 << 20}); len(left) != len(kept) {
		t.Errorf("%d reports of a table that was dropped, want %d", len(left), len(kept))
	}
	_, err := b.RecordReports(t.Context(), "nowhere", kept)
	wantKind(t, err, fault.NoSuchWarehouse)
	_, _, err = b.Reports(t.Context(), housetable.ReportQuery{Warehouse: "nowhere", UUID: table, Limit: 1})
	wantKind(t, err, fault.NoSuchWarehouse)
	b.record(t, 1, housetable.Report{ID: report("t1", 10).ID, Key: key("t1"), Type: "t", Body: strings.Repeat("x", 256<<10)})
}

// forgottenReports: by the time they were recorded, not by what their ids tell.
func forgottenReports(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	for n := range 5 {
		b.record(t, 1, report("t0", n+1))
	}
	if n, err := b.ForgetReports(t.Context(), time.Hour, 100); err != nil || n != 0 {
		t.Fatalf("forgot %d too early, %v", n, err)
	}
	until(t, 5, func() (int64, error) {
		n, err := b.ForgetReports(t.Context(), 0, 2)
		if n > 2 {
			t.Fatalf("%d rows in one sweep of two", n)
		}
		return n, err
	})
	if left := b.reported(t, housetable.ReportQuery{UUID: b.table(t, key("t0")).UUID, Limit: 10, Bytes: 1 << 20}); len(left) > 0 {
		t.Errorf("%d are left", len(left))
	}
}
