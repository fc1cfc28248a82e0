package housetabletest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// accessTests are of who may do what.
func accessTests() map[string]func(*testing.T, *bench) {
	return map[string]func(*testing.T, *bench){
		"Owners":                owners,
		"Grants":                grants,
		"GrantRefusals":         grantRefusals,
		"Roles":                 roles,
		"Followers":             followers,
		"FollowersUnderWriters": followersUnderWriters,
		"NewNamespaces":         newNamespaces,
		"GoneGrants":            goneGrants,
		"Tombstones":            tombstones,
		"GrantsAgainstDrops":    grantRace,
		"Visibility":            visibility,
		"VisibilityFolds":       visibilityFolds,
	}
}

const (
	bob     = authz.Grantee("user:corp:bob")
	readers = authz.Grantee("role:readers")
)

func namespaceGrant(id string, to authz.Grantee, p authz.Privilege) housetable.Grant {
	return housetable.Grant{Object: housetable.Object{Kind: authz.KindNamespace, DatabaseID: id}, Grantee: to, Privilege: p}
}

func tableGrant(table string, to authz.Grantee, p authz.Privilege) housetable.Grant {
	return housetable.Grant{Object: housetable.Object{Kind: authz.KindTable, DatabaseID: "db", TableID: table}, Grantee: to, Privilege: p}
}

func membership(role string, of authz.Grantee) housetable.Grant {
	return housetable.Grant{Object: housetable.Object{Kind: authz.KindRole, Role: role}, Grantee: of, Privilege: authz.Member}
}

func (b *bench) changeGrants(t testing.TB, in string, revoke bool, grants ...housetable.Grant) int64 {
	t.Helper()
	n, err := b.ChangeGrants(t.Context(), housetable.GrantChange{Warehouse: in, Grants: grants, Revoke: revoke, Principal: "corp:root", RequestID: "r-9"})
	if err != nil {
		t.Fatalf("change grants: %v", err)
	}
	return n
}

func (b *bench) grant(t testing.TB, grants ...housetable.Grant) int64 {
	t.Helper()
	return b.changeGrants(t, house, false, grants...)
}

// granted lists grants page by page, without who gave them and when.
func (b *bench) granted(t testing.TB, q housetable.GrantQuery) (found []housetable.Grant) {
	t.Helper()
	for q.Limit = 2; ; {
		page, next, err := b.ListGrants(t.Context(), q)
		if err != nil {
			t.Fatalf("list grants: %v", err)
		}
		if len(page) < q.Limit && next != "" {
			t.Fatalf("a page of %d goes on", len(page))
		}
		for _, g := range page {
			g.GrantedBy, g.GrantedAt = "", time.Time{}
			found = append(found, g)
		}
		if q.After = next; next == "" {
			return found
		}
	}
}

func (b *bench) wantGranted(t testing.TB, q housetable.GrantQuery, want ...housetable.Grant) {
	t.Helper()
	if diff := cmp.Diff(want, b.granted(t, q), cmpopts.EquateEmpty(), cmpopts.SortSlices(func(x, y housetable.Grant) bool { return fmt.Sprint(x) < fmt.Sprint(y) })); diff != "" {
		t.Fatalf("granted (-want +got):\n%s", diff)
	}
}

// owners: who creates a house table owns it through all that becomes of it.
func owners(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	made := b.do(t, create("t")).Results[0].Table
	want := func(what string, table *housetable.Table, owner string) {
		t.Helper()
		if table == nil || table.Owner != owner {
			t.Fatalf("%s: %+v, want the owner %q", what, table, owner)
		}
	}
	want("created", made, "alice")
	c := b.request(swap("t", 1, "/2"))
	c.Principal = "bob"
	want("swapped", b.send(t, c).(housetable.Committed).Results[0].Table, "alice") //nolint:forcetypeassert // else the test fails
	both := b.do(t, housetable.SwapTable{Key: key("t"), MetadataLocation: "/3"}, housetable.CreateNamespace{DatabaseID: "other"})
	want("swapped with company", both.Results[0].Table, "alice")
	renamed := b.do(t, housetable.RenameTable{Key: key("t"), Destination: key("u")}).Results[0].Table
	want("renamed", renamed, "alice")
	dropped := b.do(t, housetable.DropTable{Key: key("u"), Soft: true, PurgeAfterMS: 1 << 60}).Results[0].Table
	want("dropped", dropped, "alice")
	listed, _, err := b.ListSoftDeleted(t.Context(), housetable.SoftDeletedQuery{Warehouse: house, DatabaseID: "db", Page: housetable.Page{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	want("soft-deleted", &listed[0], "alice")
	restored := b.do(t, housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: key("u"), DeletedAtMS: *dropped.DeletedAtMS}}).Results[0].Table
	want("restored", restored, "alice")
	want("read", b.table(t, key("u")), "alice")
	for name, principal := range map[string]string{"nobody": "", "anonymous": "anonymous"} {
		c := b.request(create(name))
		c.Principal = principal
		want("created by "+principal, b.send(t, c).(housetable.Committed).Results[0].Table, "") //nolint:forcetypeassert // else the test fails
	}
}

// grants: what is given is there until it is revoked, under the names that its
// objects have now, and history tells of each change once.
func grants(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 2)
	own := namespaceGrant("db", authz.User("alice"), authz.Own)
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house}, own)
	onWarehouse := housetable.Grant{Object: housetable.Object{Kind: authz.KindWarehouse}, Grantee: authz.Everyone, Privilege: authz.List}
	given := []housetable.Grant{namespaceGrant("db", bob, authz.Select), tableGrant("t0", bob, authz.Write), tableGrant("t1", bob, authz.Drop), onWarehouse}
	if n := b.grant(t, append(given, given[0])...); n != 4 {
		t.Fatalf("gave %d", n)
	}
	if n := b.grant(t, given[1:]...); n != 0 {
		t.Fatalf("gave %d again", n)
	}
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house}, append(given, own)...)
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house, Grantee: bob}, given[:3]...)
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house, Object: &given[0].Object}, given[0], own)
	b.do(t, housetable.RenameTable{Key: key("t0"), Destination: key("moved")})
	b.do(t, create("t0"))
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house, Grantee: bob}, given[0], tableGrant("moved", bob, authz.Write), given[2])
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house, Object: &given[1].Object})

	if n := b.changeGrants(t, house, true, given[0], given[2], tableGrant("t0", bob, authz.Write)); n != 2 {
		t.Fatalf("revoked %d", n)
	}
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house, Grantee: bob}, tableGrant("moved", bob, authz.Write))
	if n := b.grant(t, given[0]); n != 1 {
		t.Fatalf("gave %d anew", n)
	}
	var told []string
	for _, e := range b.allEvents(t) {
		if e.Grant != nil {
			told = append(told, fmt.Sprint(e.Action, " ", e.Grant.Object.Kind, " ", e.Key.DatabaseID, ".", e.Key.TableID, " ", e.Grant.Grantee, " ", e.Grant.Privilege, " ", e.Principal, " ", e.RequestID))
		}
	}
	slices.Sort(told)
	if diff := cmp.Diff([]string{
		"grant namespace db. user:corp:bob select corp:root r-9", "grant namespace db. user:corp:bob select corp:root r-9",
		"grant table db.t0 user:corp:bob write corp:root r-9", "grant table db.t1 user:corp:bob drop corp:root r-9",
		"grant warehouse . everyone list corp:root r-9",
		"revoke namespace db. user:corp:bob select corp:root r-9", "revoke table db.t1 user:corp:bob drop corp:root r-9",
	}, told); diff != "" {
		t.Fatalf("events (-want +got):\n%s", diff)
	}
}

// allEvents are those of the warehouse, once they are settled.
func (b *bench) allEvents(t testing.TB) []housetable.Event {
	t.Helper()
	q := housetable.EventQuery{Warehouse: house, Limit: 1000}
	for {
		found, fence, err := b.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if q.Fence = fence; fence == nil {
			return found
		}
	}
}

// grantRefusals: nothing is granted on what is not there, or to a role that is not.
func grantRefusals(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	view := tableGrant("t0", bob, authz.Select)
	view.Object.Kind = authz.KindView
	for _, c := range []struct {
		in   string
		g    housetable.Grant
		kind fault.Kind
	}{
		{"nowhere", namespaceGrant("db", bob, authz.Select), fault.NoSuchWarehouse},
		{house, namespaceGrant("none", bob, authz.Select), fault.NoSuchNamespace},
		{house, tableGrant("none", bob, authz.Select), fault.NoSuchTable},
		{house, view, fault.NoSuchTable},
		{house, tableGrant("t0", readers, authz.Select), fault.NoSuchRole},
		{housetable.ServersPart, membership("readers", bob), fault.NoSuchRole},
	} {
		for _, revoke := range []bool{false, true} {
			change := housetable.GrantChange{Warehouse: c.in, Grants: []housetable.Grant{c.g}, Revoke: revoke}
			if c.in == house {
				change.Grants = append([]housetable.Grant{namespaceGrant("db", bob, authz.Drop)}, c.g)
			}
			_, err := b.ChangeGrants(t.Context(), change)
			wantKind(t, err, c.kind)
		}
		object := c.g.Object
		if c.kind != fault.NoSuchRole || c.in == housetable.ServersPart {
			_, _, err := b.ListGrants(t.Context(), housetable.GrantQuery{Warehouse: c.in, Object: &object, Page: housetable.Page{Limit: 1}})
			wantKind(t, err, c.kind)
		}
	}
	_, err := b.FollowAccess(t.Context(), "nowhere", "", 1)
	wantKind(t, err, fault.NoSuchWarehouse)
	b.wantGranted(t, housetable.GrantQuery{Warehouse: house, Grantee: bob})
}

// roles: a role is there until it is deleted, which takes its members and is
// refused while something is granted to it.
func roles(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	for _, name := range []string{"readers", "Z", "a.b"} {
		r, err := b.CreateRole(t.Context(), housetable.Role{Name: name, Description: "of " + name})
		if err != nil || r.CreatedAt.IsZero() {
			t.Fatalf("%+v, %v", r, err)
		}
		if read, err := b.Role(t.Context(), name); err != nil || !cmp.Equal(read, r) {
			t.Fatalf("read %+v, %v", read, err)
		}
	}
	_, err := b.CreateRole(t.Context(), housetable.Role{Name: "readers"})
	wantKind(t, err, fault.AlreadyExists)
	var names []string
	for p := (housetable.Page{Limit: 2}); ; {
		page, next, err := b.ListRoles(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			names = append(names, r.Name)
		}
		if p.After = next; next == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"Z", "a.b", "readers"}, names); diff != "" {
		t.Fatalf("roles (-want +got):\n%s", diff)
	}
	b.changeGrants(t, housetable.ServersPart, false, membership("readers", bob), membership("Z", readers))
	b.grant(t, tableGrant("t0", readers, authz.Select))
	wantKind(t, b.DeleteRole(t.Context(), "readers"), fault.NotEmpty)
	b.changeGrants(t, house, true, tableGrant("t0", readers, authz.Select))
	wantKind(t, b.DeleteRole(t.Context(), "readers"), fault.NotEmpty)
	b.changeGrants(t, housetable.ServersPart, true, membership("Z", readers))
	before := b.follow(t, housetable.ServersPart)
	if err := b.DeleteRole(t.Context(), "readers"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.DeleteRole(t.Context(), "readers"), fault.NoSuchRole)
	_, err = b.Role(t.Context(), "readers")
	wantKind(t, err, fault.NoSuchRole)
	b.wantGranted(t, housetable.GrantQuery{Warehouse: housetable.ServersPart})
	if before.catchUp(t); len(before.held) != 0 {
		t.Fatalf("a follower has %v", before.held)
	}
}
