package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

const oneColumn = `{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":false}]}`

// TestBadInputIsRefusedAndChangesNothing sends what no client should and looks
// for a 4xx in the error envelope whose message names what was wrong.
func TestBadInputIsRefusedAndChangesNothing(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			mustCreate(t, d, "/v1/namespaces", `{"namespace":["n"]}`)
			mustCreate(t, d, "/v1/namespaces/n/tables", `{"name":"t","schema":`+oneColumn+`}`)
			_, before := ask(t, http.MethodGet, d.URL+"/v1/namespaces/n/tables/t", "")
			for _, c := range badRequests() {
				t.Run(c.name, func(t *testing.T) { c.run(t, d) })
			}
			if _, after := ask(t, http.MethodGet, d.URL+"/v1/namespaces/n/tables/t", ""); after != before {
				t.Errorf("the table changed:\n%s\n%s", before, after)
			}
		})
	}
}

type badRequest struct {
	name, method, path, body string
	status                   int
	mentions                 string
}

func (c badRequest) run(t *testing.T, d *iglootest.Deployment) {
	t.Helper()
	status, body := ask(t, c.method, d.URL+c.path, c.body)
	if status != c.status {
		t.Fatalf("status = %d, want %d: %s", status, c.status, body)
	}
	var envelope struct {
		Error struct {
			Message, Type string
			Code          int
		}
	}
	if err := json.Unmarshal([]byte(body), &envelope); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if envelope.Error.Code != status || envelope.Error.Type == "" {
		t.Errorf("envelope: %s", body)
	}
	if !strings.Contains(envelope.Error.Message, c.mentions) {
		t.Errorf("message %q does not mention %q", envelope.Error.Message, c.mentions)
	}
}

func badRequests() []badRequest {
	const namespaces, tables, table = "/v1/namespaces", "/v1/namespaces/n/tables", "/v1/namespaces/n/tables/t"
	commit := func(requirements, updates string) string {
		return `{"requirements":[` + requirements + `],"updates":[` + updates + `]}`
	}
	return []badRequest{
		{"malformed JSON", http.MethodPost, namespaces, `{"namespace":["x"`, 400, ""},
		{"no body", http.MethodPost, tables, ``, 400, ""},
		{"wrong type", http.MethodPost, namespaces, `{"namespace":"x"}`, 400, "namespace"},
		{"no namespace", http.MethodPost, namespaces, `{}`, 400, "namespace"},
		{"empty level", http.MethodPost, namespaces, `{"namespace":[""]}`, 400, "namespace"},
		{"control character", http.MethodPost, namespaces, `{"namespace":["a\u0001b"]}`, 400, "namespace"},
		{"over-long level", http.MethodPost, namespaces, `{"namespace":["` + strings.Repeat("x", 4000) + `"]}`, 400, "namespace"},
		{"name that paths cannot carry", http.MethodPost, namespaces, `{"namespace":[".."]}`, 400, "namespace"},
		{"missing parent", http.MethodPost, namespaces, `{"namespace":["none","child"]}`, 404, "none"},
		{"no name", http.MethodPost, tables, `{"schema":` + oneColumn + `}`, 400, "name"},
		{"over-long name", http.MethodPost, tables, `{"name":"` + strings.Repeat("x", 4000) + `","schema":` + oneColumn + `}`, 400, "name"},
		{"no schema", http.MethodPost, tables, `{"name":"x"}`, 400, "schema"},
		{"unknown column type", http.MethodPost, tables, `{"name":"x","schema":{"type":"struct","fields":[{"id":1,"name":"id","type":"lung","required":false}]}}`, 400, "lung"},
		{"table exists", http.MethodPost, tables, `{"name":"t","schema":` + oneColumn + `}`, 409, "already exists"},
		{"unknown update", http.MethodPost, table, commit("", `{"action":"melt"}`), 400, "melt"},
		{"unknown requirement", http.MethodPost, table, commit(`{"type":"assert-cold"}`, ""), 400, "assert-cold"},
		{"update of a wrong type", http.MethodPost, table, commit("", `{"action":"set-properties","updates":7}`), 400, "updates"},
		{"failed requirement", http.MethodPost, table, commit(`{"type":"assert-table-uuid","uuid":"00000000-0000-0000-0000-000000000000"}`, ""), 409, "UUID does not match"},
		{"unknown snapshots mode", http.MethodGet, table + "?snapshots=some", "", 400, "snapshots"},
		{"unknown warehouse", http.MethodGet, "/v1/config?warehouse=none", "", 404, "none"},
		{"unknown path", http.MethodGet, "/v1/namespaces/n/chairs", "", 404, ""},
		{"unknown method", http.MethodPatch, table, "", 405, ""},
		{"missing table", http.MethodGet, tables + "/none", "", 404, "n.none"},
		{"property in both", http.MethodPost, namespaces + "/n/properties", `{"removals":["a"],"updates":{"a":"b"}}`, 422, "a"},
		{"body over the limit", http.MethodPost, tables, `{"name":"x","doc":"` + strings.Repeat("x", 40<<20) + `"}`, 413, ""},
	}
}

// TestOddNamesComeBackAsTheyWent creates, loads, lists and drops what clients
// spell in their own ways.
func TestOddNamesComeBackAsTheyWent(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			for _, name := range []string{"a b", "a/b", "a+b", "100%", "ü–é中🧊", "a.b", "a%2Fb", "...", "a\"b", "$x,y;z=1&?#"} {
				t.Run(name, func(t *testing.T) {
					quoted, path := jsonString(t, name), strings.ReplaceAll(url.PathEscape(name), "+", "%2B")
					mustCreate(t, d, "/v1/namespaces", `{"namespace":[`+quoted+`]}`)
					mustCreate(t, d, "/v1/namespaces/"+path+"/tables", `{"name":`+quoted+`,"schema":`+oneColumn+`}`)
					table := d.URL + "/v1/namespaces/" + path + "/tables/" + path
					if status, body := ask(t, http.MethodGet, table, ""); status != http.StatusOK {
						t.Errorf("load: %d %s", status, body)
					}
					_, listed := ask(t, http.MethodGet, d.URL+"/v1/namespaces/"+path+"/tables", "")
					want := []any{map[string]any{"namespace": []any{name}, "name": name}}
					if got := decode(t, listed)["identifiers"]; fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("list = %v, want %v", got, want)
					}
					if status, body := ask(t, http.MethodDelete, table, ""); status != http.StatusNoContent {
						t.Errorf("drop: %d %s", status, body)
					}
					if status, body := ask(t, http.MethodDelete, d.URL+"/v1/namespaces/"+path, ""); status != http.StatusNoContent {
						t.Errorf("drop namespace: %d %s", status, body)
					}
				})
			}
		})
	}
}

// TestPrefixedAndPlainPathsAreTheSame serves /v1/… and /v1/{warehouse}/… alike.
func TestPrefixedAndPlainPathsAreTheSame(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			mustCreate(t, d, "/v1/namespaces", `{"namespace":["p"]}`)
			for _, path := range []string{"/v1/namespaces/p", "/v1/default/namespaces/p"} {
				if status, body := ask(t, http.MethodGet, d.URL+path, ""); status != http.StatusOK {
					t.Errorf("%s: %d %s", path, status, body)
				}
			}
			if status, body := ask(t, http.MethodGet, d.URL+"/v1/nowhere/namespaces/p", ""); status != http.StatusNotFound {
				t.Errorf("unknown prefix: %d %s", status, body)
			}
		})
	}
}

func mustCreate(t *testing.T, d *iglootest.Deployment, path, body string) {
	t.Helper()
	if status, answer := ask(t, http.MethodPost, d.URL+path, body); status != http.StatusOK {
		t.Fatalf("POST %s: %d %s", path, status, answer)
	}
}

func jsonString(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func decode(t *testing.T, body string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return m
}
