package command_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

func TestRoles(t *testing.T) {
	server, _ := serve(t, nil)
	s := at(server)
	s.ok(t, "roles", "create", "readers", "--description", "who reads")
	s.ok(t, "roles", "create", "analysts")
	s.refused(t, `role "readers" exists already (409 Conflict)`, "roles", "create", "readers")
	s.refused(t, "role.name: is", "roles", "create", "no such name")
	if out := s.ok(t, "roles", "add-member", "readers", "role:analysts"); out != "member on role:readers is granted: role:analysts\n" {
		t.Errorf("added: %q", out)
	}
	s.ok(t, "roles", "add-member", "analysts", "user:corp:alice")
	s.ok(t, "grants", "give", "user:corp:bob", "manage-grants", "role:readers")
	if out := s.ok(t, "roles", "show", "readers"); !strings.Contains(out, "members      role:analysts\n") || !strings.Contains(out, "description  who reads") {
		t.Errorf("shown:\n%s", out)
	}
	if shown := object(t, s.ok(t, "roles", "show", "analysts", "-o", "json")); len(shown["members"].([]any)) != 1 {
		t.Errorf("shown: %v", shown)
	}
	if lines := strings.Split(s.ok(t, "roles", "list"), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[1], "analysts ") || !strings.HasPrefix(lines[2], "readers   who reads ") {
		t.Errorf("listed: %q", lines)
	}
	s.refused(t, `role "analysts" is still granted something`, "roles", "delete", "analysts", "--yes")
	s.refused(t, "needs --yes", "roles", "delete", "analysts")
	s.ok(t, "roles", "remove-member", "readers", "role:analysts", "--wait")
	s.ok(t, "roles", "delete", "analysts", "--yes")
	s.refused(t, "does not exist (404 Not Found)", "roles", "show", "analysts")
	s.refused(t, "does not exist (404 Not Found)", "roles", "add-member", "readers", "role:analysts")
}

func TestGrants(t *testing.T) {
	server, _ := serve(t, nil)
	s := at(server)
	for _, namespace := range []string{`["acc"]`, `["acc","in"]`} {
		s.post(t, "/v1/namespaces", `{"namespace":`+namespace+`}`)
	}
	s.post(t, "/v1/namespaces/acc%1Fin/tables", `{"name":"a.b","schema":{"type":"struct","fields":[]}}`)
	s.ok(t, "warehouses", "create", "sales")
	for _, c := range []struct{ grantee, privilege, object, want string }{
		{"everyone", "list", "server", "list on server is granted: everyone\n"},
		{"user:corp:alice", "select,create", "warehouse:sales", "select, create on warehouse:sales is granted: user:corp:alice\n"},
		{"group:corp:g", "write", "namespace:acc.in", "write on namespace:acc.in is granted: group:corp:g\n"},
		{"user:corp:alice", "select", `table:acc.in.a\.b`, `select on table:acc.in.a\.b is granted: user:corp:alice` + "\n"},
	} {
		if out := s.ok(t, "grants", "give", c.grantee, c.privilege, c.object); out != c.want {
			t.Errorf("given: %q, want %q", out, c.want)
		}
	}
	out := s.ok(t, "grants", "list", "warehouse:default", "--within")
	for _, want := range []string{`table:acc.in.a\.b  select`, "namespace:acc.in   write", "OBJECT"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q:\n%s", want, out)
		}
	}
	if out := s.ok(t, "grants", "list", "warehouse:sales", "--to", "user:corp:alice"); strings.Count(out, "user:corp:alice") != 2 {
		t.Errorf("listed:\n%s", out)
	}
	s.ok(t, "grants", "revoke", "user:corp:alice", "create, select", "warehouse:sales", "--wait")
	var left []any
	check(t, json.Unmarshal([]byte(s.ok(t, "grants", "list", "warehouse:sales", "-o", "json")), &left))
	if len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestWrongGrants(t *testing.T) {
	server, _ := serve(t, nil)
	s := at(server)
	for want, object := range map[string]string{
		"allowed are server, warehouse":     "database:a",
		"there is one server":               "server:a",
		"must be followed by ':'":           "warehouse:",
		"a namespace, a dot and a name":     "table:a",
		"must be table:, a namespace, a do": `table:a\.b`,
	} {
		err := s.refused(t, want, "grants", "list", object)
		if _, usage := errors.AsType[*settings.UsageError](err); !usage {
			t.Errorf("%v is no error of usage", err)
		}
	}
	s.refused(t, `namespace "none" does not exist`, "grants", "give", "everyone", "list", "namespace:none")
	s.refused(t, "grants[0].grantee", "grants", "give", "alice", "list", "server")
	s.refused(t, "grants[1].privilege", "grants", "give", "everyone", "list,fly", "server")
	s.refused(t, `warehouse "none" does not exist`, "grants", "list", "namespace:a", "-w", "none")
}

// TestExplanations: where nothing is refused the reason is that.
func TestExplanations(t *testing.T) {
	server, _ := serve(t, nil)
	s := at(server)
	out := s.ok(t, "explain", "corp:alice", "select", "warehouse:default", "--group", "corp:g")
	if out != "corp:alice has select on warehouse:default:\n  there is no authorization: everybody may do everything\n" {
		t.Errorf("explained: %q", out)
	}
	if answer := object(t, s.ok(t, "explain", "me", "own", "server", "-o", "json")); answer["allowed"] != true {
		t.Errorf("explained: %v", answer)
	}
	s.refused(t, "principal", "explain", "alice", "select", "server")
	s.refused(t, "groups[0]", "explain", "corp:alice", "select", "server", "--group", "other:g")
	s.refused(t, "me has no groups", "explain", "me", "select", "server", "--group", "corp:g")
}

// post asks the catalog for something.
func (s shell) post(t *testing.T, path, body string) {
	t.Helper()
	if status, answer := s.send(t, http.MethodPost, path, body); status != http.StatusOK {
		t.Fatalf("POST %s: %d %s", path, status, answer)
	}
}

// send asks the server for something, past the command line.
func (s shell) send(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.env["IGLOO_SERVER"]+path, strings.NewReader(body))
	check(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	check(t, err)
	return response.StatusCode, string(answer)
}
