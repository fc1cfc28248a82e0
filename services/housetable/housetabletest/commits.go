package housetabletest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

func lifecycle(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	creation := create("t")
	creation.CreationTimeMS = new(int64(123))
	created := b.do(t, creation)
	first := *created.Results[0].Table
	if first.Version != 1 || first.UUID == (housetable.UUID{}) || first.MetadataLocation != "/t/1" || !first.CreatedAt.Equal(created.CommittedAt) {
		t.Fatalf("created %+v at %v", first, created.CommittedAt)
	}
	if diff := cmp.Diff(&first, b.table(t, key("t"))); diff != "" {
		t.Fatalf("read after create (-returned +read):\n%s", diff)
	}

	second := *b.do(t, swap("t", 1, "/t/2")).Results[0].Table
	if second.Version != 2 || second.UUID != first.UUID || second.StorageType != "hdfs" || *second.CreationTimeMS != 123 {
		t.Fatalf("swapped %+v", second)
	}
	if diff := cmp.Diff(&second, b.table(t, key("t"))); diff != "" {
		t.Fatalf("read after swap (-returned +read):\n%s", diff)
	}

	renamed := *b.do(t, housetable.RenameTable{Key: key("t"), Destination: key("u"), MetadataLocation: new("/u/3")}).Results[0].Table
	if renamed.Version != 3 || renamed.UUID != first.UUID || renamed.Key != key("u") || renamed.MetadataLocation != "/u/3" {
		t.Fatalf("renamed %+v", renamed)
	}
	if b.table(t, key("t")) != nil {
		t.Fatal("the old name is still there")
	}
	if diff := cmp.Diff(&renamed, b.table(t, key("u"))); diff != "" {
		t.Fatalf("read after rename (-returned +read):\n%s", diff)
	}

	dropped := *b.do(t, housetable.DropTable{Key: key("u")}).Results[0].Table
	if dropped.Version != 4 || dropped.DeletedAtMS != nil || b.table(t, key("u")) != nil {
		t.Fatalf("dropped %+v", dropped)
	}
	again := *b.do(t, create("u")).Results[0].Table
	if again.UUID == first.UUID || again.Version != 1 {
		t.Fatalf("created anew %+v", again)
	}
}

func conflicts(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 2)
	current := *b.table(t, key("t0"))
	elsewhere := housetable.TableKey{DatabaseID: "nowhere", TableID: "t"}

	c := b.refuse(t, housetable.TableExists, create("t0"))
	if diff := cmp.Diff(&current, c.Current); diff != "" {
		t.Fatalf("current (-want +got):\n%s", diff)
	}
	if c.Winner == nil || c.Winner.Version != 1 || c.Winner.Principal != "alice" || c.Winner.Action != housetable.ActionCreate {
		t.Fatalf("winner %+v", c.Winner)
	}
	b.refuse(t, housetable.NamespaceNotFound, housetable.CreateTable{Key: elsewhere, Kind: housetable.KindTable, MetadataLocation: "/"})
	b.refuse(t, housetable.TableNotFound, swap("none", 1, "/"))
	b.refuse(t, housetable.TableNotFound, housetable.DropTable{Key: elsewhere})
	for _, expect := range []housetable.Expectation{
		{Version: new(int64(2))},
		{UUID: &housetable.UUID{1}},
		{MetadataLocation: new("/t0/0")},
		{Kind: housetable.KindView},
		{Version: new(int64(1)), MetadataLocation: new("/else")},
	} {
		b.refuse(t, housetable.VersionMismatch, housetable.SwapTable{Key: key("t0"), Expect: expect, MetadataLocation: "/x"})
		b.refuse(t, housetable.VersionMismatch, housetable.DropTable{Key: key("t0"), Expect: expect})
		b.refuse(t, housetable.VersionMismatch, housetable.RenameTable{Key: key("t0"), Expect: expect, Destination: key("n")})
	}
	b.refuse(t, housetable.TableNotFound, housetable.RenameTable{Key: key("none"), Destination: key("n")})
	b.refuse(t, housetable.TableExists, housetable.RenameTable{Key: key("t0"), Destination: key("t1")})
	b.refuse(t, housetable.TableExists, housetable.RenameTable{Key: key("t0"), Destination: key("t0")})
	b.refuse(t, housetable.NamespaceNotFound, housetable.RenameTable{Key: key("t0"), Destination: elsewhere})
	if diff := cmp.Diff(&current, b.table(t, key("t0"))); diff != "" {
		t.Fatalf("a conflict changed the table:\n%s", diff)
	}
	// Functions have names of their own.
	function := housetable.TableKey{DatabaseID: "db", TableID: "t0", Function: true}
	b.do(t, housetable.CreateTable{Key: function, Kind: housetable.KindFunction, MetadataLocation: "/f"})
}

func allOrNothing(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3)
	verdict := b.send(t, b.request(swap("t0", 1, "/a"), swap("t1", 9, "/b"), swap("none", 1, "/c"), create("new")))
	conflict, ok := verdict.(housetable.Conflict)
	if !ok || len(conflict.Changes) != 2 || conflict.Changes[0].Index != 1 || conflict.Changes[1].Index != 2 {
		t.Fatalf("verdict %#v", verdict)
	}
	if b.table(t, key("t0")).Version != 1 || b.table(t, key("new")) != nil {
		t.Fatal("half of a commit was applied")
	}
	committed := b.do(t, swap("t0", 1, "/a"), housetable.DropTable{Key: key("t1")}, create("new"),
		housetable.RenameTable{Key: key("t2"), Destination: key("t3")},
		housetable.CreateNamespace{DatabaseID: "other", Properties: map[string]string{"k": "v"}},
		housetable.UpdateNamespace{DatabaseID: "db", Updates: map[string]string{"x": "y"}})
	if len(committed.Results) != 6 || committed.Results[3].Table.Key != key("t3") || committed.Results[4].Namespace.Properties["k"] != "v" {
		t.Fatalf("results %+v", committed.Results)
	}
	if b.table(t, key("t1")) != nil || b.table(t, key("t3")) == nil || b.table(t, key("t0")).MetadataLocation != "/a" {
		t.Fatal("not all was applied")
	}
}

func replay(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	request := b.request(swap("t0", 1, "/t0/2"))
	request.Operations[0].Outcome.Body = []byte(`{"a":1}`)
	if _, ok := b.send(t, request).(housetable.Committed); !ok {
		t.Fatal("not committed")
	}
	b.do(t, swap("t0", 2, "/t0/3"))
	again, ok := b.send(t, request).(housetable.Replay)
	if !ok || len(again.Operations) != 1 {
		t.Fatalf("replay %#v", again)
	}
	if diff := cmp.Diff(request.Operations[0], again.Operations[0].Operation); diff != "" {
		t.Fatalf("recorded (-sent +recorded):\n%s", diff)
	}
	recorded, err := b.Operation(t.Context(), house, request.Operations[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again.Operations[0], recorded); diff != "" {
		t.Fatalf("operation (-replayed +read):\n%s", diff)
	}
	if b.table(t, key("t0")).Version != 3 {
		t.Fatal("a replay changed the table")
	}
	request.Operations[0].Fingerprint = []byte("another request")
	refused, ok := b.send(t, request).(housetable.Refused)
	if !ok {
		t.Fatalf("reused id: %#v", refused)
	}
	wantKind(t, refused.Err, fault.OperationReused)
	_, err = b.Operation(t.Context(), house, housetable.UUID{9})
	wantKind(t, err, fault.NoSuchOperation)
	// A conflict records nothing: the same operation may come back with a change that fits.
	request = b.request(swap("t0", 1, "/late"))
	if _, ok := b.send(t, request).(housetable.Conflict); !ok {
		t.Fatal("want a conflict")
	}
	request.Changes = []housetable.Change{swap("t0", 3, "/rebased")}
	if _, ok := b.send(t, request).(housetable.Committed); !ok {
		t.Fatal("a rebased commit must apply")
	}
}

func folding(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	request := b.request(swap("t0", 1, "/t0/2"))
	request.Operations = append(request.Operations, b.operation(), b.operation())
	if _, ok := b.send(t, request).(housetable.Committed); !ok {
		t.Fatal("not committed")
	}
	for _, o := range request.Operations {
		if _, err := b.Operation(t.Context(), house, o.ID); err != nil {
			t.Fatalf("operation %s: %v", o.ID, err)
		}
	}
	ids := []housetable.UUID{request.Operations[0].ID, {9}, request.Operations[2].ID}
	found, err := b.Operations(t.Context(), house, ids)
	if err != nil || len(found) != 2 || found[0].ID == found[1].ID || !slices.Contains(ids, found[0].ID) || !slices.Contains(ids, found[1].ID) ||
		len(found[0].Outcome.MetadataLocations) != len(request.Operations[0].Outcome.MetadataLocations) {
		t.Fatalf("operations: %+v, %v", found, err)
	}
	if found, err := b.Operations(t.Context(), house, []housetable.UUID{{9}}); err != nil || len(found) != 0 {
		t.Fatalf("operations that are none: %+v, %v", found, err)
	}
	_, err = b.Operations(t.Context(), "no-such-warehouse", ids)
	wantKind(t, err, fault.NoSuchWarehouse)
	// One recorded before and one new: nothing is applied, and the new one stays unrecorded.
	mixed := b.request(swap("t0", 2, "/t0/3"))
	fresh := mixed.Operations[0]
	mixed.Operations = []housetable.Operation{fresh, request.Operations[1]}
	replayed, ok := b.send(t, mixed).(housetable.Replay)
	if !ok || len(replayed.Operations) != 1 || replayed.Operations[0].ID != request.Operations[1].ID {
		t.Fatalf("mixed: %#v", replayed)
	}
	_, err = b.Operation(t.Context(), house, fresh.ID)
	wantKind(t, err, fault.NoSuchOperation)
	if b.table(t, key("t0")).Version != 2 {
		t.Fatal("a partial replay changed the table")
	}
}

func outcomeOnly(t *testing.T, b *bench) {
	t.Helper()
	request := b.request()
	request.Operations[0].Outcome = housetable.Outcome{Status: 409, Body: []byte("{}")}
	committed, ok := b.send(t, request).(housetable.Committed)
	if !ok || len(committed.Results) != 0 || committed.CommittedAt.IsZero() {
		t.Fatalf("verdict %#v", committed)
	}
	if again, ok := b.send(t, request).(housetable.Replay); !ok || again.Operations[0].Outcome.Status != 409 {
		t.Fatalf("again %#v", again)
	}
}

func softDelete(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	dropped := *b.do(t, housetable.DropTable{Key: key("t0"), Soft: true, PurgeAfterMS: 99}).Results[0].Table
	if dropped.DeletedAtMS == nil || *dropped.PurgeAfterMS != 99 || b.table(t, key("t0")) != nil {
		t.Fatalf("soft drop %+v", dropped)
	}
	generation := housetable.SoftDeletedKey{Key: key("t0"), DeletedAtMS: *dropped.DeletedAtMS}
	b.refuse(t, housetable.TableNotFound, housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: key("t0"), DeletedAtMS: 1}})
	b.do(t, create("t0"))
	b.refuse(t, housetable.TableExists, housetable.RestoreTable{SoftDeletedKey: generation})
	b.do(t, housetable.DropTable{Key: key("t0"), Soft: true})
	restored := *b.do(t, housetable.RestoreTable{SoftDeletedKey: generation}).Results[0].Table
	if restored.UUID != dropped.UUID || restored.Version != dropped.Version+1 || restored.DeletedAtMS != nil || !restored.CreatedAt.Equal(dropped.CreatedAt) {
		t.Fatalf("restored %+v", restored)
	}
	if diff := cmp.Diff(&restored, b.table(t, key("t0"))); diff != "" {
		t.Fatalf("read after restore (-returned +read):\n%s", diff)
	}
	b.refuse(t, housetable.TableExists, housetable.RestoreTable{SoftDeletedKey: generation})
	gone := *b.do(t, housetable.DropTable{Key: key("t0"), Soft: true}).Results[0].Table
	b.do(t, housetable.DropNamespace{DatabaseID: "db"})
	b.refuse(t, housetable.NamespaceNotFound,
		housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: key("t0"), DeletedAtMS: *gone.DeletedAtMS}})
}

func implicitNamespace(t *testing.T, b *bench) {
	t.Helper()
	one, two := create("a"), create("b")
	one.ImplicitNamespace, two.ImplicitNamespace = true, true
	b.do(t, one, two)
	n, err := b.Namespace(t.Context(), house, "db")
	if err != nil || n.Version != 1 {
		t.Fatalf("namespace %+v, %v", n, err)
	}
	deep := one
	deep.Key.DatabaseID = "a.b"
	b.refuse(t, housetable.NamespaceNotFound, deep)
}

func contradictions(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "folded", CaseInsensitive: true}); err != nil {
		t.Fatal(err)
	}
	request := b.request(housetable.CreateNamespace{DatabaseID: "A"}, housetable.CreateNamespace{DatabaseID: "a"})
	if _, ok := b.send(t, request).(housetable.Committed); !ok {
		t.Fatal("two spellings are two names where case matters")
	}
	request = b.request(request.Changes...)
	request.Warehouse = "folded"
	refused, ok := b.send(t, request).(housetable.Refused)
	if !ok {
		t.Fatal("two spellings are one name where case is folded")
	}
	wantKind(t, refused.Err, fault.Unprocessable)
	inFolded := func(changes ...housetable.Change) housetable.Verdict {
		c := b.request(changes...)
		c.Warehouse = "folded"
		return b.send(t, c)
	}
	inFolded(housetable.CreateNamespace{DatabaseID: "db"})
	inFolded(create("t"))
	for _, changes := range [][]housetable.Change{
		{housetable.SwapTable{Key: key("t"), MetadataLocation: "/a"}, housetable.SwapTable{Key: key("T"), MetadataLocation: "/b"}},
		{housetable.UpdateNamespace{DatabaseID: "db"}, housetable.UpdateNamespace{DatabaseID: "DB"}},
		{housetable.DropNamespace{DatabaseID: "db"}, housetable.CreateNamespace{DatabaseID: "DB.x"}},
	} {
		refused, ok := inFolded(changes...).(housetable.Refused)
		if !ok {
			t.Fatalf("%#v: not refused", changes)
		}
		wantKind(t, refused.Err, fault.Unprocessable)
	}
	for _, changes := range [][]housetable.Change{
		{swap("t0", 1, "/a"), swap("t0", 1, "/b")},
		{housetable.RenameTable{Key: key("t0"), Destination: key("x")}, create("x")},
		{housetable.DropNamespace{DatabaseID: "db"}, create("y")},
		{housetable.CreateNamespace{DatabaseID: "p"}, housetable.CreateNamespace{DatabaseID: "p.q"}},
	} {
		wantKind(t, b.request(changes...).Check(), fault.Unprocessable)
	}
}

func history(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	uuid := b.table(t, key("t0")).UUID
	b.do(t, swap("t0", 1, "/t0/2"))
	request := b.request(housetable.RenameTable{Key: key("t0"), Destination: key("t9")})
	b.send(t, request)
	b.do(t, housetable.DropTable{Key: key("t9")})
	var seen []housetable.TableVersion
	q := housetable.HistoryQuery{Warehouse: house, UUID: uuid, Limit: 3}
	for {
		page, before, err := b.History(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, page...)
		if before == 0 {
			break
		}
		q.Before = before
	}
	want := []housetable.Action{housetable.ActionDrop, housetable.ActionRename, housetable.ActionSwap, housetable.ActionCreate}
	if len(seen) != len(want) {
		t.Fatalf("%d versions, want %d", len(seen), len(want))
	}
	for i, v := range seen {
		if v.Action != want[i] || v.Version != int64(len(want)-i) {
			t.Errorf("entry %d: %+v", i, v)
		}
	}
	versionsAsOf(t, b, uuid, seen)
	if seen[1].OperationID != request.Operations[0].ID || seen[1].Key != key("t9") || seen[1].RequestID != "r-1" {
		t.Errorf("rename: %+v", seen[1])
	}
}
