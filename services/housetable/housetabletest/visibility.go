package housetabletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// forest is what there is to be seen: house tables of several owners, in
// namespaces whose names sort around the dot that joins levels.
type forest struct {
	namespaces []string
	tables     []housetable.Table
}

func (b *bench) plant(t testing.TB) forest {
	t.Helper()
	f := forest{namespaces: []string{"a", "a-b", "a.b", "a.b.c", "a.b-c", "a.c", "a0", "b", "b.a"}}
	for _, id := range f.namespaces {
		b.do(t, housetable.CreateNamespace{DatabaseID: id})
	}
	for i, id := range f.namespaces {
		for n := range 5 {
			c := b.request(housetable.CreateTable{
				Key:  housetable.TableKey{DatabaseID: id, TableID: fmt.Sprint("t", n), Function: n == 4},
				Kind: []housetable.Kind{housetable.KindTable, housetable.KindTable, housetable.KindView, housetable.KindTable, housetable.KindFunction}[n], MetadataLocation: "/",
			})
			c.Principal = []string{"corp:alice", "corp:bob", "corp:carol", ""}[(i*n)%4]
			v, ok := b.send(t, c).(housetable.Committed)
			if !ok {
				t.Fatalf("%#v", v)
			}
			f.tables = append(f.tables, *v.Results[0].Table)
		}
	}
	return f
}

// draw chooses what somebody may be shown.
func (f forest) draw(r *rapid.T) housetable.Visibility {
	v := housetable.Visibility{Owner: rapid.SampledFrom([]string{"", "corp:alice", "corp:carol", "corp:dora"}).Draw(r, "owner")}
	for _, table := range rapid.SliceOfN(rapid.SampledFrom(f.tables), 0, 6).Draw(r, "given") {
		v.UUIDs = append(v.UUIDs, table.UUID)
	}
	v.UUIDs = append(v.UUIDs, housetable.UUID{1})
	v.DatabaseIDs = rapid.SliceOfN(rapid.SampledFrom(append(slices.Clone(f.namespaces), "a.gone", "gone")), 0, 3).Draw(r, "databases")
	return v
}

func showsTable(v housetable.Visibility, t housetable.Table) bool {
	return slices.Contains(v.UUIDs, t.UUID) || t.Owner != "" && t.Owner == v.Owner
}

func (f forest) shows(v housetable.Visibility, id string) bool {
	leads := func(to string) bool { return to == id || strings.HasPrefix(to, id+".") }
	return slices.ContainsFunc(v.DatabaseIDs, leads) ||
		slices.ContainsFunc(f.tables, func(t housetable.Table) bool { return showsTable(v, t) && leads(t.Key.DatabaseID) })
}

// visibility: pages of what somebody may be shown are those of all that there is,
// without the rest, and none is short while more follows.
func visibility(t *testing.T, b *bench) {
	t.Helper()
	f := b.plant(t)
	rapid.Check(t, func(r *rapid.T) {
		v := f.draw(r)
		q := housetable.TableQuery{
			Warehouse: house, DatabaseID: rapid.SampledFrom(f.namespaces).Draw(r, "namespace"),
			Kind:    rapid.SampledFrom([]housetable.Kind{housetable.KindTable, housetable.KindView, housetable.KindFunction}).Draw(r, "kind"),
			Match:   housetable.NameMatch{Text: rapid.SampledFrom([]string{"", "t1", "t"}).Draw(r, "match"), AnyAfter: rapid.Bool().Draw(r, "any after")},
			Visible: &v, Page: housetable.Page{Limit: rapid.IntRange(1, 3).Draw(r, "limit")},
		}
		want := f.tablesOf(q)
		if diff := cmp.Diff(want, b.pages(t, r, q), cmpopts.EquateEmpty()); diff != "" {
			r.Fatalf("tables (-want +got):\n%s", diff)
		}
		if n, err := b.CountTables(t.Context(), q); err != nil || int(n) != len(want) {
			r.Fatalf("counted %d of %d, %v", n, len(want), err)
		}
		f.checkSkipped(t, r, b, q, want)
		f.checkNamespaces(t, r, b, v)
	})
}

func (f forest) tablesOf(q housetable.TableQuery) (names []string) {
	for _, t := range f.tables {
		matches := q.Match.All() || t.Key.TableID == q.Match.Text || q.Match.AnyAfter && strings.HasPrefix(t.Key.TableID, q.Match.Text)
		if t.Key.DatabaseID == q.DatabaseID && t.Kind == q.Kind && matches && showsTable(*q.Visible, t) {
			names = append(names, t.Key.TableID)
		}
	}
	return names
}

func (b *bench) pages(t testing.TB, r *rapid.T, q housetable.TableQuery) (names []string) {
	t.Helper()
	for {
		page, next, err := b.ListTables(t.Context(), q)
		if err != nil {
			r.Fatal(err)
		}
		b.wantNames(t, q, page, next)
		for _, table := range page {
			names = append(names, table.Key.TableID)
		}
		if q.After = next; next == "" {
			return names
		}
		if len(page) != q.Limit {
			r.Fatalf("a page of %d goes on, the limit is %d", len(page), q.Limit)
		}
	}
}

// checkSkipped reads pages that are counted, in the order of names and in another.
func (f forest) checkSkipped(t testing.TB, r *rapid.T, b *bench, q housetable.TableQuery, want []string) {
	t.Helper()
	for _, order := range []housetable.Order{housetable.ByKey, housetable.ByVersion} { // all versions are equal
		q.Order, q.Skip, q.After = order, rapid.IntRange(0, 3).Draw(r, "skip"), ""
		page, _, err := b.ListTables(t.Context(), q)
		names := make([]string, 0, len(page))
		for _, table := range page {
			names = append(names, table.Key.TableID)
		}
		expected := want[min(q.Skip, len(want)):]
		if diff := cmp.Diff(expected[:min(q.Limit, len(expected))], names, cmpopts.EquateEmpty()); err != nil || diff != "" {
			r.Fatalf("order %v (-want +got):\n%s%v", order, diff, err)
		}
	}
}

func (f forest) checkNamespaces(t testing.TB, r *rapid.T, b *bench, v housetable.Visibility) {
	t.Helper()
	q := housetable.NamespaceQuery{Warehouse: house, ParentID: rapid.SampledFrom([]string{"", "a", "a.b", "b"}).Draw(r, "parent"), Visible: &v, Page: housetable.Page{Limit: 2}}
	var want, got []string
	for _, id := range f.namespaces {
		if visible, err := b.NamespaceVisible(t.Context(), house, id, v); err != nil || visible != f.shows(v, id) {
			r.Fatalf("%s is visible: %v, %v", id, visible, err)
		}
		if housetable.ParentID(id) == q.ParentID && f.shows(v, id) {
			want = append(want, id)
		}
	}
	if n, err := b.CountNamespaces(t.Context(), q); err != nil || int(n) != len(want) {
		r.Fatalf("counted %d of %d, %v", n, len(want), err)
	}
	for {
		page, next, err := b.ListNamespaces(t.Context(), q)
		if err != nil {
			r.Fatal(err)
		}
		for _, n := range page {
			got = append(got, n.DatabaseID)
		}
		if q.After = next; next == "" {
			break
		}
		if len(page) != q.Limit {
			r.Fatalf("a page of %d goes on", len(page))
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		r.Fatalf("children of %q (-want +got):\n%s", q.ParentID, diff)
	}
}

// visibilityFolds: in a case-insensitive warehouse namespaces are named in any case.
func visibilityFolds(t *testing.T, b *bench) {
	t.Helper()
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "fold", CaseInsensitive: true}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"Sales", "Sales.EU", "Other"} {
		c := b.request(housetable.CreateNamespace{DatabaseID: id})
		c.Warehouse = "fold"
		b.send(t, c)
	}
	v := housetable.Visibility{DatabaseIDs: []string{"sALES.eu"}}
	for parent, want := range map[string][]string{"": {"Sales"}, "SALES": {"Sales.EU"}, "other": nil} {
		found, _, err := b.ListNamespaces(t.Context(), housetable.NamespaceQuery{Warehouse: "fold", ParentID: parent, Visible: &v, Page: housetable.Page{Limit: 9}})
		got := make([]string, 0, len(found))
		for _, n := range found {
			got = append(got, n.DatabaseID)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%q (-want +got):\n%s%v", parent, diff, err)
		}
	}
	if visible, err := b.NamespaceVisible(t.Context(), "fold", "SALES", v); err != nil || !visible {
		t.Errorf("visible: %v, %v", visible, err)
	}
	_, err := b.NamespaceVisible(t.Context(), "fold", "none", v)
	wantKind(t, err, fault.NoSuchNamespace)
	_, err = b.NamespaceVisible(t.Context(), "nowhere", "none", v)
	wantKind(t, err, fault.NoSuchWarehouse)
}
