package housetabletest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// dropSoftly makes one soft-deleted generation.
func (b *bench) dropSoftly(t testing.TB, table string, purgeAfter int64) housetable.Table {
	t.Helper()
	b.do(t, create(table))
	return *b.do(t, housetable.DropTable{Key: key(table), Soft: true, PurgeAfterMS: purgeAfter}).Results[0].Table
}

func (b *bench) softDeleted(t testing.TB, q housetable.SoftDeletedQuery) []housetable.Table {
	t.Helper()
	q.Warehouse, q.DatabaseID = house, "db"
	if q.Limit == 0 {
		q.Limit = 2
	}
	total, err := b.CountSoftDeleted(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var all []housetable.Table
	for {
		found, next, err := b.ListSoftDeleted(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
		if q.After = next; next == "" {
			break
		}
	}
	if q.Skip == 0 && int(total) != len(all) {
		t.Fatalf("counted %d, listed %d", total, len(all))
	}
	return all
}

func softDeletedLists(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	b1, a1, b2 := b.dropSoftly(t, "b", 10), b.dropSoftly(t, "a", 30), b.dropSoftly(t, "b", 20)
	b.do(t, housetable.CreateTable{Key: key("v"), Kind: housetable.KindView, MetadataLocation: "/v"})
	v := *b.do(t, housetable.DropTable{Key: key("v"), Soft: true, PurgeAfterMS: 5}).Results[0].Table
	for name, c := range map[string]struct {
		q    housetable.SoftDeletedQuery
		want []housetable.Table
	}{
		"all":           {housetable.SoftDeletedQuery{}, []housetable.Table{a1, b1, b2, v}},
		"one a page":    {housetable.SoftDeletedQuery{Page: housetable.Page{Limit: 1}}, []housetable.Table{a1, b1, b2, v}},
		"tables":        {housetable.SoftDeletedQuery{Kind: housetable.KindTable}, []housetable.Table{a1, b1, b2}},
		"one name":      {housetable.SoftDeletedQuery{TableID: "b"}, []housetable.Table{b1, b2}},
		"generation":    {housetable.SoftDeletedQuery{TableID: "b", DeletedAtMS: b2.DeletedAtMS}, []housetable.Table{b2}},
		"strictly less": {housetable.SoftDeletedQuery{PurgeBefore: new(int64(20))}, []housetable.Table{b1, v}},
		"skipped":       {housetable.SoftDeletedQuery{Skip: 3, Page: housetable.Page{Limit: 5}}, []housetable.Table{v}},
		"by purge":      {housetable.SoftDeletedQuery{Order: housetable.ByPurge, Page: housetable.Page{Limit: 9}}, []housetable.Table{v, b1, b2, a1}},
	} {
		if diff := cmp.Diff(c.want, b.softDeleted(t, c.q)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	_, _, err := b.ListSoftDeleted(t.Context(), housetable.SoftDeletedQuery{Warehouse: house, DatabaseID: "db", Page: housetable.Page{Limit: 1, After: "x"}})
	wantKind(t, err, fault.Invalid)
	_, _, err = b.ListSoftDeleted(t.Context(), housetable.SoftDeletedQuery{Warehouse: "nowhere", DatabaseID: "db", Page: housetable.Page{Limit: 1}})
	wantKind(t, err, fault.NoSuchWarehouse)
	_, err = b.CountSoftDeleted(t.Context(), housetable.SoftDeletedQuery{Warehouse: "nowhere", DatabaseID: "db"})
	wantKind(t, err, fault.NoSuchWarehouse)
}

func purges(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	b.dropSoftly(t, "b", 10)
	a1, b2 := b.dropSoftly(t, "a", 30), b.dropSoftly(t, "b", 20)
	purge := func(p housetable.Purge, want int64) {
		t.Helper()
		p.Warehouse, p.Key = house, key("b")
		if n, err := b.PurgeSoftDeleted(t.Context(), p); err != nil || n != want {
			t.Fatalf("purged %d, %v; want %d", n, err, want)
		}
	}
	purge(housetable.Purge{Before: new(int64(10))}, 0)
	purge(housetable.Purge{Kind: housetable.KindView}, 0)
	purge(housetable.Purge{Kind: housetable.KindTable, Before: new(int64(20))}, 1)
	if diff := cmp.Diff([]housetable.Table{a1, b2}, b.softDeleted(t, housetable.SoftDeletedQuery{})); diff != "" {
		t.Fatalf("left (-want +got):\n%s", diff)
	}
	purge(housetable.Purge{}, 1)
	purge(housetable.Purge{}, 0)
	if diff := cmp.Diff([]housetable.Table{a1}, b.softDeleted(t, housetable.SoftDeletedQuery{})); diff != "" {
		t.Fatalf("left (-want +got):\n%s", diff)
	}
	_, err := b.PurgeSoftDeleted(t.Context(), housetable.Purge{Warehouse: "nowhere", Key: key("b")})
	wantKind(t, err, fault.NoSuchWarehouse)
}
