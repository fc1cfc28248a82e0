package housetabletest

import (
	"fmt"
	"testing"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// createAt is a creation that takes a location.
func createAt(table, location string) housetable.CreateTable {
	c := create(table)
	c.Location = location
	return c
}

// createOf is a creation that takes a metadata's uuid.
func createOf(table string, uuid housetable.UUID) housetable.CreateTable {
	c := create(table)
	c.MetadataUUID = &uuid
	return c
}

// moveTo is a swap that takes a location.
func moveTo(table, location string) housetable.SwapTable {
	return housetable.SwapTable{Key: key(table), MetadataLocation: "/moved", Location: location}
}

// refuseAt wants a location to be taken by a table that holds held.
func (b *bench) refuseAt(t testing.TB, change housetable.Change, table, held string) housetable.ChangeConflict {
	t.Helper()
	conflict := b.refuse(t, housetable.LocationTaken, change)
	if conflict.Current == nil || conflict.Current.Key != key(table) || conflict.Location != held {
		t.Fatalf("%+v is taken by %+v at %q, want %s at %q", change, conflict.Current, conflict.Location, table, held)
	}
	return conflict
}

// locations: what is held is taken, with all that is above and below it, and
// nothing beside it.
func locations(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	b.do(t, createAt("t", "s3://w/n/t"))
	for _, location := range []string{"s3://w/n/t", "s3://w/n/t/x", "s3://w/n/t/x/y", "s3://w/n", "s3://w", "s3:"} {
		conflict := b.refuseAt(t, createAt("u", location), "t", "s3://w/n/t")
		if conflict.Winner == nil || conflict.Winner.Principal != "alice" || conflict.Current.Kind != housetable.KindTable || conflict.Current.Version != 1 {
			t.Errorf("%s: %+v", location, conflict)
		}
		if b.table(t, key("u")) != nil {
			t.Fatalf("%s: created all the same", location)
		}
	}
	for i, location := range []string{"s3://w/n/t-1", "s3://w/n/t0", "s3://w/n/t.x/y", "s3://w/n/T", "s3://w/n//t", "s3://w/m/t", "s3:/w", "file:/w", "t"} {
		b.do(t, createAt(fmt.Sprint("beside", i), location))
	}
	b.do(t, create("anywhere"), create("else"))
	b.refuse(t, housetable.TableExists, createAt("t", "s3://w/n/t"))
	b.refuse(t, housetable.NamespaceNotFound, housetable.CreateTable{
		Key: housetable.TableKey{DatabaseID: "none", TableID: "t"}, Kind: housetable.KindTable, MetadataLocation: "/", Location: "s3://w/n/t",
	})
	other, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := b.request(housetable.CreateTable{Key: key("t"), Kind: housetable.KindTable, MetadataLocation: "/", Location: "s3://w/n/t", ImplicitNamespace: true})
	elsewhere.Warehouse = other.Name
	if verdict := b.send(t, elsewhere); verdictName(verdict) != "committed" {
		t.Errorf("another warehouse: %#v", verdict)
	}
}

// heldWhile: a location is held from the creation until the table is gone for
// good, under whatever name.
func heldWhile(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	b.do(t, createAt("t", "/w/t"))
	b.do(t, swap("t", 1, "/2"))
	b.refuseAt(t, createAt("u", "/w/t/x"), "t", "/w/t")
	b.do(t, housetable.RenameTable{Key: key("t"), Destination: key("r")})
	b.refuseAt(t, createAt("t", "/w/t"), "r", "/w/t")
	at := *b.do(t, housetable.DropTable{Key: key("r"), Soft: true, PurgeAfterMS: 1}).Results[0].Table.DeletedAtMS
	if conflict := b.refuseAt(t, createAt("t", "/w"), "r", "/w/t"); conflict.Current.DeletedAtMS == nil || *conflict.Current.DeletedAtMS != at {
		t.Errorf("soft-deleted at %d: %+v", at, conflict.Current)
	}
	b.do(t, housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: key("r"), DeletedAtMS: at}})
	b.refuseAt(t, createAt("t", "/w"), "r", "/w/t")
	b.do(t, housetable.DropTable{Key: key("r")})
	b.do(t, createAt("t", "/w/t/x"))
	b.do(t, housetable.DropTable{Key: key("t"), Soft: true})
	purged, err := b.PurgeSoftDeleted(t.Context(), housetable.Purge{Warehouse: house, Key: key("t")})
	if err != nil || purged != 1 {
		t.Fatal(purged, err)
	}
	b.do(t, createAt("t", "/w"))
	b.do(t, housetable.DropTable{Key: key("t"), Soft: true, PurgeAfterMS: 1})
	until(t, 1, func() (int64, error) { return b.PurgeExpired(t.Context(), 100) })
	b.do(t, createAt("t", "/w/t"), createAt("u", "/w/u"))
}

// moves: a table takes another location and gives up what it had, also where one
// is above the other.
func moves(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	b.do(t, createAt("t", "/w/t"), createAt("u", "/w/u"), create("bare"))
	b.refuseAt(t, moveTo("t", "/w/u/x"), "u", "/w/u")
	b.refuseAt(t, moveTo("t", "/w"), "u", "/w/u")
	b.wantAt(t, "t", "/t/1")
	b.refuse(t, housetable.TableNotFound, moveTo("none", "/w/none"))
	for _, location := range []string{"/w/t", "/w/t/deep/er", "/w/t/deep", "/w/v", "/w/t"} {
		b.do(t, moveTo("t", location))
		b.refuseAt(t, createAt("x", location), "t", location)
	}
	b.do(t, createAt("v", "/w/v"))
	b.do(t, moveTo("bare", "/w/bare"))
	b.refuseAt(t, createAt("x", "/w/bare"), "bare", "/w/bare")
	b.do(t, housetable.DropTable{Key: key("u")}, housetable.DropTable{Key: key("v")}, housetable.DropTable{Key: key("bare")})
	b.do(t, moveTo("t", "/w"))
	b.refuseAt(t, createAt("x", "/w/u"), "t", "/w")
}

// metadataUUIDs: one uuid, one table.
func metadataUUIDs(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	first, second := housetable.UUID{1}, housetable.UUID{2}
	b.do(t, createOf("t", first))
	b.do(t, createOf("u", second))
	for _, change := range []housetable.Change{
		createOf("x", first), housetable.SwapTable{Key: key("u"), MetadataLocation: "/", MetadataUUID: &first},
	} {
		conflict := b.refuse(t, housetable.MetadataUUIDTaken, change)
		if conflict.Current == nil || conflict.Current.Key != key("t") || conflict.Location != "" {
			t.Fatalf("%+v", conflict)
		}
	}
	b.do(t, housetable.SwapTable{Key: key("t"), MetadataLocation: "/", MetadataUUID: &first})
	b.do(t, housetable.DropTable{Key: key("t"), Soft: true})
	b.refuse(t, housetable.MetadataUUIDTaken, createOf("x", first))
	third := housetable.UUID{3}
	b.do(t, housetable.SwapTable{Key: key("u"), MetadataLocation: "/", MetadataUUID: &third})
	b.do(t, createOf("x", second))
	both := createAt("y", "/w/y")
	both.MetadataUUID = &third
	b.refuse(t, housetable.MetadataUUIDTaken, both)
	both.MetadataUUID = &housetable.UUID{4}
	b.do(t, both)
	b.do(t, housetable.DropTable{Key: key("y")})
	b.do(t, createOf("z", housetable.UUID{4}), createAt("y", "/w/y"))
}

// heldTogether: two changes of one commit do not take what overlaps; it applies
// not at all, and its neighbours in the batch do.
func heldTogether(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	b.do(t, createAt("there", "/w/taken"))
	uuid := createOf("u", housetable.UUID{1})
	for name, changes := range map[string][]housetable.Change{
		"equal": {createAt("t", "/w/t"), createAt("u", "/w/t")},
		"below": {createAt("t", "/w/t"), createAt("u", "/w/t/u")},
		"above": {createAt("t", "/w/t/u"), createAt("u", "/w/t")},
		"uuids": {createOf("t", housetable.UUID{1}), uuid},
		"taken": {createAt("t", "/w/t"), createAt("u", "/w/taken")},
	} {
		neighbour := b.request(createAt(name, "/w/neighbours/"+name))
		verdicts, err := b.Commit(t.Context(), []housetable.Commit{neighbour, b.request(changes...)})
		if err != nil || verdictName(verdicts[0]) != "committed" || verdictName(verdicts[1]) != "conflict" {
			t.Fatalf("%s: %#v, %v", name, verdicts, err)
		}
		conflict := verdicts[1].(housetable.Conflict).Changes[0]
		if (conflict.Current != nil) != (name == "taken") || b.table(t, key("t")) != nil || b.table(t, key("u")) != nil {
			t.Errorf("%s: %+v", name, conflict)
		}
	}
	b.do(t, createAt("t", "/w/t"), createAt("u", "/w/u"))
}

// folders: what is above a location that was held once is free again.
func folders(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	b.do(t, createAt("t", "/w/a/b/c/t"), createAt("u", "/w/u"))
	b.do(t, housetable.DropTable{Key: key("t")})
	for range 4 {
		for swept, err := int64(2), error(nil); swept == 2; swept, err = b.ForgetFolders(t.Context(), 2) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	b.refuseAt(t, createAt("t", "/w"), "u", "/w/u")
	b.do(t, createAt("t", "/w/a/b/c"))
	b.do(t, housetable.DropTable{Key: key("t")})
	b.do(t, createAt("t", "/w/a"))
}
