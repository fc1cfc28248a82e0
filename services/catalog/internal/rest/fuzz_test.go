package rest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzPaths asks for any path and any body: whatever it is, the answer is one of
// the protocol's, never a fault of ours, and errors are in the envelope.
func FuzzPaths(f *testing.F) {
	for _, path := range []string{
		"namespaces", "namespaces/a", "default/namespaces/a%1Fb/tables/t", "namespaces/%", "namespaces/%2F..%2f", "config?warehouse=%ff",
		"namespaces?parent=%251F&pageToken=x&pageSize=9999999999999999999", "namespaces/a/tables/t?snapshots=refs", "oauth/tokens", "tables/rename",
	} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			f.Add(method, path, `{"namespace":["a"],"name":"t","schema":{"type":"struct","fields":[]}}`)
		}
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		w := newWorld(t)
		target := "/v1/" + path
		if u, err := url.ParseRequestURI(target); err != nil || u.IsAbs() || strings.ContainsAny(target, " \r\n") || method == "" || strings.ContainsAny(method, " \r\n") {
			t.Skip("not a request line")
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, strings.NewReader(body))
		r.Method = method
		recorder := httptest.NewRecorder()
		w.handler.ServeHTTP(recorder, r)
		if recorder.Code >= 500 {
			t.Errorf("%s %s: %d %s", method, target, recorder.Code, recorder.Body)
		}
		if recorder.Code >= 400 {
			response{status: recorder.Code, body: recorder.Body.Bytes()}.problem(t)
		}
	})
}

// FuzzNames creates a namespace and asks for it in the spellings of Java,
// Python and Go: a name that is taken comes back as it went.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"a", "a b", "a+b", "a/b", "a%2Fb", "..", "é", "?#&=", "\x00", "\x1f", "\xff", strings.Repeat("x", 300)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !utf8.ValidString(name) {
			return // JSON cannot carry it
		}
		w := newWorld(t)
		if r := w.do(t, "POST", "/v1/namespaces", `{"namespace":[`+quote(name)+`]}`); r.status == http.StatusBadRequest {
			return
		}
		for client, path := range map[string]string{
			"Java": url.QueryEscape(name), "Python": strings.ReplaceAll(url.QueryEscape(name), "+", "%20"), "Go": url.PathEscape(name),
		} {
			if client == "Go" && strings.Contains(name, "+") {
				continue // Go leaves a plus as it is in paths, where Java means a space by it
			}
			got := w.must(t, "GET", "/v1/namespaces/"+path, "")["namespace"].([]any)[0]
			if got != name {
				t.Errorf("%s: %q came back as %q", client, name, got)
			}
		}
	})
}

// FuzzCommits sends any commit: it is applied or refused, and what can be loaded
// before can be loaded after.
func FuzzCommits(f *testing.F) {
	for _, body := range []string{
		setProperty("a", "b"), unchanging, appends(1, 0, "file:///m"), replacesView("x"), transaction(change("t", setProperty("a", "b"))),
		`{"requirements":[{"type":"assert-create"}],"updates":[{"action":"assign-uuid","uuid":"x"},{"action":"set-location","location":"file:///x"}]}`,
		`{"requirements":[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":null}],"updates":[{"action":"remove-snapshots","snapshot-ids":[1]}]}`,
		`{"requirements":[],"updates":[{"action":"add-schema","schema":` + schema + `},{"action":"set-current-schema","schema-id":-1}]}`,
		`{"requirements":[],"updates":[{"action":"add-spec","spec":{"fields":[{"name":"b","transform":"bucket[4]","source-id":1}]}},{"action":"set-default-spec","spec-id":-1}]}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := withView(t)
		for _, path := range []string{table, view, transactions, "/v1/namespaces/n/tables/new", "/v1/namespaces/n/tables", "/v1/namespaces/n/views", "/v1/namespaces/n/register"} {
			if r := w.do(t, "POST", path, body); r.status >= 500 {
				t.Errorf("%s: %d %s", path, r.status, r.body)
			} else if r.status >= 400 {
				r.problem(t)
			}
		}
		w.loads(t)
	})
}
