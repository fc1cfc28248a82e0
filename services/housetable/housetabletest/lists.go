package housetabletest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

func namespaces(t *testing.T, b *bench) {
	t.Helper()
	b.refuse(t, housetable.NamespaceNotFound, housetable.CreateNamespace{DatabaseID: "a.b"})
	made := *b.do(t, housetable.CreateNamespace{DatabaseID: "a", Properties: map[string]string{"k": "v", "gone": "x"}}).Results[0].Namespace
	b.refuse(t, housetable.NamespaceExists, housetable.CreateNamespace{DatabaseID: "a"})
	b.do(t, housetable.CreateNamespace{DatabaseID: "a.b"})
	b.refuse(t, housetable.NamespaceNotEmpty, housetable.DropNamespace{DatabaseID: "a"})
	b.refuse(t, housetable.NamespaceNotFound, housetable.DropNamespace{DatabaseID: "none"})
	b.refuse(t, housetable.NamespaceNotFound, housetable.UpdateNamespace{DatabaseID: "none"})

	updated := *b.do(t, housetable.UpdateNamespace{
		DatabaseID: "a", Updates: map[string]string{"k": "w", "new": ""}, Removals: []string{"gone", "never"},
	}).Results[0].Namespace
	want := made
	want.Version, want.Properties = 2, map[string]string{"k": "w", "new": ""}
	if diff := cmp.Diff(want, updated); diff != "" {
		t.Fatalf("updated (-want +got):\n%s", diff)
	}
	read, err := b.Namespace(t.Context(), house, "a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Fatalf("read (-want +got):\n%s", diff)
	}
	b.do(t, housetable.DropNamespace{DatabaseID: "a.b"})
	for _, change := range []housetable.Change{
		housetable.UpdateNamespace{DatabaseID: "a", ExpectedVersion: 1}, housetable.DropNamespace{DatabaseID: "a", ExpectedVersion: 3},
	} {
		stale := b.refuse(t, housetable.VersionMismatch, change)
		if diff := cmp.Diff(&want, stale.CurrentNamespace); diff != "" {
			t.Fatalf("%#v: current (-want +got):\n%s", change, diff)
		}
	}
	b.do(t, housetable.UpdateNamespace{DatabaseID: "a", ExpectedVersion: 2})
	b.do(t, housetable.DropNamespace{DatabaseID: "a", ExpectedVersion: 3})
	_, err = b.Namespace(t.Context(), house, "a")
	wantKind(t, err, fault.NoSuchNamespace)
	_, _, err = b.ListTables(t.Context(), housetable.TableQuery{Warehouse: house, DatabaseID: "a", Kind: housetable.KindTable, Page: housetable.Page{Limit: 1}})
	wantKind(t, err, fault.NoSuchNamespace)
	_, _, err = b.ListNamespaces(t.Context(), housetable.NamespaceQuery{Warehouse: house, ParentID: "a", Page: housetable.Page{Limit: 1}})
	wantKind(t, err, fault.NoSuchNamespace)
	_, err = b.Namespace(t.Context(), "nowhere", "a")
	wantKind(t, err, fault.NoSuchWarehouse)
}

func (b *bench) listAll(t testing.TB, q housetable.TableQuery, between func()) []string {
	t.Helper()
	var names []string
	for {
		tables, next, err := b.ListTables(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		b.wantNames(t, q, tables, next)
		for _, table := range tables {
			names = append(names, table.Key.TableID)
		}
		if next == "" {
			return names
		}
		q.After = next
		between()
	}
}

// wantNames wants the names of a page to be those of its house tables.
func (b *bench) wantNames(t testing.TB, q housetable.TableQuery, tables []housetable.Table, next string) {
	t.Helper()
	want := make([]string, len(tables))
	for i, table := range tables {
		want[i] = table.Key.TableID
	}
	names, after, err := b.ListNames(t.Context(), q)
	if diff := cmp.Diff(want, names, cmpopts.EquateEmpty()); err != nil || diff != "" || after != next {
		t.Fatalf("names (-want +got):\n%snext %q, want %q: %v", diff, after, next, err)
	}
}

func lists(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 5)
	b.do(t, housetable.CreateTable{Key: key("t2v"), Kind: housetable.KindView, MetadataLocation: "/v"})
	b.do(t, create("ü"))
	b.do(t, create("Z"))
	q := housetable.TableQuery{Warehouse: house, DatabaseID: "db", Kind: housetable.KindTable, Page: housetable.Page{Limit: 2}}
	if diff := cmp.Diff([]string{"Z", "t0", "t1", "t2", "t3", "t4", "ü"}, b.listAll(t, q, func() {})); diff != "" {
		t.Fatalf("tables (-want +got):\n%s", diff)
	}
	q.Kind = housetable.KindView
	if diff := cmp.Diff([]string{"t2v"}, b.listAll(t, q, func() {})); diff != "" {
		t.Fatalf("views (-want +got):\n%s", diff)
	}
	for _, id := range []string{"db.b", "db.a", "db.a.x", "ea"} {
		b.do(t, housetable.CreateNamespace{DatabaseID: id})
	}
	for parent, want := range map[string][]string{"": {"db", "ea"}, "db": {"db.a", "db.b"}, "db.a": {"db.a.x"}} {
		var ids []string
		q := housetable.NamespaceQuery{Warehouse: house, ParentID: parent, Page: housetable.Page{Limit: 1}}
		for {
			page, next, err := b.ListNamespaces(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range page {
				ids = append(ids, n.DatabaseID)
			}
			if q.After = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Fatalf("children of %q (-want +got):\n%s", parent, diff)
		}
	}
}

// listsUnderWrites: what stays throughout is listed once, whatever comes and goes around it.
func listsUnderWrites(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 9)
	n := 0
	q := housetable.TableQuery{Warehouse: house, DatabaseID: "db", Kind: housetable.KindTable, Page: housetable.Page{Limit: 2}}
	names := b.listAll(t, q, func() {
		b.do(t, create(fmt.Sprint("a", n)))
		b.do(t, swap(fmt.Sprint("t", n), 1, "/moved"))
		n++
	})
	count := map[string]int{}
	for _, name := range names {
		count[name]++
	}
	for i := range 9 {
		if name := fmt.Sprint("t", i); count[name] != 1 {
			t.Errorf("%s is listed %d times", name, count[name])
		}
	}
}

func nameMatches(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	for _, name := range []string{"a_c", "abc", "xa_c", "a_cx", "A_C", "100%"} {
		b.do(t, create(name))
	}
	for _, c := range []struct {
		match housetable.NameMatch
		want  []string
	}{
		{housetable.NameMatch{Text: "a_c"}, []string{"a_c"}},
		{housetable.NameMatch{Text: "a_c", AnyAfter: true}, []string{"a_c", "a_cx"}},
		{housetable.NameMatch{Text: "a_c", AnyBefore: true}, []string{"a_c", "xa_c"}},
		{housetable.NameMatch{Text: "a_c", AnyBefore: true, AnyAfter: true}, []string{"a_c", "a_cx", "xa_c"}},
		{housetable.NameMatch{Text: "0%", AnyBefore: true}, []string{"100%"}},
	} {
		q := housetable.TableQuery{Warehouse: house, DatabaseID: "db", Kind: housetable.KindTable, Match: c.match, Page: housetable.Page{Limit: 10}}
		if diff := cmp.Diff(c.want, b.listAll(t, q, func() {})); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.match, diff)
		}
	}
}

func caseInsensitive(t *testing.T, b *bench) {
	t.Helper()
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "folded", CaseInsensitive: true}); err != nil {
		t.Fatal(err)
	}
	send := func(changes ...housetable.Change) housetable.Verdict {
		request := b.request(changes...)
		request.Warehouse = "folded"
		return b.send(t, request)
	}
	upper := housetable.TableKey{DatabaseID: "DB", TableID: "Events"}
	lower := housetable.TableKey{DatabaseID: "db", TableID: "EVENTS"}
	send(housetable.CreateNamespace{DatabaseID: "Db"})
	send(housetable.CreateTable{Key: upper, Kind: housetable.KindTable, MetadataLocation: "/1"})
	if got := verdictName(send(housetable.CreateTable{Key: lower, Kind: housetable.KindTable, MetadataLocation: "/1"})); got != "conflict" {
		t.Fatalf("another spelling: %s", got)
	}
	if got := verdictName(send(housetable.SwapTable{Key: lower, Expect: housetable.Expectation{Version: new(int64(1))}, MetadataLocation: "/2"})); got != "committed" {
		t.Fatalf("swap by another spelling: %s", got)
	}
	found, err := b.Tables(t.Context(), "folded", []housetable.TableKey{lower})
	if err != nil || found[0] == nil || found[0].Key != upper {
		t.Fatalf("found %+v, %v: want the stored spelling", found, err)
	}
	// A rename may change nothing but the spelling.
	if got := verdictName(send(housetable.RenameTable{Key: lower, Destination: lower})); got != "conflict" && got != "committed" {
		t.Fatalf("respelled: %s", got)
	}
	if got := verdictName(send(housetable.RenameTable{Key: upper, Destination: housetable.TableKey{DatabaseID: "Db", TableID: "eVents"}})); got != "committed" {
		t.Fatalf("respelled: %s", got)
	}
	q := housetable.TableQuery{
		Warehouse: "folded", DatabaseID: "dB", Kind: housetable.KindTable,
		Match: housetable.NameMatch{Text: "EV", AnyAfter: true}, Page: housetable.Page{Limit: 5},
	}
	if diff := cmp.Diff([]string{"eVents"}, b.listAll(t, q, func() {})); diff != "" {
		t.Fatalf("listed (-want +got):\n%s", diff)
	}
	n, err := b.Namespace(t.Context(), "folded", "dB")
	if err != nil || n.DatabaseID != "Db" {
		t.Fatalf("namespace %+v, %v", n, err)
	}
}

func warehouses(t *testing.T, b *bench) {
	t.Helper()
	first, err := b.Warehouse(t.Context(), house)
	if err != nil || first.Version != 1 {
		t.Fatalf("the default one: %+v, %v", first, err)
	}
	made, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "w1", Location: "s3://b", Properties: map[string]string{"a": "1", "b": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "w1"})
	wantKind(t, err, fault.AlreadyExists)
	read, err := b.Warehouse(t.Context(), "w1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, read); diff != "" {
		t.Fatalf("read (-created +read):\n%s", diff)
	}
	update := housetable.WarehouseUpdate{Name: "w1", Updates: map[string]string{"a": "9"}, Removals: []string{"b"}, ExpectedVersion: 1}
	updated, err := b.UpdateWarehouse(t.Context(), update)
	if err != nil || updated.Version != 2 || !cmp.Equal(updated.Properties, map[string]string{"a": "9"}) {
		t.Fatalf("updated %+v, %v", updated, err)
	}
	_, err = b.UpdateWarehouse(t.Context(), update)
	wantKind(t, err, fault.CommitFailed)
	update.ExpectedVersion = math.MaxInt64
	_, err = b.UpdateWarehouse(t.Context(), update)
	wantKind(t, err, fault.CommitFailed)
	_, err = b.UpdateWarehouse(t.Context(), housetable.WarehouseUpdate{Name: "none"})
	wantKind(t, err, fault.NoSuchWarehouse)
	page, next, err := b.ListWarehouses(t.Context(), housetable.Page{Limit: 1})
	if err != nil || len(page) != 1 || page[0].Name != house || next == "" {
		t.Fatalf("page %+v %q %v", page, next, err)
	}
	request := b.request(housetable.CreateNamespace{DatabaseID: "n"})
	request.Warehouse = "w1"
	b.send(t, request)
	wantKind(t, b.DeleteWarehouse(t.Context(), "w1", 0), fault.NotEmpty)
	request = b.request(housetable.DropNamespace{DatabaseID: "n"})
	request.Warehouse = "w1"
	b.send(t, request)
	wantKind(t, b.DeleteWarehouse(t.Context(), "w1", 1), fault.CommitFailed)
	wantKind(t, b.DeleteWarehouse(t.Context(), "w1", math.MinInt64), fault.CommitFailed)
	if err := b.DeleteWarehouse(t.Context(), "w1", 2); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.DeleteWarehouse(t.Context(), "w1", 0), fault.NoSuchWarehouse)
}

func jobs(t *testing.T, b *bench) {
	t.Helper()
	job := housetable.Job{JobID: "j1", JobFields: housetable.JobFields{State: new("QUEUED"), JobName: new("n"), ClusterID: new("c")}}
	stored, created, err := b.PutJob(t.Context(), house, job, new(int64(77)))
	if err != nil || !created || stored.Version != 1 {
		t.Fatalf("first put: %+v %v %v", stored, created, err)
	}
	_, _, err = b.PutJob(t.Context(), house, job, nil)
	wantKind(t, err, fault.CommitFailed)
	_, _, err = b.PutJob(t.Context(), house, job, new(int64(2)))
	wantKind(t, err, fault.CommitFailed)
	if stored, _, err = b.PutJob(t.Context(), house, job, new(int64(1))); err != nil || stored.Version != 1 {
		t.Fatalf("a put that changes nothing: %+v %v", stored, err)
	}
	job.State, job.HeartbeatTimeMS = new("RUNNING"), new(int64(5))
	stored, created, err = b.PutJob(t.Context(), house, job, new(int64(1)))
	if err != nil || created || stored.Version != 2 {
		t.Fatalf("second put: %+v %v %v", stored, created, err)
	}
	read, err := b.Job(t.Context(), house, "j1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stored, read); diff != "" {
		t.Fatalf("read (-stored +read):\n%s", diff)
	}
	for _, id := range []string{"j0", "j2"} {
		if _, _, err := b.PutJob(t.Context(), house, housetable.Job{JobID: id}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for want, q := range map[string]housetable.JobQuery{
		"j0 j1 j2 ": {},
		"j1 ":       {JobFields: housetable.JobFields{HeartbeatTimeMS: new(int64(5)), State: new("RUNNING")}},
		"":          {JobFields: housetable.JobFields{State: new("running")}},
		"j0 j2 ":    {Version: new(int64(1))},
	} {
		q.Warehouse, q.Limit = house, 2
		var got strings.Builder
		for {
			page, next, err := b.ListJobs(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range page {
				got.WriteString(j.JobID + " ")
			}
			if q.After = next; next == "" {
				break
			}
		}
		if got.String() != want {
			t.Errorf("listed %q, want %q", got.String(), want)
		}
	}
	wantKind(t, b.DeleteJob(t.Context(), house, "j1", new(int64(1))), fault.CommitFailed)
	if err := b.DeleteJob(t.Context(), house, "j1", new(int64(2))); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.DeleteJob(t.Context(), house, "j1", nil), fault.NoSuchJob)
	_, err = b.Job(t.Context(), house, "j1")
	wantKind(t, err, fault.NoSuchJob)
	_, _, err = b.PutJob(t.Context(), "nowhere", job, nil)
	wantKind(t, err, fault.NoSuchWarehouse)
}
