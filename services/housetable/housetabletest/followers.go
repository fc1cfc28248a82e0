package housetabletest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// follower keeps what it is told of the grants of a warehouse.
type follower struct {
	*bench
	warehouse, position string
	pages, restarts     int
	held                map[authz.Entry]bool
}

func (b *bench) follow(t testing.TB, warehouse string) *follower {
	t.Helper()
	f := &follower{bench: b, warehouse: warehouse, held: map[authz.Entry]bool{}}
	f.catchUp(t)
	return f
}

// catchUp reads all there is.
func (f *follower) catchUp(t testing.TB) {
	t.Helper()
	for {
		c, err := f.FollowAccess(t.Context(), f.warehouse, f.position, 3)
		if err != nil {
			t.Errorf("follow: %v", err)
			return
		}
		f.apply(c)
		if !c.More {
			return
		}
	}
}

func (f *follower) apply(c authz.Changes) {
	if f.pages++; c.Restart {
		f.restarts++
		f.held = map[authz.Entry]bool{}
	}
	for _, e := range c.Entries {
		switch given := (authz.Entry{Kind: e.Kind, ID: e.ID, Grantee: e.Grantee, Privilege: e.Privilege}); {
		case e.Grantee == "":
			maps.DeleteFunc(f.held, func(held authz.Entry, _ bool) bool { return held.Kind == e.Kind && held.ID == e.ID })
		case e.Revoked:
			delete(f.held, given)
		default:
			f.held[given] = true
		}
	}
	f.position = c.Position
}

func (f *follower) want(t testing.TB, want map[authz.Entry]bool) {
	t.Helper()
	if f.catchUp(t); !cmp.Equal(want, f.held) {
		t.Fatalf("a follower has (-want +got):\n%s", cmp.Diff(want, f.held))
	}
}

// followers: whoever follows has what is granted, whenever they began.
func followers(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 2)
	early := b.follow(t, house)
	own := authz.Entry{Kind: authz.KindNamespace, ID: "db", Grantee: authz.User("alice"), Privilege: authz.Own}
	reads := authz.Entry{Kind: authz.KindNamespace, ID: "db", Grantee: bob, Privilege: authz.Select}
	writes := authz.Entry{Kind: authz.KindTable, ID: b.table(t, key("t0")).UUID.String(), Grantee: bob, Privilege: authz.Write}
	b.grant(t, namespaceGrant("db", bob, authz.Select), tableGrant("t0", bob, authz.Write), tableGrant("t1", bob, authz.Write), tableGrant("t1", bob, authz.Drop))
	early.catchUp(t)
	b.changeGrants(t, house, true, tableGrant("t1", bob, authz.Write))
	b.do(t, housetable.DropTable{Key: key("t1")})
	want := map[authz.Entry]bool{own: true, reads: true, writes: true}
	early.want(t, want)
	if early.restarts != 1 || early.pages < 3 {
		t.Fatalf("%d pages, %d restarts", early.pages, early.restarts)
	}
	b.follow(t, house).want(t, want)
	c, err := b.FollowAccess(t.Context(), house, early.position, 3)
	if err != nil || c.Restart || c.More || len(c.Entries) != 0 || c.Position != early.position {
		t.Fatalf("nothing new: %+v, %v", c, err)
	}
	for _, foreign := range []string{"x", "1.2", early.position + "0", "." + early.position, b.follow(t, housetable.ServersPart).position} {
		if c, err := b.FollowAccess(t.Context(), house, foreign, 100); err != nil || !c.Restart {
			t.Fatalf("%q: %+v, %v", foreign, c, err)
		}
	}
}

// newNamespaces: a namespace begins without what was granted on one of its name,
// and so does a warehouse.
func newNamespaces(t *testing.T, b *bench) {
	t.Helper()
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "fold", CaseInsensitive: true}); err != nil {
		t.Fatal(err)
	}
	at := func(principal string, change housetable.Change) {
		t.Helper()
		c := b.request(change)
		c.Warehouse, c.Principal = "fold", principal
		if v := b.send(t, c); verdictName(v) != "committed" {
			t.Fatalf("%#v", v)
		}
	}
	at("corp:alice", housetable.CreateNamespace{DatabaseID: "Sales"})
	f := b.follow(t, "fold")
	entry := func(to authz.Grantee, p authz.Privilege) authz.Entry {
		return authz.Entry{Kind: authz.KindNamespace, ID: "sales", Grantee: to, Privilege: p}
	}
	b.changeGrants(t, "fold", false, namespaceGrant("SALES", bob, authz.Select), namespaceGrant("sales", bob, authz.Write))
	f.want(t, map[authz.Entry]bool{entry("user:corp:alice", authz.Own): true, entry(bob, authz.Select): true, entry(bob, authz.Write): true})
	b.changeGrants(t, "fold", true, namespaceGrant("sales", bob, authz.Write))
	at("", housetable.DropNamespace{DatabaseID: "sAles"})
	b.wantGranted(t, housetable.GrantQuery{Warehouse: "fold"})
	f.want(t, map[authz.Entry]bool{})
	at("corp:carol", housetable.CreateTable{Key: housetable.TableKey{DatabaseID: "sales", TableID: "t"}, Kind: housetable.KindTable, MetadataLocation: "/", ImplicitNamespace: true})
	f.want(t, map[authz.Entry]bool{entry("user:corp:carol", authz.Own): true})
	at("", housetable.DropTable{Key: housetable.TableKey{DatabaseID: "sales", TableID: "t"}})
	at("", housetable.DropNamespace{DatabaseID: "sales"})
	at("", housetable.CreateNamespace{DatabaseID: "sales"})
	f.want(t, map[authz.Entry]bool{})
	at("", housetable.DropNamespace{DatabaseID: "sales"})
	b.changeGrants(t, "fold", false, housetable.Grant{Object: housetable.Object{Kind: authz.KindWarehouse}, Grantee: bob, Privilege: authz.Own})
	if err := b.DeleteWarehouse(t.Context(), "fold", 0); err != nil {
		t.Fatal(err)
	}
	_, err := b.FollowAccess(t.Context(), "fold", f.position, 1)
	wantKind(t, err, fault.NoSuchWarehouse)
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "fold"}); err != nil {
		t.Fatal(err)
	}
	restarts := f.restarts
	if f.want(t, map[authz.Entry]bool{}); f.restarts == restarts {
		t.Fatal("a follower goes on in a new warehouse")
	}
}

// goneGrants: what is dropped for good, or purged, keeps no grants.
func goneGrants(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3)
	f := b.follow(t, house)
	before := maps.Clone(f.held)
	for i := range 3 {
		b.grant(t, tableGrant(fmt.Sprint("t", i), bob, authz.Select))
	}
	f.catchUp(t)
	b.do(t, housetable.DropTable{Key: key("t0")}, housetable.DropTable{Key: key("t1"), Soft: true, PurgeAfterMS: 1})
	dropped := b.do(t, housetable.DropTable{Key: key("t2"), Soft: true, PurgeAfterMS: 1 << 60}).Results[0].Table
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house, Grantee: bob})
	if f.catchUp(t); len(f.held) != len(before)+2 {
		t.Fatalf("a follower has %v", f.held)
	}
	if n, err := b.PurgeExpired(t.Context(), 100); err != nil || n != 1 {
		t.Fatalf("purged %d, %v", n, err)
	}
	b.do(t, housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: key("t2"), DeletedAtMS: *dropped.DeletedAtMS}})
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house, Grantee: bob}, tableGrant("t2", bob, authz.Select))
	b.do(t, housetable.DropTable{Key: key("t2"), Soft: true, PurgeAfterMS: 1 << 60})
	if n, err := b.PurgeSoftDeleted(t.Context(), housetable.Purge{Warehouse: house, Key: key("t2")}); err != nil || n != 1 {
		t.Fatalf("purged %d, %v", n, err)
	}
	f.want(t, before)
}

// tombstones are forgotten in time, and a follower who has not read them by then
// begins anew; one who has goes on.
func tombstones(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	b.grant(t, tableGrant("t0", bob, authz.Select), tableGrant("t0", bob, authz.Write))
	late := b.follow(t, house)
	b.changeGrants(t, house, true, tableGrant("t0", bob, authz.Select))
	current := b.follow(t, house)
	if n, err := b.ForgetGrants(t.Context(), time.Hour, 100); err != nil || n != 0 {
		t.Fatalf("forgot %d, %v", n, err)
	}
	if n, err := b.ForgetGrants(t.Context(), 0, 100); err != nil || n != 1 {
		t.Fatalf("forgot %d, %v", n, err)
	}
	want := maps.Clone(current.held)
	late.want(t, want)
	if late.restarts != 2 {
		t.Fatalf("%d restarts of one who missed a tombstone", late.restarts)
	}
	if current.want(t, want); current.restarts != 1 {
		t.Fatalf("%d restarts of one who missed nothing", current.restarts)
	}
	first, err := b.FollowAccess(t.Context(), house, "", 1) // a follower that begins behind a gap and reads on
	if err != nil || !first.More {
		t.Fatalf("%+v, %v", first, err)
	}
	if next, err := b.FollowAccess(t.Context(), house, first.Position, 1); err != nil || next.Restart {
		t.Fatalf("%+v, %v", next, err)
	}
}

// followersUnderWriters: however writers race, a follower who has read up to a
// position has all that was changed before it.
func followersUnderWriters(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, rivals)
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	var last [2]*follower
	for i := range last {
		last[i] = b.follow(t, house)
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					last[i].catchUp(t)
				}
			}
		})
	}
	for i := range rivals {
		writers.Go(func() {
			for n := range rounds {
				grant := tableGrant(fmt.Sprint("t", rand.N(rivals)), bob, authz.Select) //nolint:gosec // a choice
				switch n % 4 {
				case 0:
					b.attempt(t, b.request(housetable.CreateNamespace{DatabaseID: "n" + strconv.Itoa(i)}))
				case 2:
					b.attempt(t, b.request(housetable.DropNamespace{DatabaseID: "n" + strconv.Itoa(i)}))
				}
				change := housetable.GrantChange{Warehouse: house, Grants: []housetable.Grant{grant, namespaceGrant("n"+strconv.Itoa(rand.N(rivals)), bob, authz.Write)}, Revoke: rand.N(3) == 0} //nolint:gosec // a choice
				_, err := b.ChangeGrants(t.Context(), change)
				if err != nil && !fault.Is(err, fault.NoSuchNamespace) && !fault.Is(err, fault.Unavailable) {
					t.Errorf("change grants: %v", err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	want := map[authz.Entry]bool{}
	for _, g := range b.granted(t, housetable.GrantQuery{Warehouse: house}) {
		id := g.Object.DatabaseID
		if g.Object.IsTable() {
			id = b.table(t, g.Object.Key()).UUID.String()
		}
		want[authz.Entry{Kind: g.Object.Kind, ID: id, Grantee: g.Grantee, Privilege: g.Privilege}] = true
	}
	b.follow(t, house).want(t, want)
	for _, f := range last {
		if f.want(t, want); f.restarts != 1 {
			t.Errorf("%d restarts", f.restarts)
		}
	}
}

// grantRace: a grant on a namespace, and one to a role, that race with a drop are
// dropped with it or refused: the next of that name has none of it, and no
// follower believes so.
func grantRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	f, server := b.follow(t, house), b.follow(t, housetable.ServersPart)
	before := maps.Clone(f.held)
	for round := range 3 * rounds {
		id, role := fmt.Sprint("n", round%3), fmt.Sprint("r", round%3)
		namespace := func(change housetable.Change) {
			c := b.request(change)
			c.Principal = ""
			b.attempt(t, c)
		}
		namespace(housetable.CreateNamespace{DatabaseID: id})
		if _, err := b.CreateRole(t.Context(), housetable.Role{Name: role}); err != nil && !fault.Is(err, fault.AlreadyExists) {
			t.Fatal(err)
		}
		var rivals sync.WaitGroup
		give := func(in string, g housetable.Grant) {
			_, err := b.ChangeGrants(t.Context(), housetable.GrantChange{Warehouse: in, Grants: []housetable.Grant{g}})
			if err != nil && !fault.Is(err, fault.NoSuchNamespace) && !fault.Is(err, fault.NoSuchRole) {
				t.Errorf("grant: %v", err)
			}
		}
		rivals.Go(func() { namespace(housetable.DropNamespace{DatabaseID: id}) })
		rivals.Go(func() { give(house, namespaceGrant(id, bob, authz.Select)) })
		rivals.Go(func() { give(housetable.ServersPart, membership(role, bob)) })
		rivals.Go(func() {
			if err := b.DeleteRole(t.Context(), role); err != nil {
				t.Errorf("delete the role: %v", err)
			}
		})
		rivals.Wait()
		namespace(housetable.CreateNamespace{DatabaseID: id})
		if _, err := b.CreateRole(t.Context(), housetable.Role{Name: role}); err != nil {
			t.Fatal(err)
		}
		b.wantGranted(t, housetable.GrantQuery{Warehouse: house, Grantee: bob})
		b.wantGranted(t, housetable.GrantQuery{Warehouse: housetable.ServersPart})
		f.want(t, before)
		server.want(t, map[authz.Entry]bool{})
		namespace(housetable.DropNamespace{DatabaseID: id})
	}
}

// attempt makes a commit beside others, whatever becomes of it.
func (b *bench) attempt(t testing.TB, c housetable.Commit) {
	t.Helper()
	if _, err := b.Commit(t.Context(), []housetable.Commit{c}); err != nil {
		t.Errorf("commit: %v", err)
	}
}
