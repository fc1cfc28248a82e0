package cedar_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/authztest"
	"github.com/igloo-catalog/igloo/pkg/authz/cedar"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/logtest"
)

func write(t authztest.Fatal, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatalf("%v", err)
	}
}

func open(t *testing.T, path string, w authztest.World) (*cedar.Policies, *logtest.Lines) {
	t.Helper()
	log := &logtest.Lines{}
	follower := authz.NewFollower(w.Journal(), time.Minute)
	p, err := cedar.Open(path, follower, w.Administrators, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(); follower.Close() })
	return p, log
}

// TestPoliciesDecideByTheBook when they say what grants would.
func TestPoliciesDecideByTheBook(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	n := 0
	authztest.Suite{Each: true, Open: func(t authztest.Fatal, w authztest.World) authz.Decider {
		t.Helper()
		n++
		path := filepath.Join(folder, fmt.Sprintf("%d.cedar", n))
		write(t, path, policiesOf(w))
		p, err := cedar.Open(path, authz.NewFollower(w.Journal(), time.Minute), w.Administrators, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("%v\n%s", err, policiesOf(w))
		}
		_ = p.Close() // what was read stays
		return p
	}}.Run(t)
}

// policiesOf says in policies what is granted in a world.
func policiesOf(w authztest.World) string {
	var b strings.Builder
	for _, kind := range []string{"Table", "View", "Function"} {
		fmt.Fprintf(&b, "permit(principal, action in Action::\"own\", resource is %s) when { resource has owner && resource.owner == principal };\n", kind)
	}
	for _, e := range w.Server {
		resource := `resource in Server::"igloo"`
		if e.Kind == authz.KindRole {
			resource = fmt.Sprintf("resource == Role::%q", e.ID)
		}
		policyOf(&b, e, resource)
	}
	for _, wh := range w.Warehouses {
		for _, e := range wh.Grants {
			switch e.Kind {
			case authz.KindWarehouse:
				policyOf(&b, e, fmt.Sprintf("resource in Warehouse::%q", wh.Name))
			case authz.KindNamespace:
				policyOf(&b, e, fmt.Sprintf("resource in Namespace::%q", wh.Name+"/"+e.ID))
			default:
				policyOf(&b, e, fmt.Sprintf("resource == Table::%q", e.ID), fmt.Sprintf("resource.warehouse == %q", wh.Name))
			}
		}
	}
	return b.String()
}

func policyOf(b *strings.Builder, e authz.Entry, resource string, when ...string) {
	principal := "principal"
	if kind, name, found := strings.Cut(string(e.Grantee), ":"); found {
		principal = map[string]string{"user": "principal == User", "group": "principal in Group", "role": "principal in Role"}[kind] + fmt.Sprintf("::%q", name)
	}
	fmt.Fprintf(b, "permit(%s, action in Action::%q, %s)", principal, e.Privilege, resource)
	for _, condition := range when {
		fmt.Fprintf(b, " when { %s }", condition)
	}
	b.WriteString(";\n")
}

var (
	alice  = authn.Identity{Issuer: "corp", Subject: "alice", Groups: []string{"staff"}}
	bob    = authn.Identity{Issuer: "corp", Subject: "bob"}
	orders = authz.In("default", "sales.eu", authz.KindTable, authz.TableRef{UUID: uuid.Max, Owner: "corp:bob", Name: "orders"})
	secret = authz.In("default", "sales.eu", authz.KindTable, authz.TableRef{UUID: uuid.Max, Owner: "corp:bob", Name: "pii_people"})
)

func may(t *testing.T, by authz.Decider, who authn.Identity, p authz.Privilege, o authz.Object) bool {
	t.Helper()
	err := authz.Require(t.Context(), by, who, authz.Question{Privilege: p, Object: o})
	if err != nil && !fault.Is(err, fault.Forbidden) {
		t.Fatal(err)
	}
	return err == nil
}

// TestTheExampleInTheDocumentation does what is said about it.
func TestTheExampleInTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(text), "```cedar\n")
	if !found {
		t.Fatal("docs/security.md has no example of policies")
	}
	example, _, _ = strings.Cut(example, "```")
	path := filepath.Join(t.TempDir(), "policies.cedar")
	write(t, path, example)
	by, log := open(t, path, authztest.World{})
	for _, c := range []struct {
		who  authn.Identity
		p    authz.Privilege
		o    authz.Object
		want bool
	}{
		{alice, authz.Select, orders, true},
		{alice, authz.Write, orders, false},
		{alice, authz.Select, secret, false},
		{bob, authz.Drop, orders, true},
		{bob, authz.Select, secret, true},
		{bob, authz.Create, authz.Namespace("default", "sales"), false},
		{authn.Identity{}, authz.Select, orders, false},
	} {
		if got := may(t, by, c.who, c.p, c.o); got != c.want {
			t.Errorf("%s, %s of %s: %t", c.who.Principal(), c.p, c.o, got)
		}
	}
	why, err := by.Explain(t.Context(), alice, authz.Question{Privilege: authz.Select, Object: orders})
	if err != nil || len(why.Reasons) != 1 || why.Reasons[0].String() != "policy staff-read-sales" {
		t.Errorf("%+v, %v", why, err)
	}
	if text := log.String(); text != "" {
		t.Error(text)
	}
}

// TestTablesAreLookedUpFirst: a prohibition may be about what the name alone does
// not tell.
func TestTablesAreLookedUpFirst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policies.cedar")
	write(t, path, `permit(principal, action, resource); forbid(principal, action, resource is Table) when { resource has owner };`)
	by, _ := open(t, path, authztest.World{})
	byName := authz.In("default", "sales.eu", authz.KindTable, authz.TableRef{Name: "orders"})
	if may(t, by, alice, authz.Select, byName) || may(t, by, alice, authz.Select, orders) {
		t.Error("allowed in spite of the prohibition")
	}
}

// TestUnsoundPoliciesAreRefused at the start, with the line.
func TestUnsoundPoliciesAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"permit(principal, action":                                                                         "",
		"\npermit(principal, action == Action::\"selct\", resource);":                                      "line 2",
		"forbid(principal in Team::\"x\", action, resource);":                                              "line 1",
		"forbid(principal, action, resource is Table) when { resource.owner == principal };":               "owner",
		"forbid(principal, action, resource is Table) when { resource.onwer == principal };":               "onwer",
		"permit(principal, action, resource) when { context.ip == \"127.0.0.1\" };":                        "ip",
		"@id(\"a\") permit(principal, action, resource);\n@id(\"a\") permit(principal, action, resource);": "another policy",
		"permit(principal, action == Action::\"member\", resource is Table);":                              "line 1",
		strings.Repeat("// a long comment\n", 1<<16):                                                       "bytes",
	} {
		path := filepath.Join(t.TempDir(), "policies.cedar")
		write(t, path, text)
		_, err := cedar.Open(path, nil, nil, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), path) && !strings.Contains(err.Error(), "authorization-policies") || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: %v", text, err)
		}
	}
	if _, err := cedar.Open(filepath.Join(t.TempDir(), "none"), nil, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("opened without a file")
	}
}

const (
	allows   = `permit(principal, action, resource);`
	prevents = `permit(principal, action, resource); forbid(principal == User::"corp:alice", action, resource);`
)

// TestAFileThatChangesIsReadAgain, and one that has become unsound, or is gone, is
// not believed.
func TestAFileThatChangesIsReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policies.cedar")
	write(t, path, prevents)
	by, log := open(t, path, authztest.World{})
	write(t, path, "permit(principal, action, resource) when { resource.nonsense };")
	until(t, "the log to tell of bad policies", func() bool { return strings.Contains(log.String(), "nonsense") })
	if may(t, by, alice, authz.Select, orders) || !may(t, by, bob, authz.Select, orders) {
		t.Error("the policies from before do not hold on")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	until(t, "the log to tell of the file that is gone", func() bool { return strings.Contains(log.String(), "no such file") })
	if may(t, by, alice, authz.Select, orders) || !may(t, by, bob, authz.Select, orders) {
		t.Error("the policies from before do not hold on")
	}
	write(t, path, allows)
	until(t, "the new policies to hold", func() bool { return may(t, by, alice, authz.Select, orders) })
	write(t, path, prevents)
	until(t, "the first policies to hold again", func() bool { return !may(t, by, alice, authz.Select, orders) })
	if n := strings.Count(log.String(), "level=ERROR"); n != 2 {
		t.Errorf("%d errors were told, of 2:\n%s", n, log)
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
	}
}

// TestRolesAndAdministratorsCount with policies as with grants.
func TestRolesAndAdministratorsCount(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policies.cedar")
	write(t, path, `@id("readers") permit(principal in Role::"readers", action in Action::"select", resource);
forbid(principal == User::"corp:bob", action, resource);`)
	by, _ := open(t, path, authztest.World{
		Administrators: []authz.Grantee{"user:corp:bob"},
		Server: []authz.Entry{
			authztest.Grant(authz.Role("analysts"), "group:corp:staff", authz.Member),
			authztest.Grant(authz.Role("readers"), "role:analysts", authz.Member),
		},
	})
	if !may(t, by, alice, authz.Select, orders) || may(t, by, alice, authz.Write, orders) {
		t.Error("the role does not count")
	}
	if !may(t, by, bob, authz.Own, orders) {
		t.Error("an administrator was locked out")
	}
	seen, err := by.Visible(t.Context(), bob, authz.Warehouse("default"))
	if err != nil || !seen.All {
		t.Errorf("%+v, %v", seen, err)
	}
	seen, err = by.Visible(t.Context(), alice, authz.Warehouse("default"))
	if err != nil || seen.All || !seen.Each {
		t.Errorf("%+v, %v", seen, err)
	}
}
