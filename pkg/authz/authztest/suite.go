package authztest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Fatal is what a decider is opened with, to say that it cannot be.
type Fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Suite is what a decider is checked by.
type Suite struct {
	// Open makes a decider of a world.
	Open func(t Fatal, w World) authz.Decider
	// Each is of deciders that know nothing in advance: what is visible, and so
	// what there is passage to, is found out by asking about every row.
	Each bool
}

// Run checks a decider against the rules.
func (s Suite) Run(t *testing.T) {
	t.Helper()
	t.Run("examples", func(t *testing.T) { examples(t, s.Open) })
	t.Run("by the book", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			w := worlds(t)
			s.agrees(t, w, s.Open(t, w))
		})
	})
}

// agrees asks everything of everybody.
func (s Suite) agrees(t *rapid.T, w World, by authz.Decider) {
	for _, who := range people {
		for _, o := range w.Objects() {
			for _, p := range authz.Privileges() {
				s.decides(t, w, by, who, authz.Question{Privilege: p, Object: o})
			}
			if o.Table == nil {
				s.shows(t, w, by, who, o)
			}
		}
	}
}

// decides compares a decision, and what explains it.
func (s Suite) decides(t *rapid.T, w World, by authz.Decider, who authn.Identity, q authz.Question) {
	decisions, err := by.Decide(t.Context(), who, q, q)
	if err != nil {
		t.Fatalf("%s: %v", authz.Refusal(who, q), err)
	}
	want := w.Given(who, q.Privilege, q.Object)
	if authz.Describe.Includes(q.Privilege) && !s.Each {
		want = want || (q.Object.Kind == authz.KindNamespace && w.Passes(who, q.Privilege, q.Object, false)) ||
			(q.Object.Kind == authz.KindWarehouse && passesByGrants(w, who, q.Privilege, q.Object))
	}
	if decisions[0].Allowed != want || decisions[1].Allowed != want {
		t.Fatalf("%s: decided %t, by the book %t", authz.Refusal(who, q), decisions[0].Allowed, want)
	}
	why, err := by.Explain(t.Context(), who, q)
	if err != nil || why.Allowed != want || (len(why.Reasons) > 0) != want {
		t.Fatalf("%s: explained as %+v, %v; by the book %t", authz.Refusal(who, q), why, err, want)
	}
}

// passesByGrants is passage to a warehouse: by what is granted in it, as what is
// owned there is not known to a decider.
func passesByGrants(w World, who authn.Identity, p authz.Privilege, warehouse authz.Object) bool {
	return slices.ContainsFunc(w.Objects(), func(o authz.Object) bool {
		if o.Table != nil {
			ref := *o.Table
			ref.Owner, o.Table = "", &ref
		}
		return Within(o, warehouse) && w.Given(who, p, o)
	})
}

// shows compares what is visible in a container with what may be described there,
// both ways.
func (s Suite) shows(t *rapid.T, w World, by authz.Decider, who authn.Identity, in authz.Object) {
	visible, err := by.Visible(t.Context(), who, in)
	if err != nil {
		t.Fatalf("what %s sees in %s: %v", who.Principal(), in, err)
	}
	if s.Each && visible.Each && !visible.All {
		return
	}
	if in.Kind == authz.KindRole || in.Kind == authz.KindServer {
		if visible.All != w.Given(who, authz.Describe, in) {
			t.Fatalf("what %s sees in %s: %+v", who.Principal(), in, visible)
		}
		return
	}
	if once := slices.Compact(sortedIDs(visible)); len(once) != len(visible.UUIDs) {
		t.Fatalf("%s sees in %s something twice: %+v", who.Principal(), in, visible)
	}
	for _, o := range w.Objects() {
		if !Within(o, in) {
			continue
		}
		may := w.Given(who, authz.Describe, o) || (o.Kind == authz.KindNamespace && w.Passes(who, authz.Describe, o, true))
		if direct(o, in) && w.Shown(visible, o) != may {
			t.Fatalf("%s sees %s in %s: %t, may describe it: %t; %+v", who.Principal(), o, in, !may, may, visible)
		}
	}
}

func sortedIDs(v authz.Visibility) []uuid.UUID {
	return slices.SortedFunc(slices.Values(v.UUIDs), func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
}

// direct reports whether an object is in a container itself, as lists have it.
func direct(o, in authz.Object) bool {
	if o.Table != nil {
		return o.DatabaseID == in.DatabaseID
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(o.DatabaseID, in.DatabaseID), ".")
	return !strings.Contains(rest, ".")
}

// people are who is asked about; the last one said nothing.
var people = []authn.Identity{
	{Issuer: "corp", Subject: "alice", Groups: []string{"analysts", "staff"}},
	{Issuer: "corp", Subject: "bob", Groups: []string{"staff"}},
	{Issuer: "other", Subject: "alice", Groups: []string{"analysts"}},
	{},
}

var grantees = []authz.Grantee{
	"user:corp:alice", "user:corp:bob", "user:other:alice", "group:corp:analysts", "group:corp:staff",
	"group:other:analysts", "role:readers", "role:writers", "role:root", authz.Everyone,
}

var (
	worldRoles      = []string{"readers", "writers", "root"}
	worldNamespaces = []string{"a", "a.b", "a.b.c", "ab", "a%2Eb", "a/b", "readers"}
)

// worlds are small, and full of what is granted.
func worlds(t *rapid.T) World {
	w := World{Roles: worldRoles}
	for range rapid.IntRange(0, 6).Draw(t, "grants of the server") {
		w.Server = append(w.Server, drawGrant(t, []authz.Object{
			authz.Server(), authz.Role("readers"), authz.Role("writers"), authz.Role("root"), authz.Role("readers"),
		}))
	}
	w.Administrators = rapid.SliceOfN(rapid.SampledFrom([]authz.Grantee{"user:corp:alice", "group:corp:staff", "user:other:alice"}), 0, 1).Draw(t, "admins")
	for _, name := range []string{"one", "two"} {
		wh := WorldWarehouse{Name: name, Namespaces: worldNamespaces}
		for i, ns := range worldNamespaces {
			owner := rapid.SampledFrom([]string{"", "anonymous", "corp:alice", "other:alice", "corp:bob"}).Draw(t, "owner")
			wh.Tables = append(wh.Tables, authz.In(name, ns, authz.KindTable, authz.TableRef{UUID: tableID(i), Owner: owner, Name: "t"}))
		}
		objects := []authz.Object{authz.Warehouse(name)}
		for _, ns := range worldNamespaces {
			objects = append(objects, authz.Namespace(name, ns))
		}
		objects = append(objects, wh.Tables...)
		for range rapid.IntRange(0, 5).Draw(t, "grants of the warehouse") {
			wh.Grants = append(wh.Grants, drawGrant(t, objects))
		}
		w.Warehouses = append(w.Warehouses, wh)
	}
	return w
}

func drawGrant(t *rapid.T, objects []authz.Object) authz.Entry {
	o := rapid.SampledFrom(objects).Draw(t, "object")
	possible := slices.DeleteFunc(authz.Privileges(), func(p authz.Privilege) bool {
		return p.CheckGrantable("", o.Kind) != nil
	})
	if o.Kind == authz.KindRole {
		possible = append(possible, authz.Member, authz.Member, authz.Member)
	}
	return Grant(o, rapid.SampledFrom(grantees).Draw(t, "grantee"), rapid.SampledFrom(possible).Draw(t, "privilege"))
}

// Grant is the entry of a grant.
func Grant(on authz.Object, to authz.Grantee, p authz.Privilege) authz.Entry {
	e := authz.Entry{Kind: on.Kind, Grantee: to, Privilege: p}
	switch {
	case on.Table != nil:
		e.ID = on.Table.UUID.String()
	case on.Kind == authz.KindRole:
		e.ID = on.Role
	default:
		e.ID = on.DatabaseID
	}
	return e
}

// Revoke is the entry of a grant that was revoked.
func Revoke(on authz.Object, to authz.Grantee, p authz.Privilege) authz.Entry {
	e := Grant(on, to, p)
	e.Revoked = true
	return e
}

// examples are for people to read, and for what chance seldom meets.
func examples(t *testing.T, open func(t Fatal, w World) authz.Decider) {
	t.Helper()
	alice, bob := people[0], people[1]
	orders := authz.In("one", "a.b", authz.KindTable, authz.TableRef{UUID: tableID(1), Owner: "corp:bob", Name: "orders"})
	w := World{
		Roles: worldRoles,
		Server: []authz.Entry{
			Grant(authz.Role("readers"), authz.Group("corp", "analysts"), authz.Member),
			Grant(authz.Role("writers"), authz.Members("readers"), authz.Member),
			Grant(authz.Role("readers"), authz.Members("writers"), authz.Member), // a circle
			Grant(authz.Role("readers"), authz.User("corp:bob"), authz.Own),
		},
		Warehouses: []WorldWarehouse{
			{Name: "one", Namespaces: []string{"a", "a.b"}, Tables: []authz.Object{orders}, Grants: []authz.Entry{
				Grant(orders, authz.Members("writers"), authz.Write),
			}},
			{Name: "folded", CaseInsensitive: true, Namespaces: []string{"sales"}, Grants: []authz.Entry{
				Grant(authz.Namespace("folded", "sales"), authz.Everyone, authz.Select),
			}},
		},
	}
	by := open(t, w)
	may := func(who authn.Identity, p authz.Privilege, o authz.Object, want bool) {
		t.Helper()
		err := authz.Require(t.Context(), by, who, authz.Question{Privilege: p, Object: o})
		if (err == nil) != want || (err != nil && !fault.Is(err, fault.Forbidden)) {
			t.Errorf("%s, %s on %s: %v", who.Principal(), p, o, err)
		}
	}
	may(alice, authz.Write, orders, true)
	may(alice, authz.Drop, orders, false)
	may(bob, authz.Drop, orders, true)
	renamed := authz.In("one", "a", authz.KindTable, authz.TableRef{UUID: tableID(1), Name: "renamed"})
	may(alice, authz.Write, renamed, true)
	another := authz.In("one", "a.b", authz.KindTable, authz.TableRef{UUID: tableID(2), Name: "orders"})
	may(alice, authz.Describe, another, false)
	byName := authz.In("one", "a.b", authz.KindTable, authz.TableRef{Name: "orders"})
	may(alice, authz.Describe, byName, false)
	elsewhere := authz.In("two", "a.b", authz.KindTable, *orders.Table)
	may(alice, authz.Write, elsewhere, false)
	may(authn.Identity{}, authz.Select, authz.Namespace("folded", "sales"), false)
	may(bob, authz.Select, authz.Namespace("folded", "SALES"), true)
	may(bob, authz.Select, authz.Namespace("folded", "Sales.Deeper"), true)
	may(bob, authz.Describe, authz.Namespace("one", "SALES"), false)
	may(bob, authz.Describe, authz.Role("readers"), true)
	may(bob, authz.Describe, authz.Namespace("", "readers"), false)
	may(bob, authz.List, authz.Warehouse("nowhere"), false)
	may(alice, 0, orders, false)
}
