package housetabletest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// exported are all pages of an export, whatever their size.
func (b *bench) exported(t testing.TB, softDeleted bool, limit int) []housetable.ExportedTable {
	t.Helper()
	q := housetable.ExportQuery{Warehouse: house, SoftDeleted: softDeleted, Page: housetable.Page{Limit: limit}}
	var all []housetable.ExportedTable
	for {
		found, next, err := b.ExportTables(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > limit {
			t.Fatalf("a page of %d, want %d at most", len(found), limit)
		}
		if all = append(all, found...); next == "" {
			return all
		}
		q.After = next
	}
}

// exports: the whole of a warehouse, whatever its kinds and namespaces, with what
// each holds.
func exports(t *testing.T, b *bench) {
	t.Helper()
	uuid := housetable.UUID{1, 2, 3}
	b.do(t, housetable.CreateNamespace{DatabaseID: "db"}, housetable.CreateNamespace{DatabaseID: "a"})
	b.do(t, housetable.CreateNamespace{DatabaseID: "a.b"})
	in := func(database, table string, kind housetable.Kind) housetable.CreateTable {
		return housetable.CreateTable{
			Key:  housetable.TableKey{DatabaseID: database, TableID: table, Function: kind == housetable.KindFunction},
			Kind: kind, MetadataLocation: "/" + database + "/" + table, StorageType: "s3", CreationTimeMS: new(int64(7)),
		}
	}
	held := in("db", "t", housetable.KindTable)
	held.Location, held.MetadataUUID = "s3://w/db/t", &uuid
	creates := []housetable.CreateTable{
		in("a", "z", housetable.KindView), in("a.b", "a", housetable.KindTable), held, in("db", "v", housetable.KindView), in("db", "f", housetable.KindFunction),
	}
	want := make([]housetable.ExportedTable, 0, len(creates))
	for _, c := range creates {
		want = append(want, housetable.ExportedTable{Table: *b.do(t, c).Results[0].Table, Location: c.Location, MetadataUUID: c.MetadataUUID})
	}
	for _, limit := range []int{1, 2, 5, 9} {
		if diff := cmp.Diff(want, b.exported(t, false, limit)); diff != "" {
			t.Fatalf("pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	if found := b.exported(t, true, 9); len(found) != 0 {
		t.Fatalf("soft-deleted: %+v", found)
	}
	_, _, err := b.ExportTables(t.Context(), housetable.ExportQuery{Warehouse: "nowhere", Page: housetable.Page{Limit: 1}})
	wantKind(t, err, fault.NoSuchWarehouse)
	for _, after := range []string{"x", "a\nx\nt\n0", "a\n0\nt\nx"} {
		_, _, err = b.ExportTables(t.Context(), housetable.ExportQuery{Warehouse: house, Page: housetable.Page{Limit: 1, After: after}})
		wantKind(t, err, fault.Invalid)
	}
	b.exportsSoftDeleted(t)
}

// exportsSoftDeleted: what was soft-deleted still holds what it held, and is no
// more among those that exist.
func (b *bench) exportsSoftDeleted(t *testing.T) {
	t.Helper()
	locations := []string{"s3://w/db/1", "s3://w/db/2"}
	want := make([]housetable.ExportedTable, 0, len(locations)+1)
	for _, location := range locations {
		b.do(t, createAt("gone", location))
		dropped := b.do(t, housetable.DropTable{Key: key("gone"), Soft: true, PurgeAfterMS: 99})
		want = append(want, housetable.ExportedTable{Table: *dropped.Results[0].Table, Location: location})
	}
	b.do(t, housetable.CreateTable{Key: housetable.TableKey{DatabaseID: "db", TableID: "gone", Function: true}, Kind: housetable.KindFunction, MetadataLocation: "/f"})
	f := b.do(t, housetable.DropTable{Key: housetable.TableKey{DatabaseID: "db", TableID: "gone", Function: true}, Soft: true, PurgeAfterMS: 99})
	want = append(want, housetable.ExportedTable{Table: *f.Results[0].Table})
	for _, limit := range []int{1, 2, 9} {
		if diff := cmp.Diff(want, b.exported(t, true, limit)); diff != "" {
			t.Fatalf("soft-deleted, pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	if slices.ContainsFunc(b.exported(t, false, 9), func(e housetable.ExportedTable) bool { return e.Key.TableID == "gone" }) {
		t.Error("a dropped one is among those that exist")
	}
}
