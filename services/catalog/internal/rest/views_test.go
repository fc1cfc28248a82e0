package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const viewVersion = `{"version-id":1,"timestamp-ms":1700000000000,"schema-id":0,"summary":{"engine-name":"spark"},
	"representations":[{"type":"sql","sql":"select 1","dialect":"spark"}],"default-namespace":["n"]}`

const view = "/v1/namespaces/n/views/v"

func createsView(name string) string {
	return fmt.Sprintf(`{"name":%q,"schema":%s,"view-version":%s,"properties":{"k":"v"}}`, name, schema, viewVersion)
}

func withView(t *testing.T, change ...func(*choices)) *world {
	t.Helper()
	w := withTable(t, change...)
	w.must(t, "POST", "/v1/namespaces/n/views", createsView("v"))
	return w
}

func replacesView(sql string) string {
	version := strings.Replace(strings.Replace(viewVersion, "select 1", sql, 1), `"version-id":1`, `"version-id":2`, 1)
	return `{"updates":[{"action":"add-view-version","view-version":` + version + `},{"action":"set-current-view-version","view-version-id":-1}]}`
}

func TestViewLife(t *testing.T) {
	w := newWorld(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	r := w.do(t, "POST", "/v1/namespaces/n/views", createsView("v"))
	created := r.json(t)
	if r.status != 200 || r.header.Get("ETag") != "" || text(created, "metadata", "view-uuid") == "" || text(created, "metadata", "properties", "k") != "v" {
		t.Fatalf("create: %d %s", r.status, r.body)
	}
	if diff := cmp.Diff(created, w.must(t, "GET", view, "")); diff != "" {
		t.Error(diff)
	}
	w.must(t, "HEAD", view, "")
	listed := map[string]any{"identifiers": []any{map[string]any{"namespace": []any{"n"}, "name": "v"}}, "next-page-token": nil}
	if diff := cmp.Diff(listed, w.must(t, "GET", "/v1/namespaces/n/views", "")); diff != "" {
		t.Error(diff)
	}
	if tables := w.must(t, "GET", "/v1/namespaces/n/tables", "")["identifiers"]; len(tables.([]any)) != 0 {
		t.Errorf("views among the tables: %v", tables)
	}
	replaced := w.must(t, "POST", view, replacesView("select 2"))
	if n := len(at(replaced, "metadata", "versions").([]any)); n != 2 {
		t.Errorf("replace: %d versions: %v", n, replaced)
	}
	w.refused(t, 409, "NamespaceNotEmptyException", "DELETE", "/v1/namespaces/n", "")
	w.must(t, "POST", "/v1/views/rename", `{"source":{"namespace":["n"],"name":"v"},"destination":{"namespace":["n"],"name":"x"}}`)
	location := text(w.must(t, "GET", "/v1/namespaces/n/views/x", ""), "metadata-location")
	w.must(t, "DELETE", "/v1/namespaces/n/views/x", "")
	w.must(t, "POST", "/v1/namespaces/n/register-view", fmt.Sprintf(`{"name":"v","metadata-location":%q}`, location))
	w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/register-view", fmt.Sprintf(`{"name":"v","metadata-location":%q}`, location))
	w.must(t, "DELETE", view, "", "Idempotency-Key", keyA)
	w.must(t, "DELETE", view, "", "Idempotency-Key", keyA)
}

// VW3: tables and views share their names, and are not each other.
func TestViewRefusals(t *testing.T) {
	w := withView(t)
	rename := func(from, to string) string {
		return fmt.Sprintf(`{"source":{"namespace":["n"],"name":%q},"destination":{"namespace":["n"],"name":%q}}`, from, to)
	}
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		kind, mentions     string
	}{
		"exists":               {"POST", "/v1/namespaces/n/views", createsView("v"), 409, "AlreadyExistsException", "View already exists: n.v"},
		"table exists":         {"POST", "/v1/namespaces/n/views", createsView("t"), 409, "AlreadyExistsException", "Table with same name already exists: n.t"},
		"table over view":      {"POST", "/v1/namespaces/n/tables", `{"name":"v","schema":` + schema + `}`, 409, "AlreadyExistsException", "View with same name already exists: n.v"},
		"staged over view":     {"POST", "/v1/namespaces/n/tables", `{"name":"v","stage-create":true,"schema":` + schema + `}`, 409, "AlreadyExistsException", "View with same name already exists: n.v"},
		"assert-create":        {"POST", "/v1/namespaces/n/tables/v", `{"requirements":[{"type":"assert-create"}],"updates":[]}`, 409, "AlreadyExistsException", "View with same name already exists: n.v"},
		"no namespace":         {"POST", "/v1/namespaces/x/views", createsView("v"), 404, "NoSuchNamespaceException", "Namespace does not exist: x"},
		"load missing":         {"GET", "/v1/namespaces/n/views/x", "", 404, "NoSuchViewException", "View does not exist: n.x"},
		"load table as view":   {"GET", "/v1/namespaces/n/views/t", "", 404, "NoSuchViewException", "View does not exist: n.t"},
		"load view as table":   {"GET", "/v1/namespaces/n/tables/v", "", 404, "NoSuchTableException", "Table does not exist: n.v"},
		"commit to view":       {"POST", "/v1/namespaces/n/tables/v", setProperty("a", "b"), 404, "NoSuchTableException", "Table does not exist: n.v"},
		"replace table":        {"POST", "/v1/namespaces/n/views/t", replacesView("x"), 404, "NoSuchViewException", "View does not exist: n.t"},
		"drop table as view":   {"DELETE", "/v1/namespaces/n/views/t", "", 404, "NoSuchViewException", "View does not exist: n.t"},
		"drop view as table":   {"DELETE", "/v1/namespaces/n/tables/v", "", 404, "NoSuchTableException", "Table does not exist: n.v"},
		"rename view as table": {"POST", "/v1/tables/rename", rename("v", "x"), 404, "NoSuchTableException", "Table does not exist: n.v"},
		"rename onto table":    {"POST", "/v1/views/rename", rename("v", "t"), 409, "AlreadyExistsException", "Cannot rename n.v to n.t. Table already exists"},
		"rename onto view":     {"POST", "/v1/tables/rename", rename("t", "v"), 409, "AlreadyExistsException", "Cannot rename n.t to n.v. View already exists"},
		"list in no namespace": {"GET", "/v1/namespaces/x/views", "", 404, "NoSuchNamespaceException", "x"},
		"register over view":   {"POST", "/v1/namespaces/n/register", `{"name":"v","overwrite":true,"metadata-location":"` + w.anyMetadata(t) + `"}`, 409, "AlreadyExistsException", "View with same name already exists: n.v"},
		"register table":       {"POST", "/v1/namespaces/n/register-view", `{"name":"y","metadata-location":"` + w.anyMetadata(t) + `"}`, 400, "BadRequestException", "not view metadata"},
		"no version":           {"POST", "/v1/namespaces/n/views", `{"name":"y","schema":` + schema + `}`, 400, "BadRequestException", "view-version"},
		"uuid":                 {"POST", view, `{"requirements":[{"type":"assert-view-uuid","uuid":"00000000-0000-0000-0000-000000000000"}],"updates":[]}`, 409, "CommitFailedException", "UUID does not match"},
		"unknown update":       {"POST", view, `{"updates":[{"action":"melt"}]}`, 400, "BadRequestException", "melt"},
		"no updates":           {"POST", view, `{}`, 400, "BadRequestException", "updates"},
	} {
		t.Run(name, func(t *testing.T) {
			message := w.refused(t, test.status, test.kind, test.method, test.path, test.body)
			if !strings.Contains(message, test.mentions) {
				t.Errorf("message %q does not mention %q", message, test.mentions)
			}
		})
	}
	if r := w.do(t, "HEAD", "/v1/namespaces/n/views/t", ""); r.status != http.StatusNotFound || len(r.body) != 0 {
		t.Errorf("HEAD: %d %s", r.status, r.body)
	}
}

// anyMetadata is the location of the metadata of table n.t.
func (w *world) anyMetadata(t *testing.T) string {
	t.Helper()
	return text(w.must(t, "GET", table, ""), "metadata-location")
}

func TestLostReplaceIsRebased(t *testing.T) {
	w := withView(t)
	other := w.replica(t)
	w.hts.SetIntercept(meanwhile(func() {
		other.must(t, "POST", view, `{"updates":[{"action":"set-properties","updates":{"theirs":"1"}}]}`)
	}))
	replaced := w.must(t, "POST", view, replacesView("select 2"))
	if text(replaced, "metadata", "properties", "theirs") != "1" || len(at(replaced, "metadata", "versions").([]any)) != 2 {
		t.Errorf("%v", replaced)
	}
}
