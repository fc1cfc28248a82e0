package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/rest"
	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// pen signs whatever lies below the grant's locations, with their names.
type pen struct{ always bool }

func (p pen) SignerOf(context.Context, string) (catalog.Signer, error) { return p, nil }

func (p pen) Offers(ways []catalog.Way) bool {
	return slices.Contains(ways, catalog.RemoteSigning) || len(ways) == 0 && p.always
}

func (pen) Access(catalog.Grant) catalog.Access {
	return catalog.Access{Config: map[string]string{"s3.remote-signing-enabled": "true"}, SignerKeys: []string{"s3.signer.endpoint", "signer.endpoint"}}
}

func (pen) Sign(_ context.Context, g catalog.Grant, r catalog.StorageRequest) (catalog.SignedRequest, error) {
	if r.Method == http.MethodPut && !g.Write && !g.Remove {
		return catalog.SignedRequest{}, fault.New(fault.Forbidden, "%s may not write there", g.Principal)
	}
	return catalog.SignedRequest{URI: r.URI, Headers: map[string][]string{
		"Authorization": g.Locations, "Rights": {fmt.Sprintf("write %t, remove %t", g.Write, g.Remove)},
	}}, nil
}

func withPen(t *testing.T, change ...func(*choices)) *world {
	t.Helper()
	change = append([]func(*choices){func(c *choices) { c.options = rest.Options{Signers: pen{}, SignerKey: []byte("of a test")} }}, change...)
	w := newWorld(t, change...)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	return w
}

// asks is a request to sign one.
func asks(method string) string {
	return `{"region":"r","uri":"http://store/lake/x","method":"` + method + `","headers":{"Range":["bytes=0-1"]},"properties":{"k":"v"},"provider":"s3"}`
}

// signer is where a table's requests are signed, as its answer says.
func signer(t *testing.T, answer map[string]any) string {
	t.Helper()
	path, found := answer["config"].(map[string]any)["s3.signer.endpoint"].(string)
	if !found {
		t.Fatalf("no signer: %v", answer["config"])
	}
	return "/" + path
}

// signedFor are the locations that a request was signed for, by who may write there.
func (w *world) signedFor(t *testing.T, path string) []string {
	t.Helper()
	return w.signed(t, path, "write true, remove false")
}

func (w *world) signed(t *testing.T, path, rights string) []string {
	t.Helper()
	var answer struct{ Headers map[string][]string }
	r := w.do(t, "POST", path, asks("PUT"))
	if err := json.Unmarshal(r.body, &answer); err != nil || r.status != 200 || !slices.Equal(answer.Headers["Rights"], []string{rights}) {
		t.Fatalf("%s: %d %s, want rights %s", path, r.status, r.body, rights)
	}
	return answer.Headers["Authorization"]
}

func TestSigning(t *testing.T) {
	t.Run("D2 who says nothing is told of the signer by policy alone", signingPolicy)
	t.Run("D5 plans name no credentials: the table's are for them too", plansHaveNone)
	t.Run("D6 who names remote-signing is told where, in the new words and the old", toldWhere)
	t.Run("SG1 requests are signed for the table as it is now", forTheTable)
	t.Run("SG1 a table in the making has its requests signed, for its maker", inTheMaking)
	t.Run("SG2 reads may be kept, in exactly this word, and nothing else", kept)
	t.Run("SG2 what is no request is a 400", noRequest)
	t.Run("the older path names no table", olderPath)
	t.Run("keys come before signatures", keysFirst)
}

func signingPolicy(t *testing.T) {
	for _, always := range []bool{false, true} {
		w := withPen(t, func(c *choices) { c.options.Signers = pen{always: always} })
		w.must(t, "POST", lakeTables, oneColumn)
		silent := w.do(t, "GET", lakeTables+"/t", "")
		if told := strings.Contains(string(silent.body), "/sign"); told != always {
			t.Errorf("always: %t: %s", always, silent.body)
		}
		if keys := w.do(t, "GET", lakeTables+"/t", "", wants, "vended-credentials"); strings.Contains(string(keys.body), "/sign") {
			t.Errorf("who wants keys is told of signatures: %s", keys.body)
		}
	}
}

func plansHaveNone(t *testing.T) {
	w, _ := withKeys(t, time.Hour)
	w.must(t, "POST", lakeTables, oneColumn)
	if r := w.do(t, "GET", lakeTables+"/t/credentials?planId=x", ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	p := withFiles(t, 1, scan.Settings{})
	if plan := p.do(t, "POST", planned+"/plan", "{}", wants, vended); plan.status != 200 || strings.Contains(string(plan.body), "storage-credentials") {
		t.Errorf("%d %s", plan.status, plan.body)
	}
}

func toldWhere(t *testing.T) {
	w := withPen(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a","b c"]}`)
	const tables = "/v1/namespaces/a%1Fb%20c/tables"
	created := w.must(t, "POST", tables, strings.Replace(oneColumn, `"t"`, `"x/y"`, 1), wants, "remote-signing")
	loaded := w.must(t, "GET", tables+"/x%2Fy", "", wants, "remote-signing")
	for _, answer := range []map[string]any{created, loaded} {
		config := answer["config"].(map[string]any)
		if config["s3.remote-signing-enabled"] != "true" || answer["remote-signing-config"] == nil || config["signer.endpoint"] != config["s3.signer.endpoint"] {
			t.Errorf("%v, %v", config, answer["remote-signing-config"])
		}
		w.must(t, "POST", signer(t, answer), asks("GET"))
	}
	endpoints := w.must(t, "GET", "/v1/config", "")["endpoints"].([]any)
	if !slices.Contains(endpoints, any("POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/sign")) {
		t.Errorf("endpoints: %v", endpoints)
	}
	if plain := newWorld(t).must(t, "GET", "/v1/config", "")["endpoints"].([]any); slices.Contains(plain, any("POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/sign")) {
		t.Error("without a signer, signing is advertised")
	}
}

func forTheTable(t *testing.T) {
	w := withPen(t)
	created := w.must(t, "POST", lakeTables, oneColumn, wants, "remote-signing")
	path, location := signer(t, created), created["metadata"].(map[string]any)["location"].(string)
	if got := w.signedFor(t, path); !slices.Equal(got, []string{location}) {
		t.Errorf("for %v, the table is at %s", got, location)
	}
	w.refused(t, 404, "NoSuchTableException", "POST", lakeTables+"/none/sign", asks("GET"))
	w.refused(t, 405, "MethodNotAllowedException", "GET", lakeTables+"/t/sign", "")
}

func inTheMaking(t *testing.T) {
	w := withPen(t)
	stage := strings.Replace(oneColumn, "{", `{"stage-create":true,`, 1)
	staged := w.must(t, "POST", lakeTables, stage, wants, "remote-signing")
	path, location := signer(t, staged), staged["metadata"].(map[string]any)["location"].(string)
	if got := w.signedFor(t, path); !slices.Equal(got, []string{location}) {
		t.Errorf("for %v, the table is to be at %s", got, location)
	}
	bare, ticket, _ := strings.Cut(path, "?")
	w.refused(t, 404, "NoSuchTableException", "POST", bare, asks("PUT"))
	w.refused(t, 400, "BadRequestException", "POST", bare+"?staged=x", asks("PUT"))
	w.refused(t, 400, "BadRequestException", "POST", path[:len(path)-1], asks("PUT"))
	w.refused(t, 400, "BadRequestException", "POST", strings.Replace(bare, "/t/", "/u/", 1)+"?"+ticket, asks("PUT"))
	other := w.replica(t, func(c *choices) { c.options = rest.Options{Signers: pen{}, SignerKey: []byte("another key")} })
	other.refused(t, 400, "BadRequestException", "POST", path, asks("PUT"))
	won := w.must(t, "POST", lakeTables, oneColumn)["metadata"].(map[string]any)["location"].(string)
	if got := w.signedFor(t, path); !slices.Equal(got, []string{won, location}) {
		t.Errorf("when another one is there, for %v", got)
	}
	if got := w.signedFor(t, bare); !slices.Equal(got, []string{won}) {
		t.Errorf("without the ticket, for %v", got)
	}
}

func kept(t *testing.T) {
	w := withPen(t)
	w.must(t, "POST", lakeTables, oneColumn)
	for method, caching := range map[string]string{"GET": "private", "HEAD": "private", "PUT": "no-cache", "POST": "no-cache", "DELETE": "no-cache"} {
		r := w.do(t, "POST", lakeTables+"/t/sign", asks(method), "Idempotency-Key", "not even a key")
		if r.status != 200 || !slices.Equal(r.header.Values("Cache-Control"), []string{caching}) {
			t.Errorf("%s: %d, Cache-Control %q", method, r.status, r.header.Values("Cache-Control"))
		}
	}
}

func noRequest(t *testing.T) {
	w := withPen(t)
	w.must(t, "POST", lakeTables, oneColumn)
	for _, body := range []string{
		"", "{}", "[]", strings.Replace(asks("GET"), `"method"`, `"m"`, 1), strings.Replace(asks("GET"), `"uri"`, `"u"`, 1), strings.Replace(asks("GET"), `"region"`, `"r"`, 1),
		strings.Replace(asks("GET"), `["bytes=0-1"]`, `"bytes=0-1"`, 1), strings.Replace(asks("GET"), `"headers"`, `"h"`, 1), strings.Replace(asks("GET"), `"s3"`, `1`, 1),
	} {
		w.refused(t, 400, "BadRequestException", "POST", lakeTables+"/t/sign", body)
	}
	large := strings.Replace(asks("GET"), "bytes=0-1", strings.Repeat("x", 5<<20), 1)
	w.refused(t, 413, "RequestTooLargeException", "POST", lakeTables+"/t/sign", large)
}

func olderPath(t *testing.T) {
	w := withPen(t)
	message := w.refused(t, 400, "BadRequestException", "POST", "/v1/aws/s3/sign", asks("GET"))
	if !strings.Contains(message, "s3.signer.endpoint") {
		t.Error(message)
	}
	newWorld(t).refused(t, 404, "NoSuchRouteException", "POST", "/v1/aws/s3/sign", asks("GET"))
}

func keysFirst(t *testing.T) {
	w := withPen(t, func(c *choices) { c.options.Delegation = &keys{life: time.Hour} })
	w.must(t, "POST", lakeTables, oneColumn)
	both := w.do(t, "GET", lakeTables+"/t", "", wants, vended)
	if !strings.Contains(string(both.body), "secret") || strings.Contains(string(both.body), "/sign") {
		t.Errorf("%s", both.body)
	}
	signing := w.do(t, "GET", lakeTables+"/t", "", wants, "remote-signing")
	if strings.Contains(string(signing.body), "secret") || !strings.Contains(string(signing.body), "/sign") {
		t.Errorf("%s", signing.body)
	}
}
