package rest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const function = "/v1/namespaces/n/functions/f"

// functionFile writes a function's metadata and returns the body that registers it.
func (w *world) functionFile(t *testing.T, name, uuid, sql, more string) string {
	t.Helper()
	document := fmt.Sprintf(`{"function-uuid":%q,"format-version":1,"definitions":[{"definition-id":"(int)","parameters":[{"name":"x","type":"int"}],
		"return-type":"int","current-version-id":1,"versions":[{"version-id":1,"deterministic":true,"representations":[{"type":"sql","dialect":"spark","sql":%q}]}]}]}`, uuid, sql)
	file, err := os.CreateTemp(w.folder, "*.metadata.json")
	check(t, err)
	_, err = file.WriteString(document)
	check(t, err)
	check(t, file.Close())
	return fmt.Sprintf(`{"name":%q,"metadata-location":"file://%s"%s}`, name, file.Name(), more)
}

const (
	register = "/v1/namespaces/n/register-function"
	uuidA    = "42fd3f91-bc10-41c1-8a52-92b57dd0a9b2"
	uuidB    = "42fd3f91-bc10-41c1-8a52-92b57dd0a9b3"
)

// FN1: functions are registered, listed, loaded whole and dropped.
func TestFunctionLife(t *testing.T) {
	w := withTable(t)
	body := w.functionFile(t, "f", uuidA, "x + 1", "")
	for range 2 {
		w.must(t, "POST", register, body, "Idempotency-Key", keyA)
	}
	r := w.do(t, "GET", function, "")
	loaded := r.json(t)
	if r.status != 200 || r.header.Get("ETag") != "" || text(loaded, "metadata", "function-uuid") != uuidA || !strings.Contains(body, text(loaded, "metadata-location")) {
		t.Errorf("%d %s", r.status, r.body)
	}
	// Functions have names of their own.
	w.must(t, "POST", register, w.functionFile(t, "t", uuidB, "x", ""))
	if diff := cmp.Diff(map[string]any{"identifiers": []any{[]any{"n", "f"}, []any{"n", "t"}}, "next-page-token": nil}, w.must(t, "GET", "/v1/namespaces/n/functions", "")); diff != "" {
		t.Error(diff)
	}
	w.must(t, "GET", table, "")
	w.must(t, "DELETE", "/v1/namespaces/n/functions/t", "")
	w.must(t, "POST", register, w.functionFile(t, "f", uuidA, "x + 2", `,"overwrite":true`))
	if body := w.do(t, "GET", function, "").body; !strings.Contains(string(body), "x + 2") {
		t.Errorf("%s", body)
	}
	w.must(t, "DELETE", table, "")
	w.refused(t, 409, "NamespaceNotEmptyException", "DELETE", "/v1/namespaces/n", "")
	for range 2 {
		w.must(t, "DELETE", function, "", "Idempotency-Key", keyB)
	}
	w.must(t, "DELETE", "/v1/namespaces/n", "")
}

func TestFunctionRefusals(t *testing.T) {
	w := withTable(t)
	w.must(t, "POST", register, w.functionFile(t, "f", uuidA, "x", ""))
	broken := filepath.Join(w.folder, "broken.json")
	check(t, os.WriteFile(broken, []byte(`{"format-version":2}`), 0o600))
	location := text(w.must(t, "GET", table, ""), "metadata-location")
	at := func(location string) string { return fmt.Sprintf(`{"name":"g","metadata-location":%q}`, location) }
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		kind, mentions     string
	}{
		"exists":        {"POST", register, w.functionFile(t, "f", uuidA, "x", ""), 409, "AlreadyExistsException", "Function already exists: n.f"},
		"another's":     {"POST", register, w.functionFile(t, "f", uuidB, "x", `,"overwrite":true`), 409, "AlreadyExistsException", "Function already exists: n.f, with UUID"},
		"no namespace":  {"POST", "/v1/namespaces/x/register-function", w.functionFile(t, "f", uuidA, "x", ""), 404, "NoSuchNamespaceException", "x"},
		"outside":       {"POST", register, at("file:///etc/passwd"), 400, "BadRequestException", w.folder},
		"no function":   {"POST", register, at(broken), 400, "BadRequestException", "not function metadata"},
		"a table":       {"POST", register, at(location), 400, "BadRequestException", "not function metadata"},
		"missing":       {"GET", "/v1/namespaces/n/functions/x", "", 404, "NoSuchFunctionException", "Function does not exist: n.x"},
		"nowhere":       {"GET", "/v1/namespaces/x/functions/x", "", 404, "NoSuchNamespaceException", "Namespace does not exist: x"},
		"list nowhere":  {"GET", "/v1/namespaces/x/functions", "", 404, "NoSuchNamespaceException", "Namespace does not exist: x"},
		"drop missing":  {"DELETE", "/v1/namespaces/n/functions/x", "", 404, "NoSuchFunctionException", "Function does not exist: n.x"},
		"table's name":  {"GET", "/v1/namespaces/n/functions/t", "", 404, "NoSuchFunctionException", "Function does not exist: n.t"},
		"as a table":    {"GET", "/v1/namespaces/n/tables/f", "", 404, "NoSuchTableException", "Table does not exist: n.f"},
		"foreign token": {"GET", "/v1/namespaces/n/functions?pageToken=abcd", "", 400, "BadRequestException", "pageToken"},
		"no such verb":  {"HEAD", "/v1/namespaces/n/functions/x", "", 404, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if test.method == "HEAD" {
				if r := w.do(t, test.method, test.path, ""); r.status != test.status {
					t.Errorf("%d", r.status)
				}
				return
			}
			if message := w.refused(t, test.status, test.kind, test.method, test.path, test.body); !strings.Contains(message, test.mentions) {
				t.Errorf("message %q does not mention %q", message, test.mentions)
			}
		})
	}
}

func TestFunctionPages(t *testing.T) {
	w := newWorld(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	for i := range 3 {
		w.must(t, "POST", register, w.functionFile(t, fmt.Sprintf("f%d", i), uuidA, "x", ""))
	}
	first := w.must(t, "GET", "/v1/namespaces/n/functions?pageToken=&pageSize=2", "")
	second := w.must(t, "GET", "/v1/namespaces/n/functions?pageSize=2&pageToken="+text(first, "next-page-token"), "")
	if diff := cmp.Diff([]any{[]any{"n", "f2"}}, second["identifiers"]); diff != "" || second["next-page-token"] != nil {
		t.Errorf("%v, then %v", first, second)
	}
	w.refused(t, 400, "BadRequestException", "GET", "/v1/namespaces/n/tables?pageToken="+text(first, "next-page-token"), "")
}
