package housetabletest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// countedPages: lists that are sorted by something, skipped into and counted.
func countedPages(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3)
	b.do(t, swap("t1", 1, "/Z"))
	b.do(t, housetable.CreateTable{Key: key("a"), Kind: housetable.KindTable, MetadataLocation: "/é", StorageType: "hdfs", CreationTimeMS: new(int64(7))})
	b.do(t, housetable.CreateTable{Key: key("v"), Kind: housetable.KindView, MetadataLocation: "/v"})
	for name, c := range map[string]struct {
		q     housetable.TableQuery
		want  []string
		total int64
	}{
		"by key":      {housetable.TableQuery{}, []string{"a", "t0", "t1", "t2"}, 4},
		"skipped":     {housetable.TableQuery{Skip: 2}, []string{"t1", "t2"}, 4},
		"beyond":      {housetable.TableQuery{Skip: 9}, nil, 4},
		"matched":     {housetable.TableQuery{Match: housetable.NameMatch{Text: "t", AnyAfter: true}, Skip: 1}, []string{"t1", "t2"}, 3},
		"by location": {housetable.TableQuery{Order: housetable.ByMetadataLocation}, []string{"t1", "t0", "t2", "a"}, 4},
		"by creation": {housetable.TableQuery{Order: housetable.ByCreationTime}, []string{"t0", "t1", "t2", "a"}, 4},
		"by version":  {housetable.TableQuery{Order: housetable.ByVersion, Skip: 1}, []string{"t0", "t2", "t1"}, 4},
		"by storage":  {housetable.TableQuery{Order: housetable.ByStorageType}, []string{"a", "t0", "t1", "t2"}, 4},
	} {
		c.q.Warehouse, c.q.DatabaseID, c.q.Kind, c.q.Limit = house, "db", housetable.KindTable, 9
		if diff := cmp.Diff(c.want, b.listAll(t, c.q, func() {})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if total, err := b.CountTables(t.Context(), c.q); err != nil || total != c.total {
			t.Errorf("%s: counted %d, %v; want %d", name, total, err, c.total)
		}
	}
	if total, err := b.CountTables(t.Context(), housetable.TableQuery{Warehouse: house, DatabaseID: "none", Kind: housetable.KindTable}); err != nil || total != 0 {
		t.Errorf("a database that is not there has %d tables, %v", total, err)
	}
	_, err := b.CountTables(t.Context(), housetable.TableQuery{Warehouse: "nowhere", DatabaseID: "db", Kind: housetable.KindTable})
	wantKind(t, err, fault.NoSuchWarehouse)
	countedNamespaces(t, b)
}

func countedNamespaces(t *testing.T, b *bench) {
	t.Helper()
	for _, id := range []string{"db.x", "db.y", "other"} {
		b.do(t, housetable.CreateNamespace{DatabaseID: id})
	}
	for parent, last := range map[string]string{"": "other", "db": "db.y"} {
		q := housetable.NamespaceQuery{Warehouse: house, ParentID: parent, Skip: 1, Page: housetable.Page{Limit: 5}}
		found, next, err := b.ListNamespaces(t.Context(), q)
		if err != nil || next != "" || len(found) != 1 || found[0].DatabaseID != last {
			t.Errorf("below %q: %+v, %q, %v", parent, found, next, err)
		}
		if total, err := b.CountNamespaces(t.Context(), q); err != nil || total != 2 {
			t.Errorf("below %q: counted %d, %v", parent, total, err)
		}
	}
	_, err := b.CountNamespaces(t.Context(), housetable.NamespaceQuery{Warehouse: "nowhere"})
	wantKind(t, err, fault.NoSuchWarehouse)
}
