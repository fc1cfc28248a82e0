package rest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamespaces(t *testing.T) {
	w := newWorld(t)
	r := w.do(t, "POST", "/v1/namespaces", `{"namespace":["a"],"properties":{"k":"v"},"unknown":1}`)
	if got, want := string(r.body), `{"namespace":["a"],"properties":{"k":"v"}}`; r.status != 200 || got != want {
		t.Errorf("create: %d %s", r.status, got)
	}
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a","b"]}`)
	w.must(t, "POST", "/v1/default/namespaces", `{"namespace":["c"]}`)
	for path, want := range map[string]string{
		"/v1/namespaces":                  `{"namespaces":[["a"],["c"]],"next-page-token":null}`,
		"/v1/namespaces?parent=":          `{"namespaces":[["a"],["c"]],"next-page-token":null}`,
		"/v1/namespaces?parent=a":         `{"namespaces":[["a","b"]],"next-page-token":null}`,
		"/v1/namespaces?parent=a%1Fb":     `{"namespaces":[],"next-page-token":null}`,
		"/v1/default/namespaces/a":        `{"namespace":["a"],"properties":{"k":"v"}}`,
		"/v1/default/namespaces/a%1Fb":    `{"namespace":["a","b"],"properties":{}}`,
		"/v1/namespaces/a%1fb":            `{"namespace":["a","b"],"properties":{}}`,
		"/v1/namespaces?pageToken=":       `{"namespaces":[["a"],["c"]],"next-page-token":null}`,
		"/v1/namespaces?pageSize=1":       `{"namespaces":[["a"],["c"]],"next-page-token":null}`,
		"/v1/default/namespaces/a/tables": `{"identifiers":[],"next-page-token":null}`,
	} {
		if got := w.do(t, "GET", path, ""); string(got.body) != want {
			t.Errorf("%s: %d %s, want %s", path, got.status, got.body, want)
		}
	}
	for path, status := range map[string]int{"/v1/namespaces/a": 204, "/v1/namespaces/x": 404} {
		if r := w.do(t, "HEAD", path, ""); r.status != status || len(r.body) > 0 {
			t.Errorf("HEAD %s: %d %s", path, r.status, r.body)
		}
	}
	r = w.do(t, "POST", "/v1/namespaces/a/properties", `{"removals":["k","z"],"updates":{"l":"m"}}`)
	if got, want := string(r.body), `{"updated":["l"],"removed":["k"],"missing":["z"]}`; got != want {
		t.Errorf("properties: %s", got)
	}
	w.refused(t, 409, "NamespaceNotEmptyException", "DELETE", "/v1/namespaces/a", "")
	w.must(t, "DELETE", "/v1/namespaces/a%1Fb", "")
	w.must(t, "DELETE", "/v1/namespaces/a", "")
	w.refused(t, 404, "NoSuchNamespaceException", "DELETE", "/v1/namespaces/a", "")
}

func TestNamespaceRefusals(t *testing.T) {
	w := newWorld(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		kind, mentions     string
	}{
		"E7 exists":             {"POST", "/v1/namespaces", `{"namespace":["a"]}`, 409, "AlreadyExistsException", "Namespace already exists: a"},
		"E7 missing":            {"GET", "/v1/namespaces/x%1Fy", "", 404, "NoSuchNamespaceException", "Namespace does not exist: x.y"},
		"N2 missing parent":     {"POST", "/v1/namespaces", `{"namespace":["x","y"]}`, 404, "NoSuchNamespaceException", "Namespace does not exist: x"},
		"L5 missing parent":     {"GET", "/v1/namespaces?parent=x", "", 404, "NoSuchNamespaceException", "Namespace does not exist: x"},
		"key in both":           {"POST", "/v1/namespaces/a/properties", `{"removals":["k"],"updates":{"k":""}}`, 422, "UnprocessableEntityException", "k"},
		"properties of missing": {"POST", "/v1/namespaces/x/properties", `{"updates":{"k":""}}`, 404, "NoSuchNamespaceException", "x"},
		"P6 empty level":        {"POST", "/v1/namespaces", `{"namespace":["a",""]}`, 400, "BadRequestException", "namespace"},
		"P6 no level":           {"POST", "/v1/namespaces", `{"namespace":[]}`, 400, "BadRequestException", "namespace"},
		"P6 control":            {"POST", "/v1/namespaces", `{"namespace":["a\u0007"]}`, 400, "BadRequestException", "namespace"},
		"P6 a way up":           {"POST", "/v1/namespaces", `{"namespace":[".."]}`, 400, "BadRequestException", "namespace"},
		"P6 empty in path":      {"GET", "/v1/namespaces/", "", 400, "BadRequestException", "namespace"},
		"P6 empty level path":   {"GET", "/v1/namespaces/a%1F", "", 400, "BadRequestException", "namespace"},
		"P6 control in path":    {"GET", "/v1/namespaces/a%00", "", 400, "BadRequestException", "namespace"},
		"P6 not UTF-8 path":     {"GET", "/v1/namespaces/a%FF", "", 400, "BadRequestException", "namespace"},
		"over-long":             {"POST", "/v1/namespaces", `{"namespace":["` + strings.Repeat("x", 256) + `"]}`, 400, "BadRequestException", "255"},
		"malformed":             {"POST", "/v1/namespaces", `{"namespace":["a"`, 400, "BadRequestException", "body: malformed JSON"},
		"trailing":              {"POST", "/v1/namespaces", `{"namespace":["q"]} x`, 400, "BadRequestException", "body: malformed JSON"},
		"empty body":            {"POST", "/v1/namespaces", ``, 400, "BadRequestException", "body: is empty"},
		"not UTF-8":             {"POST", "/v1/namespaces", "{\"namespace\":[\"\xff\"]}", 400, "BadRequestException", "UTF-8"},
		"array body":            {"POST", "/v1/namespaces", `[]`, 400, "BadRequestException", "body: must be a JSON object, found an array"},
		"null body":             {"POST", "/v1/namespaces", `null`, 400, "BadRequestException", "body: must be a JSON object, found null"},
		"no namespace":          {"POST", "/v1/namespaces", `{}`, 400, "BadRequestException", "namespace: is missing"},
		"exact names only":      {"POST", "/v1/namespaces", `{"NAMESPACE":["a"]}`, 400, "BadRequestException", "namespace: is missing"},
		"namespace a string":    {"POST", "/v1/namespaces", `{"namespace":"a"}`, 400, "BadRequestException", "namespace: must be an array, found a string"},
		"level a number":        {"POST", "/v1/namespaces", `{"namespace":["a",1]}`, 400, "BadRequestException", "namespace[1]: must be a string, found a number"},
		"level null":            {"POST", "/v1/namespaces", `{"namespace":[null]}`, 400, "BadRequestException", "namespace[0]: must be a string, found null"},
		"properties an array":   {"POST", "/v1/namespaces", `{"namespace":["q"],"properties":[]}`, 400, "BadRequestException", "properties: must be an object of strings"},
		"property a number":     {"POST", "/v1/namespaces", `{"namespace":["q"],"properties":{"k":1}}`, 400, "BadRequestException", "properties.k: must be a string, found a number"},
		"removals an object":    {"POST", "/v1/namespaces/a/properties", `{"removals":{}}`, 400, "BadRequestException", "removals: must be an array"},
		"empty property key":    {"POST", "/v1/namespaces", `{"namespace":["q"],"properties":{"":"x"}}`, 400, "BadRequestException", "properties"},
		"NUL in a property":     {"POST", "/v1/namespaces", `{"namespace":["q"],"properties":{"k":"\u0000"}}`, 400, "BadRequestException", "NUL"},
		"control in location":   {"POST", "/v1/namespaces", `{"namespace":["q"],"properties":{"location":"file://` + w.folder + `/\u0001"}}`, 400, "BadRequestException", "characters"},
		"over-long location":    {"POST", "/v1/namespaces", `{"namespace":["q"],"properties":{"location":"file://` + w.folder + `/` + strings.Repeat("x", 2000) + `"}}`, 400, "BadRequestException", "1500"},
		"CT3 location outside":  {"POST", "/v1/namespaces", `{"namespace":["q"],"properties":{"location":"file:///etc"}}`, 400, "BadRequestException", w.folder},
		"page size 0":           {"GET", "/v1/namespaces?pageSize=0", "", 400, "BadRequestException", "pageSize"},
		"page size negative":    {"GET", "/v1/namespaces?pageSize=-1", "", 400, "BadRequestException", "pageSize"},
		"page size NaN":         {"GET", "/v1/namespaces?pageSize=x", "", 400, "BadRequestException", "pageSize"},
		"L4 foreign token":      {"GET", "/v1/namespaces?pageToken=abcd", "", 400, "BadRequestException", "pageToken"},
		"unknown warehouse":     {"GET", "/v1/nowhere/namespaces/a", "", 404, "NoSuchWarehouseException", "nowhere"},
		"I1 malformed key":      {"DELETE", "/v1/namespaces/a", "", 400, "BadRequestException", "Idempotency-Key"},
	} {
		t.Run(name, func(t *testing.T) {
			var header []string
			if name == "I1 malformed key" {
				header = []string{"Idempotency-Key", "1234"}
			}
			message := w.refused(t, test.status, test.kind, test.method, test.path, test.body, header...)
			if !strings.Contains(message, test.mentions) {
				t.Errorf("message %q does not mention %q", message, test.mentions)
			}
		})
	}
}

// TestEncodings has the spellings of every client in one table: what a name
// looks like in a path and in a query.
func TestEncodings(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name              string
		java, python, gol string
	}{
		{"plain", "plain", "plain", "plain"},
		{"a b", "a+b", "a%20b", "a%20b"},
		{"a+b", "a%2Bb", "a%2Bb", "a%2Bb"},
		{"a/b", "a%2Fb", "a%2Fb", "a%2Fb"},
		{"a%b", "a%25b", "a%25b", "a%25b"},
		{"a%2Fb", "a%252Fb", "a%252Fb", "a%252Fb"},
		{"a.b", "a.b", "a.b", "a.b"},
		{"...", "...", "...", "..."},
		{"é", "%C3%A9", "%C3%A9", "%C3%A9"},
		{"日本🧊", "%E6%97%A5%E6%9C%AC%F0%9F%A7%8A", "%E6%97%A5%E6%9C%AC%F0%9F%A7%8A", "%E6%97%A5%E6%9C%AC%F0%9F%A7%8A"},
		{`"q" #?&=;,:@$`, "%22q%22+%23%3F%26%3D%3B%2C%3A%40%24", "%22q%22%20%23%3F%26%3D%3B%2C%3A%40%24", "%22q%22%20%23%3F&=%3B%2C:@$"},
		{"tables", "tables", "tables", "tables"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.must(t, "POST", "/v1/namespaces", `{"namespace":[`+quote(test.name)+`]}`)
			w.must(t, "POST", "/v1/namespaces", `{"namespace":[`+quote(test.name)+`,"x y"]}`)
			want := map[string]any{"namespace": []any{test.name, "x y"}, "properties": map[string]any{}}
			for _, path := range []string{test.java + "%1Fx+y", test.python + "%1Fx%20y", test.gol + "%1Fx%20y", test.gol + "%1fx%20y"} {
				for _, prefix := range []string{"/v1/namespaces/", "/v1/default/namespaces/"} {
					if diff := cmp.Diff(want, w.must(t, "GET", prefix+path, "")); diff != "" {
						t.Errorf("%s: %s", path, diff)
					}
				}
			}
			children := map[string]any{"namespaces": []any{[]any{test.name, "x y"}}, "next-page-token": nil}
			javaQuery, pythonQuery := test.java, url.QueryEscape(test.python)
			if diff := cmp.Diff(children, w.must(t, "GET", "/v1/namespaces?parent="+javaQuery, "", "User-Agent", "Apache-HttpClient/5")); diff != "" {
				t.Errorf("java parent: %s", diff)
			}
			if diff := cmp.Diff(children, w.must(t, "GET", "/v1/namespaces?parent="+pythonQuery, "", "User-Agent", "PyIceberg/0.12.0")); diff != "" {
				t.Errorf("python parent: %s", diff)
			}
			for _, path := range []string{test.java + "%1Fx+y", test.python} {
				w.must(t, http.MethodDelete, "/v1/namespaces/"+path, "")
			}
		})
	}
}

func quote(s string) string {
	data, _ := json.Marshal(s)
	return string(data)
}
