package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/services/catalog/internal/rest"
)

// The protocol's rules by their ids: P paths, B bodies, E errors, L lists, N
// namespaces. Those that other tests are named by are not repeated.
func TestRulesOfNames(t *testing.T) {
	t.Run("P1 a path with and without the prefix is the same", func(t *testing.T) {
		w := withTable(t)
		prefix := text(w.must(t, "GET", "/v1/config", ""), "overrides", "prefix")
		if diff := cmp.Diff(w.must(t, "GET", table, ""), w.must(t, "GET", strings.Replace(table, "/v1/", "/v1/"+prefix+"/", 1), "")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("P2 both separators split, advertised is one", func(t *testing.T) {
		w := newWorld(t, func(c *choices) { c.options = rest.Options{Separator: "%3A"} })
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["a","b"]}`)
		if got := text(w.must(t, "GET", "/v1/config", ""), "overrides", "namespace-separator"); got != "%3A" {
			t.Error(got)
		}
		for _, path := range []string{"a%3Ab", "a:b", "a%1Fb"} {
			w.must(t, "GET", "/v1/namespaces/"+path, "")
			if got := w.must(t, "GET", "/v1/namespaces?parent="+strings.Split(path, "b")[0]+"b", ""); len(got["namespaces"].([]any)) != 0 {
				t.Errorf("%s: %v", path, got)
			}
		}
	})
	t.Run("P3 a slash and a dot inside of a name", func(t *testing.T) {
		w := newWorld(t)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["a.b/c"]}`)
		w.must(t, "POST", "/v1/namespaces/a.b%2Fc/tables", `{"name":"t/../u","schema":`+schema+`}`)
		w.must(t, "GET", "/v1/namespaces/a.b%2Fc/tables/t%2F..%2Fu", "")
		w.refused(t, 404, "NoSuchNamespaceException", "GET", "/v1/namespaces/a%1Fb%2Fc", "")
	})
	t.Run("P4 a bare plus is a space", func(t *testing.T) {
		w := withTable(t)
		w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"a b","schema":`+schema+`}`)
		for _, spelling := range []string{"a+b", "a%20b"} {
			w.must(t, "HEAD", "/v1/namespaces/n/tables/"+spelling, "")
		}
		w.refused(t, 404, "NoSuchTableException", "GET", "/v1/namespaces/n/tables/a%2Bb", "")
	})
	t.Run("B1 unknown fields are passed over", func(t *testing.T) {
		w := newWorld(t)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"],"colour":{"x":[1]},"properties":null}`)
		w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":`+schema+`,"shade":1}`)
		w.must(t, "POST", table, `{"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"b"},"tint":null}],"hue":""}`)
	})
	t.Run("B2 successes are 200, 204 and 304", everySuccess)
	t.Run("B4 ids of 63 bits", func(t *testing.T) {
		w := withTable(t)
		w.must(t, "POST", table, strings.Replace(appends(9223372036854775806, 0, "file:///m"), `"sequence-number":9223372036854775806`, `"sequence-number":1`, 1))
		if body := string(w.do(t, "GET", table, "").body); strings.Count(body, "9223372036854775806") < 3 {
			t.Error(body)
		}
	})
	t.Run("E1 the code in the body is the status", func(t *testing.T) {
		w := withTable(t)
		for path, status := range map[string]int{
			"/v1/nowhere": 404, table + "?snapshots=x": 400, "/v1/nowhere/namespaces": 404, "/v1/namespaces/x": 404,
			"/v1/tables/rename": 405, "/v1/namespaces/n/views/x": 404, "/v1/config?warehouse=x": 404,
		} {
			r := w.do(t, "GET", path, "")
			if r.problem(t); r.status != status || r.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %s", path, r.status, r.header.Get("Content-Type"))
			}
		}
	})
	t.Run("L2 a page is at most so long", func(t *testing.T) {
		w := newWorld(t)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
		w.must(t, "GET", "/v1/namespaces?pageToken=&pageSize=1000000000", "")
		for _, size := range []string{"0", "-1", "1.5", "NaN", "", "99999999999999999999"} {
			w.refused(t, 400, "BadRequestException", "GET", "/v1/namespaces?pageToken=&pageSize="+size, "")
		}
	})
	t.Run("L4 pages stand while the list changes", pagesStand)
	t.Run("L5 direct children, full paths", func(t *testing.T) {
		w := newWorld(t)
		for _, ns := range []string{`["a"]`, `["a","b"]`, `["a","b","c"]`, `["ab"]`} {
			w.must(t, "POST", "/v1/namespaces", `{"namespace":`+ns+`}`)
		}
		for query, want := range map[string][]any{
			"": {[]any{"a"}, []any{"ab"}}, "?parent=": {[]any{"a"}, []any{"ab"}}, "?parent=a": {[]any{"a", "b"}}, "?parent=a%1Fb": {[]any{"a", "b", "c"}}, "?parent=ab": {},
		} {
			if diff := cmp.Diff(any(want), w.must(t, "GET", "/v1/namespaces"+query, "")["namespaces"]); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
	})
	t.Run("N1 not empty: tables, views, children", func(t *testing.T) {
		w := withView(t)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["n","child"]}`)
		for _, path := range []string{view, table, "/v1/namespaces/n%1Fchild"} {
			if message := w.refused(t, 409, "NamespaceNotEmptyException", "DELETE", "/v1/namespaces/n", ""); !strings.Contains(message, "is not empty") {
				t.Error(message)
			}
			w.must(t, "DELETE", path, "")
		}
		w.must(t, "DELETE", "/v1/namespaces/n", "")
	})
	t.Run("N3 all three arrays", func(t *testing.T) {
		w := newWorld(t)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"],"properties":{"a":"1"}}`)
		none := map[string]any{"updated": []any{}, "removed": []any{}, "missing": []any{}}
		if diff := cmp.Diff(none, w.must(t, "POST", "/v1/namespaces/n/properties", `{}`)); diff != "" {
			t.Error(diff)
		}
		some := map[string]any{"updated": []any{"b"}, "removed": []any{"a"}, "missing": []any{"c"}}
		if diff := cmp.Diff(some, w.must(t, "POST", "/v1/namespaces/n/properties", `{"removals":["a","c"],"updates":{"b":""}}`)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("N4 properties that are set at once are all set", func(t *testing.T) {
		w := newWorld(t)
		second := w.replica(t)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"],"properties":{"first":"1"}}`)
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				body := fmt.Sprintf(`{"updates":{"k%d":"v","last":"%d"},"removals":["first"]}`, i, i)
				if r := []*world{w, second}[i%2].do(t, "POST", "/v1/namespaces/n/properties", body); r.status != 200 {
					t.Errorf("%d %s", r.status, r.body)
				}
			})
		}
		group.Wait()
		if properties, _ := at(w.must(t, "GET", "/v1/namespaces/n", ""), "properties").(map[string]any); len(properties) != 21 {
			t.Errorf("%v", properties)
		}
	})
	t.Run("N5 a namespace that moves does not move its tables", func(t *testing.T) {
		w := withTable(t)
		location := text(w.must(t, "GET", table, ""), "metadata", "location")
		w.must(t, "POST", "/v1/namespaces/n/properties", `{"updates":{"location":"file://`+w.folder+`/moved"}}`)
		created := w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"u","schema":`+schema+`}`)
		if !strings.HasPrefix(text(created, "metadata", "location"), "file://"+w.folder+"/moved/u") {
			t.Errorf("%v", created)
		}
		if got := text(w.must(t, "POST", table, setProperty("a", "b")), "metadata", "location"); got != location {
			t.Errorf("%s moved to %s", location, got)
		}
	})
}

// everySuccess sends each operation there is, and looks at how it succeeds.
func everySuccess(t *testing.T) {
	w := withView(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["m"]}`)
	location := text(w.must(t, "GET", table, ""), "metadata-location")
	viewed := text(w.must(t, "GET", view, ""), "metadata-location")
	const rename = `{"source":{"namespace":["n"],"name":%q},"destination":{"namespace":["m"],"name":%q}}`
	for _, step := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/config", "", 200},
		{"GET", "/v1/namespaces", "", 200},
		{"POST", "/v1/namespaces", `{"namespace":["o"]}`, 200},
		{"GET", "/v1/namespaces/o", "", 200},
		{"HEAD", "/v1/namespaces/o", "", 204},
		{"POST", "/v1/namespaces/o/properties", `{"updates":{"a":"b"}}`, 200},
		{"DELETE", "/v1/namespaces/o", "", 204},
		{"GET", "/v1/namespaces/n/tables", "", 200},
		{"POST", "/v1/namespaces/n/tables", `{"name":"x","schema":` + schema + `}`, 200},
		{"POST", "/v1/namespaces/n/tables", `{"name":"y","stage-create":true,"schema":` + schema + `}`, 200},
		{"GET", table, "", 200},
		{"HEAD", table, "", 204},
		{"POST", table + "/metrics", `{"report-type":"scan-report"}`, 204},
		{"POST", transactions, transaction(change("t", setProperty("a", "1"))), 204},
		{"POST", table, setProperty("b", "1"), 200},
		{"POST", "/v1/tables/rename", fmt.Sprintf(rename, "x", "x"), 204},
		{"POST", table + "/unregister", "", 200},
		{"POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":"t","metadata-location":%q}`, location), 200},
		{"DELETE", table, "", 204},
		{"GET", "/v1/namespaces/n/views", "", 200},
		{"GET", view, "", 200},
		{"HEAD", view, "", 204},
		{"POST", view, replacesView("select 2"), 200},
		{"POST", "/v1/views/rename", fmt.Sprintf(rename, "v", "w"), 204},
		{"DELETE", "/v1/namespaces/m/views/w", "", 204},
		{"POST", "/v1/namespaces/n/register-view", fmt.Sprintf(`{"name":"v","metadata-location":%q}`, viewed), 200},
		{"DELETE", view, "", 204},
	} {
		r := w.do(t, step.method, step.path, step.body)
		if r.status != step.status || (r.status == http.StatusNoContent && len(r.body) > 0) {
			t.Errorf("%s %s: %d %s, want %d", step.method, step.path, r.status, r.body, step.status)
		}
	}
}

// pagesStand takes away the name that a page ended with, and puts others before
// and behind it: what was there all the while is listed once.
func pagesStand(t *testing.T) {
	w := newWorld(t)
	create := func(name string) { w.must(t, "POST", "/v1/namespaces", `{"namespace":["`+name+`"]}`) }
	for _, name := range []string{"b", "d", "f", "h"} {
		create(name)
	}
	first := w.must(t, "GET", "/v1/namespaces?pageSize=2&pageToken=", "")
	w.must(t, "DELETE", "/v1/namespaces/d", "")
	create("a")
	create("e")
	token := text(first, "next-page-token")
	second := w.must(t, "GET", "/v1/namespaces?pageSize=9&pageToken="+token, "")
	if diff := cmp.Diff([]any{[]any{"e"}, []any{"f"}, []any{"h"}}, second["namespaces"]); diff != "" || second["next-page-token"] != nil {
		t.Errorf("%v", second)
	}
	w.hts.AddWarehouse("other", "")
	w.refused(t, 400, "BadRequestException", "GET", "/v1/other/namespaces?pageToken="+token, "")
	w.refused(t, 400, "BadRequestException", "GET", "/v1/namespaces?parent=b&pageToken="+token, "")
}
