package authz_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/authztest"
)

// TestReasonsAreTold: all of them, the nearest to the object first, with how they
// come to the caller.
func TestReasonsAreTold(t *testing.T) {
	t.Parallel()
	carol := authn.Identity{Issuer: "corp", Subject: "carol", Groups: []string{"staff", "ops"}}
	orders := authz.In("w", "Sales.EU", authz.KindTable, authz.TableRef{UUID: uuid.Max, Owner: "corp:carol", Name: "orders"})
	world := authztest.World{
		Administrators: []authz.Grantee{"group:corp:ops"},
		Server: []authz.Entry{
			authztest.Grant(authz.Role("analysts"), "group:corp:staff", authz.Member),
			authztest.Grant(authz.Role("readers"), "role:analysts", authz.Member),
			authztest.Grant(authz.Server(), authz.Everyone, authz.Drop),
		},
		Warehouses: []authztest.WorldWarehouse{{Name: "w", CaseInsensitive: true, Grants: []authz.Entry{
			authztest.Grant(orders, "user:corp:carol", authz.Write),
			authztest.Grant(orders, "user:corp:carol", authz.Drop),
			authztest.Grant(authz.Namespace("w", "sales"), "role:readers", authz.Select),
			authztest.Grant(authz.Warehouse("w"), authz.Everyone, authz.Describe),
		}}},
	}
	for _, c := range []struct {
		who  authn.Identity
		ask  authz.Question
		want []string
	}{
		{carol, authz.Question{Privilege: authz.Select, Object: orders}, []string{
			"administrator, as group:corp:ops",
			"owner of table Sales.EU.orders in warehouse w",
			"write on table Sales.EU.orders in warehouse w, granted to user:corp:carol",
			"select on namespace Sales in warehouse w, granted to role:readers, by role analysts → readers",
		}},
		{alice, authz.Question{Privilege: authz.Describe, Object: orders}, []string{
			"describe on warehouse w, granted to everyone",
			"drop on the server, granted to everyone",
		}},
		{alice, authz.Question{Privilege: authz.Select, Object: orders}, nil},
		{authn.Identity{}, authz.Question{Privilege: authz.Describe, Object: orders}, nil},
		{carol, authz.Question{Privilege: authz.Member, Object: authz.Role("analysts")}, []string{
			"member on role analysts, granted to group:corp:staff",
		}},
	} {
		told(t, world, c.who, c.ask, c.want)
	}
}

// TestPassageIsTold where it is all there is.
func TestPassageIsTold(t *testing.T) {
	t.Parallel()
	table := authz.In("w", "a.b", authz.KindTable, authz.TableRef{UUID: uuid.Max})
	world := authztest.World{Warehouses: []authztest.WorldWarehouse{
		{Name: "w", Grants: []authz.Entry{authztest.Grant(authz.Namespace("w", "a.b.c"), "user:corp:alice", authz.Select)}},
		{Name: "v", Grants: []authz.Entry{authztest.Grant(table, authz.Everyone, authz.Select)}},
	}}
	told(t, world, alice, authz.Question{Privilege: authz.List, Object: authz.Namespace("w", "a")}, []string{
		"passage to namespace a.b.c in warehouse w: select granted to user:corp:alice",
	})
	told(t, world, alice, authz.Question{Privilege: authz.Describe, Object: authz.Warehouse("v")}, []string{
		"passage to table " + uuid.Max.String() + " in warehouse v: select granted to everyone",
	})
	told(t, world, alice, authz.Question{Privilege: authz.Select, Object: authz.Namespace("w", "a")}, nil)
}

func told(t *testing.T, w authztest.World, who authn.Identity, q authz.Question, want []string) {
	t.Helper()
	follower := authz.NewFollower(w.Journal(), lag)
	defer follower.Close()
	grants, err := authz.NewGrants(follower, w.Administrators...)
	if err != nil {
		t.Fatal(err)
	}
	why, err := grants.Explain(t.Context(), who, q)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, 0, len(why.Reasons))
	for _, r := range why.Reasons {
		got = append(got, r.String())
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); diff != "" || why.Allowed != (want != nil) {
		t.Errorf("%s: allowed %t\n%s", authz.Refusal(who, q), why.Allowed, diff)
	}
}
