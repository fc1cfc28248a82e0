package housetabletest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// read returns the events behind a position, all that are settled by then.
func (b *bench) read(t testing.TB, after housetable.Position) []housetable.Event {
	t.Helper()
	var found []housetable.Event
	q := housetable.EventQuery{Warehouse: house, After: after, Limit: 3}
	for {
		page, fence, err := b.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 && fence == nil {
			return found
		}
		if q.Fence = fence; len(page) > 0 {
			found = append(found, page...)
			q.After = page[len(page)-1].Position
		}
	}
}

// latest is the position of the newest event, settled.
func (b *bench) latest(t testing.TB) housetable.Position {
	t.Helper()
	p, fence, err := b.LatestPosition(t.Context(), house, nil)
	for err == nil && fence != nil {
		p, fence, err = b.LatestPosition(t.Context(), house, fence)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// events: every kind of change has exactly one, with what it did.
func events(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	start, uuid := b.latest(t), b.table(t, key("t0")).UUID
	b.do(t, swap("t0", 1, "/t0/2"))
	b.do(t, housetable.RenameTable{Key: key("t0"), Destination: key("t1"), MetadataLocation: new("/t1/3")})
	dropped := b.do(t, housetable.DropTable{Key: key("t1"), Soft: true})
	at := *dropped.Results[0].Table.DeletedAtMS
	b.do(t, housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: key("t1"), DeletedAtMS: at}})
	at2 := *b.do(t, housetable.DropTable{Key: key("t1"), Soft: true}).Results[0].Table.DeletedAtMS
	if n, err := b.PurgeSoftDeleted(t.Context(), housetable.Purge{Warehouse: house, Key: key("t1"), RequestID: "r-9"}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	b.do(t, create("v"))
	b.do(t, housetable.DropTable{Key: key("v")})
	b.do(t, housetable.CreateNamespace{DatabaseID: "n"})
	b.do(t, housetable.UpdateNamespace{DatabaseID: "n", Updates: map[string]string{"a": "b"}})
	b.do(t, housetable.DropNamespace{DatabaseID: "n"})
	b.do(t, housetable.CreateTable{
		Key: housetable.TableKey{DatabaseID: "i", TableID: "f", Function: true}, Kind: housetable.KindFunction, MetadataLocation: "/f", ImplicitNamespace: true,
	})
	table := func(action housetable.Action, version int64, name, location, before string) housetable.Event {
		return housetable.Event{
			Action: action, Kind: housetable.KindTable, Key: key(name), UUID: uuid, Version: version,
			MetadataLocation: location, PreviousMetadataLocation: before, Principal: "alice", RequestID: "r-1",
		}
	}
	with := func(e housetable.Event, change func(*housetable.Event)) housetable.Event {
		change(&e)
		return e
	}
	namespace := func(action housetable.Action, id string, version int64) housetable.Event {
		return housetable.Event{Action: action, Key: housetable.TableKey{DatabaseID: id}, Version: version, Principal: "alice", RequestID: "r-1"}
	}
	want := []housetable.Event{
		table(housetable.ActionSwap, 2, "t0", "/t0/2", "/t0/1"),
		with(table(housetable.ActionRename, 3, "t1", "/t1/3", "/t0/2"), func(e *housetable.Event) { e.PreviousKey = new(key("t0")) }),
		with(table(housetable.ActionDrop, 4, "t1", "/t1/3", "/t1/3"), func(e *housetable.Event) { e.DeletedAtMS = &at }),
		table(housetable.ActionRestore, 5, "t1", "/t1/3", "/t1/3"),
		with(table(housetable.ActionDrop, 6, "t1", "/t1/3", "/t1/3"), func(e *housetable.Event) { e.DeletedAtMS = &at2 }),
		with(table(housetable.ActionPurge, 7, "t1", "/t1/3", "/t1/3"), func(e *housetable.Event) {
			e.DeletedAtMS, e.Principal, e.RequestID = &at2, "", "r-9"
		}),
		table(housetable.ActionCreate, 1, "v", "/v/1", ""),
		table(housetable.ActionDrop, 2, "v", "/v/1", "/v/1"),
		namespace(housetable.ActionCreate, "n", 1),
		namespace(housetable.ActionUpdate, "n", 2),
		namespace(housetable.ActionDrop, "n", 3),
		namespace(housetable.ActionCreate, "i", 1),
		with(table(housetable.ActionCreate, 1, "f", "/f", ""), func(e *housetable.Event) {
			e.Key, e.Kind = housetable.TableKey{DatabaseID: "i", TableID: "f", Function: true}, housetable.KindFunction
		}),
	}
	got := b.read(t, start)
	for i := range got {
		if got[i].OperationID == (housetable.UUID{}) != (got[i].Action == housetable.ActionPurge) || got[i].CommittedAt.IsZero() {
			t.Errorf("event %d has operation %s, time %v", i, got[i].OperationID, got[i].CommittedAt)
		}
		if i < len(want) && want[i].Kind != housetable.AnyKind && want[i].Key.DatabaseID+want[i].Key.TableID != "dbt1" && want[i].Key.TableID != "t0" {
			want[i].UUID = got[i].UUID // of another house table
		}
	}
	ignored := cmpopts.IgnoreFields(housetable.Event{}, "Position", "CommittedAt", "OperationID")
	if diff := cmp.Diff(want, got, ignored); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

// eventPositions: a position is good for its own warehouse's own history.
func eventPositions(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3)
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "other"}); err != nil {
		t.Fatal(err)
	}
	if earliest, err := b.EarliestPosition(t.Context(), house); err != nil || earliest != (housetable.Position{}) {
		t.Fatalf("earliest %v, %v", earliest, err)
	}
	all := b.read(t, housetable.Position{})
	last := all[len(all)-1].Position
	if len(all) != 4 || b.latest(t) != last {
		t.Fatalf("%d events, the last at %v, latest %v", len(all), last, b.latest(t))
	}
	for i := range all {
		parsed, err := housetable.ParsePosition("position", all[i].Position.String())
		if err != nil || parsed != all[i].Position {
			t.Fatalf("parsed %v, %v", parsed, err)
		}
		if rest := b.read(t, parsed); len(rest) != len(all)-1-i {
			t.Fatalf("%d events behind event %d", len(rest), i)
		}
	}
	elsewhere, foreign := last, last
	elsewhere.Sequence++
	foreign.Fingerprint++
	for name, q := range map[string]housetable.EventQuery{
		"ahead of all events":     {Warehouse: house, After: elsewhere},
		"of another history":      {Warehouse: house, After: foreign},
		"of another warehouse":    {Warehouse: "other", After: last},
		"that never was":          {Warehouse: house, After: housetable.Position{Sequence: 1 << 40, Fingerprint: 1}},
		"of another history, old": {Warehouse: house, After: housetable.Position{Sequence: all[0].Position.Sequence, Fingerprint: 1}},
	} {
		q.Limit = 1
		if _, _, err := b.Events(t.Context(), q); !fault.Is(err, fault.PositionExpired) {
			t.Errorf("position %s: %v", name, err)
		}
	}
	if found, _, err := b.Events(t.Context(), housetable.EventQuery{Warehouse: "other", Limit: 1}); err != nil || len(found) != 0 {
		t.Errorf("events of another warehouse: %v, %v", found, err)
	}
	_, err := b.EarliestPosition(t.Context(), "nowhere")
	wantKind(t, err, fault.NoSuchWarehouse)
	_, _, err = b.LatestPosition(t.Context(), "nowhere", nil)
	wantKind(t, err, fault.NoSuchWarehouse)
}

// eventsUnderWriters: a reader beside many writers sees all, in order.
func eventsUnderWriters(t *testing.T, b *bench) {
	t.Helper()
	const tables, each = 4, 20
	b.seed(t, tables)
	at := b.latest(t)
	var writers sync.WaitGroup
	for writer := range rivals {
		writers.Go(func() {
			for n := range each {
				first, second := (writer+n)%tables, (writer+n+1+writer%2)%tables
				_, err := b.Commit(context.Background(), []housetable.Commit{
					b.request(housetable.SwapTable{Key: key(fmt.Sprint("t", first)), MetadataLocation: "/x"}),
					b.request(housetable.SwapTable{Key: key(fmt.Sprint("t", second)), MetadataLocation: "/y"}),
				})
				if err != nil {
					t.Errorf("writer %d: %v", writer, err)
				}
			}
		})
	}
	versions, seen := map[housetable.UUID]int64{}, 0
	for limit := time.Now().Add(time.Minute); seen < 2*rivals*each && time.Now().Before(limit); {
		for _, e := range b.read(t, at) {
			if last := versions[e.UUID]; e.Version != max(last, 1)+1 {
				t.Fatalf("version %d of %s follows version %d", e.Version, e.Key.TableID, last)
			}
			versions[e.UUID], at = e.Version, e.Position
			seen++
		}
	}
	writers.Wait()
	if seen != 2*rivals*each {
		t.Fatalf("saw %d events, want %d", seen, 2*rivals*each)
	}
}

// consumers keep how far they got, and never go back.
func consumers(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3)
	all := b.read(t, housetable.Position{})
	acknowledge := func(name string, p, want housetable.Position) {
		t.Helper()
		c, err := b.Acknowledge(t.Context(), house, name, p)
		if err != nil || c.Name != name || c.Position != want || c.AcknowledgedAt.IsZero() {
			t.Fatalf("kept %+v, %v; want %v", c, err, want)
		}
	}
	acknowledge("b", all[1].Position, all[1].Position)
	acknowledge("b", all[0].Position, all[1].Position)
	acknowledge("b", all[2].Position, all[2].Position)
	acknowledge("a", housetable.Position{}, housetable.Position{})
	for _, p := range []housetable.Position{{Sequence: 1 << 40}, {Sequence: all[3].Position.Sequence, Fingerprint: 1}} {
		_, err := b.Acknowledge(t.Context(), house, "a", p)
		wantKind(t, err, fault.PositionExpired)
	}
	found, err := b.Consumers(t.Context(), house)
	if err != nil || len(found) != 2 || found[0].Name != "a" || found[1].Position != all[2].Position {
		t.Fatalf("consumers %+v, %v", found, err)
	}
	for range 2 {
		if err := b.DeleteConsumer(t.Context(), house, "b"); err != nil {
			t.Fatal(err)
		}
	}
	if found, err = b.Consumers(t.Context(), house); err != nil || len(found) != 1 {
		t.Fatalf("consumers %+v, %v", found, err)
	}
	acknowledge("b", all[0].Position, all[0].Position)
	_, err = b.Acknowledge(t.Context(), "nowhere", "a", housetable.Position{})
	wantKind(t, err, fault.NoSuchWarehouse)
	_, err = b.Consumers(t.Context(), "nowhere")
	wantKind(t, err, fault.NoSuchWarehouse)
	wantKind(t, b.DeleteConsumer(t.Context(), "nowhere", "a"), fault.NoSuchWarehouse)
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "empty"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Acknowledge(t.Context(), "empty", "a", housetable.Position{}); err != nil {
		t.Fatal(err)
	}
	if err := b.DeleteWarehouse(t.Context(), "empty", 0); err != nil {
		t.Fatalf("a warehouse with a consumer: %v", err)
	}
}
