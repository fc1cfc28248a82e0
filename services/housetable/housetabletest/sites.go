package housetabletest

import (
	"maps"
	"slices"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// sites: what a creation has to know of several keys is told of each.
func sites(t *testing.T, b *bench) {
	t.Helper()
	mixedSites(t, b)
	foldedSites(t, b)
}

// mixedSites are of one namespace or of several, there or not.
func mixedSites(t *testing.T, b *bench) {
	t.Helper()
	storage := &housetable.Storage{Profile: `{"local":{}}`, Roots: []string{"file:/w"}}
	_, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{
		Name: "w", Location: "/w", Properties: map[string]string{"a": "b"}, Storage: storage,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []housetable.Change{
		housetable.CreateNamespace{DatabaseID: "db", Properties: map[string]string{"location": "/w/db"}},
		housetable.CreateNamespace{DatabaseID: "other"},
		create("t0"),
	} {
		c := b.request(change)
		c.Warehouse = "w"
		b.send(t, c)
	}
	other, nowhere := housetable.TableKey{DatabaseID: "other", TableID: "t0"}, housetable.TableKey{DatabaseID: "nowhere", TableID: "t0"}
	found := b.sitesOf(t, "w", key("absent"), other, key("t0"), nowhere)
	w := found.Warehouse
	if w.Name != "w" || w.Location != "/w" || w.Properties["a"] != "b" || w.Version != 1 || w.CreatedAt.IsZero() ||
		w.Storage == nil || w.Storage.Profile != storage.Profile || !slices.Equal(w.Storage.Roots, storage.Roots) {
		t.Errorf("warehouse %+v", w)
	}
	if found.Tables[0] != nil || found.Tables[1] != nil || found.Tables[3] != nil || found.Tables[2] == nil || found.Tables[2].Key != key("t0") {
		t.Errorf("tables %v", found.Tables)
	}
	db, err := b.Namespace(t.Context(), "w", "db")
	if err != nil {
		t.Fatal(err)
	}
	of := found.NamespaceOf
	if len(found.Namespaces) != 2 || of[0] != of[2] || of[0] == of[1] || of[3] != -1 {
		t.Fatalf("namespaces %v of %v", of, found.Namespaces)
	}
	if n := found.Namespaces[of[0]]; n.DatabaseID != "db" || !maps.Equal(n.Properties, db.Properties) || n.Version != db.Version || !n.CreatedAt.Equal(db.CreatedAt) {
		t.Errorf("namespace %+v, want %+v", n, db)
	}
	if _, err := b.Sites(t.Context(), "nowhere", []housetable.TableKey{other}); !fault.Is(err, fault.NoSuchWarehouse) {
		t.Errorf("a warehouse that is not there: %v", err)
	}
	if none := b.sitesOf(t, "w"); none.Warehouse.Name != "w" || len(none.Namespaces) > 0 {
		t.Errorf("of no keys: %+v", none)
	}
}

// foldedSites: a namespace is one however it is spelled, where its warehouse says so.
func foldedSites(t *testing.T, b *bench) {
	t.Helper()
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "folded", CaseInsensitive: true}); err != nil {
		t.Fatal(err)
	}
	c := b.request(housetable.CreateNamespace{DatabaseID: "db"})
	c.Warehouse = "folded"
	b.send(t, c)
	found := b.sitesOf(t, "folded", key("t"), housetable.TableKey{DatabaseID: "DB", TableID: "u"})
	if len(found.Namespaces) != 1 || !slices.Equal(found.NamespaceOf, []int{0, 0}) || found.Namespaces[0].DatabaseID != "db" {
		t.Errorf("%v of %v", found.NamespaceOf, found.Namespaces)
	}
	if of := b.sitesOf(t, house, key("t")).NamespaceOf; of[0] != -1 {
		t.Errorf("a namespace of another warehouse: %v", of)
	}
}

func (b *bench) sitesOf(t *testing.T, warehouse string, keys ...housetable.TableKey) housetable.Sites {
	t.Helper()
	found, err := b.Sites(t.Context(), warehouse, keys)
	if err != nil || len(found.Tables) != len(keys) || len(found.NamespaceOf) != len(keys) {
		t.Fatalf("%+v, %v", found, err)
	}
	return found
}
