package authz_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

func TestPrivilegesInclude(t *testing.T) {
	t.Parallel()
	includes := map[authz.Privilege]string{
		authz.List:         "list",
		authz.Describe:     "list describe",
		authz.Select:       "list describe select",
		authz.Write:        "list describe select write",
		authz.Create:       "list create",
		authz.Drop:         "list describe drop",
		authz.ManageGrants: "list describe manage-grants",
		authz.Own:          "list describe select write create drop manage-grants own",
		authz.Member:       "member",
	}
	for _, p := range authz.Privileges() {
		var names []string
		for _, other := range authz.Privileges() {
			if p.Includes(other) {
				names = append(names, other.String())
			}
		}
		if got := strings.Join(names, " "); got != includes[p] {
			t.Errorf("%s includes %q, want %q", p, got, includes[p])
		}
		if back, err := authz.ParsePrivilege("privilege", p.String()); err != nil || back != p {
			t.Errorf("%s reads back as %s, %v", p, back, err)
		}
	}
	if len(includes) != len(authz.Privileges()) {
		t.Errorf("there are %d privileges", len(authz.Privileges()))
	}
}

// TestWhoGives: who manages grants gives everything but ownership.
func TestWhoGives(t *testing.T) {
	t.Parallel()
	for _, p := range authz.Privileges() {
		want := p != authz.Own
		if got := authz.ManageGrants.Includes(p.Giver()); got != want {
			t.Errorf("who manages grants gives %s: %t", p, got)
		}
		if !authz.Own.Includes(p.Giver()) {
			t.Errorf("who owns does not give %s", p)
		}
	}
}

func TestGrantable(t *testing.T) {
	t.Parallel()
	good := []struct {
		privilege authz.Privilege
		kind      authz.Kind
	}{
		{authz.Create, authz.KindServer},
		{authz.List, authz.KindWarehouse},
		{authz.Own, authz.KindNamespace},
		{authz.Select, authz.KindTable},
		{authz.Write, authz.KindView},
		{authz.Describe, authz.KindFunction},
		{authz.Member, authz.KindRole},
		{authz.ManageGrants, authz.KindRole},
	}
	for _, g := range good {
		if err := g.privilege.CheckGrantable("privilege", g.kind); err != nil {
			t.Error(err)
		}
	}
	bad := map[authz.Privilege]authz.Kind{
		authz.Create: authz.KindTable, authz.List: authz.KindView, authz.Member: authz.KindServer,
		authz.Select: authz.KindRole, authz.Write: authz.KindRole, 0: authz.KindServer, 200: authz.KindServer,
	}
	for privilege, kind := range bad {
		if err := privilege.CheckGrantable("grants[0].privilege", kind); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s on a %s: %v", privilege, kind, err)
		}
	}
	err := authz.Member.CheckGrantable("grants[3].privilege", authz.KindTable)
	want := `grants[3].privilege: is "member", allowed on a table are describe, select, write, drop, manage-grants, own`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestGranteesAreRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"everyone", "role:readers", "role:r.1-x_y", "user:corp:alice", "user:kubernetes:system:serviceaccount:igloo:catalog",
		"group:corp:Data Platform", "user:cert:spiffe://corp/ns/etl", "group:corp:gruppe-ü",
	} {
		if got, err := authz.ParseGrantee("grantee", text); err != nil || string(got) != text {
			t.Errorf("%q is read as %q, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "Everyone", "user:", "user:alice", "user::alice", "user:corp:", "group:corp", "role:", "role:a b", "role:-a",
		"alice", "anonymous", "user:anonymous", "user:corp:al\nice", "user:corp:\xff", "USER:corp:alice",
		"role:" + strings.Repeat("r", 129), "user:corp:" + strings.Repeat("a", 600),
	} {
		_, err := authz.ParseGrantee("grants[1].grantee", text)
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), "grants[1].grantee: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if authz.User("") != "" || authz.User(authn.Anonymous) != "" {
		t.Error("something can be granted to nobody")
	}
}

func TestKindsAreRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"server", "warehouse", "namespace", "table", "view", "function", "role"} {
		if kind, err := authz.ParseKind("kind", name); err != nil || kind.String() != name {
			t.Errorf("%q is read as %s, %v", name, kind, err)
		}
	}
	for _, name := range []string{"", "nothing", "Table", "database"} {
		if _, err := authz.ParseKind("kind", name); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRefusalsName(t *testing.T) {
	t.Parallel()
	alice := authn.Identity{Issuer: "corp", Subject: "alice"}
	orders := authz.In("default", "sales", authz.KindTable, authz.TableRef{Name: "orders"})
	unnamed := authz.In("default", "sales", authz.KindView, authz.TableRef{UUID: uuid.Max})
	for want, q := range map[string]authz.Question{
		"corp:alice may not select table sales.orders in warehouse default":                 {Privilege: authz.Select, Object: orders},
		"corp:alice may not create in namespace sales in warehouse default":                 {Privilege: authz.Create, Object: authz.Namespace("default", "sales")},
		"corp:alice may not manage-grants of warehouse default":                             {Privilege: authz.ManageGrants, Object: authz.Warehouse("default")},
		"corp:alice may not create on the server":                                           {Privilege: authz.Create, Object: authz.Server()},
		"corp:alice may not describe role readers":                                          {Privilege: authz.Describe, Object: authz.Role("readers")},
		"corp:alice may not drop view sales." + uuid.Max.String() + " in warehouse default": {Privilege: authz.Drop, Object: unnamed},
	} {
		err := authz.Refusal(alice, q)
		if !fault.Is(err, fault.Forbidden) || err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}

func TestOpenAllowsEverything(t *testing.T) {
	t.Parallel()
	q := authz.Question{Privilege: authz.Own, Object: authz.Server()}
	if err := authz.Require(t.Context(), authz.Open{}, authn.Identity{}, q, q); err != nil {
		t.Error(err)
	}
	visible, err := authz.Open{}.Visible(t.Context(), authn.Identity{}, authz.Server())
	if err != nil || !visible.All || visible.Nothing() {
		t.Errorf("%+v, %v", visible, err)
	}
	why, err := authz.Open{}.Explain(t.Context(), authn.Identity{}, q)
	if err != nil || !why.Allowed || len(why.Reasons) != 1 {
		t.Errorf("%+v, %v", why, err)
	}
}
