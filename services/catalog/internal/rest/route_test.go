package rest_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/catalog/internal/rest"
)

func TestConfig(t *testing.T) {
	w := newWorld(t)
	w.hts.AddWarehouse("second one", "file:///elsewhere")
	for path, prefix := range map[string]string{
		"/v1/config":                         "default",
		"/v1/config?warehouse=":              "default",
		"/v1/config?warehouse=default":       "default",
		"/v1/config?warehouse=second+one":    "second+one",
		"/v1/config?warehouse=second%20one":  "second+one",
		"/v1/config?warehouse=default&x=y&z": "default",
	} {
		config := w.must(t, "GET", path, "")
		overrides, _ := config["overrides"].(map[string]any)
		if overrides["prefix"] != prefix || overrides["namespace-separator"] != "%1F" {
			t.Errorf("%s: overrides %v", path, overrides)
		}
		if defaults, ok := config["defaults"].(map[string]any); !ok || len(defaults) != 0 {
			t.Errorf("%s: defaults %v", path, config["defaults"])
		}
	}
	w.must(t, "POST", "/v1/second+one/namespaces", `{"namespace":["a"]}`)
	w.must(t, "GET", "/v1/second%20one/namespaces/a", "")
	w.refused(t, 404, "NoSuchNamespaceException", "GET", "/v1/namespaces/a", "")
	message := w.refused(t, 404, "NoSuchWarehouseException", "GET", "/v1/config?warehouse=nowhere", "")
	if !strings.Contains(message, "nowhere") {
		t.Error(message)
	}
}

// TestPublishedEndpointsAreServed asks for each endpoint that config publishes,
// plain and prefixed, and looks that somebody is there.
func TestPublishedEndpointsAreServed(t *testing.T) {
	w := newWorld(t)
	endpoints, _ := w.must(t, "GET", "/v1/config", "")["endpoints"].([]any)
	if len(endpoints) < 10 {
		t.Fatal(endpoints)
	}
	fill := strings.NewReplacer("{prefix}", "default", "{namespace}", "n", "{table}", "t", "{view}", "v", "{function}", "f")
	for _, e := range endpoints {
		method, path, found := strings.Cut(e.(string), " ")
		if !found || !strings.HasPrefix(path, "/v1/{prefix}/") {
			t.Errorf("endpoint %q", e)
		}
		prefixed := fill.Replace(path)
		for _, path := range []string{prefixed, strings.Replace(prefixed, "/default", "", 1)} {
			if r := w.do(t, method, path, ""); r.status == 405 || strings.Contains(string(r.body), "NoSuchRoute") {
				t.Errorf("%s %s: %d %s", method, path, r.status, r.body)
			}
		}
	}
}

// Every operation of the protocol is served, but for those of storage
// credentials, and what is served beyond it is known.
func TestEveryOperationIsServed(t *testing.T) {
	document, err := os.ReadFile("../../../igloo/conformance/openapi/rest-catalog-open-api.yaml")
	check(t, err)
	operations := map[string]bool{}
	path := ""
	for line := range strings.Lines(string(document)) {
		switch name := strings.TrimSuffix(strings.TrimRight(line, "\n"), ":"); {
		case strings.HasPrefix(name, "  /v1/"):
			path = strings.TrimSpace(name)
		case slices.Contains([]string{"    get", "    post", "    head", "    delete", "    put"}, name):
			operations[strings.ToUpper(strings.TrimSpace(name))+" "+path] = true
		}
	}
	for _, elsewhere := range []string{
		"GET /v1/config", "POST /v1/oauth/tokens", // which clients use before they know what is served
		"GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials", "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/sign",
	} {
		if !operations[elsewhere] {
			t.Errorf("%s is not in the document", elsewhere)
		}
		delete(operations, elsewhere)
	}
	own := []string{"DELETE /v1/{prefix}/namespaces/{namespace}/functions/{function}", "POST /v1/{prefix}/namespaces/{namespace}/register-function"}
	endpoints, _ := newWorld(t, planning(t)).must(t, "GET", "/v1/config", "")["endpoints"].([]any)
	for _, e := range endpoints {
		if endpoint := e.(string); !operations[endpoint] && !slices.Contains(own, endpoint) {
			t.Errorf("%s is served and not in the document", endpoint)
		}
		delete(operations, e.(string))
	}
	for missing := range operations {
		t.Errorf("%s is not served", missing)
	}
	if len(endpoints) < 30 {
		t.Errorf("%d endpoints", len(endpoints))
	}
}

func TestRoutes(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{
		"/", "/v1", "/v1/", "/v2/config", "/v1/default", "/v1/default/", "/v1/default/chairs", "/v1/config/x",
		"/v1/default/config", "/v1/namespaces/n/chairs", "/v1/default/namespaces/n/tables/t/chairs", "/v1/namespaces/n/tables/t/",
		"/v1//namespaces/n/x", "/v1//namespaces", "/v1/{prefix}/namespaces/n/x",
	} {
		if r := w.do(t, "GET", path, ""); r.status != 404 && r.status != 400 {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		} else {
			r.problem(t)
		}
	}
	for path, allow := range map[string]string{
		"/v1/config":                        "GET",
		"/v1/namespaces":                    "GET, POST",
		"/v1/default/namespaces/n":          "GET, HEAD, DELETE",
		"/v1/default/namespaces/n/tables/t": "GET, POST, DELETE, HEAD",
		"/v1/default/tables/rename":         "POST",
	} {
		r := w.do(t, "PATCH", path, "")
		if r.status != 405 || r.header.Get("Allow") != allow {
			t.Errorf("%s: %d, Allow %q, want %q", path, r.status, r.header.Get("Allow"), allow)
		}
		r.problem(t)
	}
	if r := w.do(t, "HEAD", "/v1/config", ""); r.status != 200 || len(r.body) != 0 {
		t.Errorf("HEAD config: %d %s", r.status, r.body)
	}
	if message := w.refused(t, 406, "UnsupportedOperationException", "POST", "/v1/oauth/tokens", "grant_type=client_credentials"); !strings.Contains(message, "oauth2-server-uri") {
		t.Error(message)
	}
}

func TestConfiguredSeparator(t *testing.T) {
	w := newWorld(t, func(c *choices) { c.options = rest.Options{Separator: "%2E"} })
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a","b"]}`)
	for _, path := range []string{"a%1Fb", "a%2Eb", "a.b", "a%2eb"} {
		if ns := w.must(t, "GET", "/v1/namespaces/"+path, ""); !slices.Equal(ns["namespace"].([]any), []any{"a", "b"}) {
			t.Errorf("%s: %v", path, ns)
		}
	}
	w.refused(t, 400, "BadRequestException", "POST", "/v1/namespaces", `{"namespace":["a.b"]}`)
	if _, err := rest.New(nil, rest.Options{Separator: "ab"}, nil); err == nil {
		t.Error("a separator of two characters was taken")
	}
}

func TestBodyLimit(t *testing.T) {
	w := newWorld(t, func(c *choices) { c.options = rest.Options{BodyLimit: 100} })
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	message := w.refused(t, 413, "RequestTooLargeException", "POST", "/v1/namespaces", `{"namespace":["`+strings.Repeat("x", 200)+`"]}`)
	if !strings.Contains(message, "100") {
		t.Error(message)
	}
}
