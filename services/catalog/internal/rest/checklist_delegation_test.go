package rest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/rest"
)

// keys gives out a new key each time, which lives for so long.
type keys struct {
	life  time.Duration
	given atomic.Int64
	away  atomic.Bool
	none  atomic.Bool
}

func (k *keys) Of(context.Context, string) (catalog.Delegation, error) { return k, nil }

func (*keys) Delegates(ways []catalog.Way) bool {
	return slices.Contains(ways, catalog.VendedCredentials)
}

func (k *keys) Vend(_ context.Context, g catalog.Grant) (catalog.Access, error) {
	if k.away.Load() {
		return catalog.Access{}, fault.New(fault.Unavailable, "no key")
	}
	if k.none.Load() {
		return catalog.Access{}, nil
	}
	config := map[string]string{"secret": fmt.Sprint(k.given.Add(1))}
	return catalog.Access{
		Config:      config,
		Credentials: []catalog.StorageCredential{{Prefix: g.Locations[0], Config: map[string]string{"secret": config["secret"]}}},
		Expires:     time.Now().Add(k.life), RefreshKey: "refresh-here",
	}, nil
}

const (
	lakeTables = "/v1/namespaces/a/tables"
	wants      = "X-Iceberg-Access-Delegation"
	vended     = "vended-credentials, remote-signing"
)

func withKeys(t *testing.T, life time.Duration) (*world, *keys) {
	t.Helper()
	k := &keys{life: life}
	w := newWorld(t, func(c *choices) { c.options = rest.Options{Delegation: k} })
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	return w, k
}

const oneColumn = `{"name":"t","schema":{"type":"struct","fields":[{"id":1,"name":"n","type":"long","required":false}]}}`

func TestDelegation(t *testing.T) {
	t.Run("D1 who names a way that is served gets a key, others none", whoAsks)
	t.Run("D3 one credential with the table's root as its prefix", onePrefix)
	t.Run("D4 the answer says where the next key is had", refreshes)
	t.Run("T4 a tag ends before its key does", tagEnds)
	t.Run("T5 the tag of a creation is not that of an answer with a key", tagOfCreation)
	t.Run("T8 an answer with a key is not to be stored", notStored)
	t.Run("who is given nothing has an answer as others", nothingGiven)
	t.Run("what was made is answered, key or no key", madeWithoutKey)
}

func whoAsks(t *testing.T) {
	w, _ := withKeys(t, time.Hour)
	if created := w.must(t, "POST", lakeTables, oneColumn, wants, vended); created["storage-credentials"] == nil {
		t.Error("the creator has no key")
	}
	for _, header := range []string{"", "remote-signing", "something-new"} {
		if plain := w.do(t, "GET", lakeTables+"/t", "", wants, header); strings.Contains(string(plain.body), "secret") {
			t.Errorf("with %q: %s", header, plain.body)
		}
	}
	if got := w.must(t, "GET", lakeTables+"/t", "", wants, vended); got["storage-credentials"] == nil {
		t.Error("the reader has no key")
	}
	update := `{"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"v"}}]}`
	if got := w.do(t, "POST", lakeTables+"/t", update, wants, vended); strings.Contains(string(got.body), "secret") {
		t.Errorf("a commit: %s", got.body)
	}
}

func onePrefix(t *testing.T) {
	w, _ := withKeys(t, time.Hour)
	w.must(t, "POST", lakeTables, oneColumn)
	got := w.must(t, "GET", lakeTables+"/t", "", wants, vended)
	credentials := got["storage-credentials"].([]any)
	location := got["metadata"].(map[string]any)["location"]
	if len(credentials) != 1 || credentials[0].(map[string]any)["prefix"] != location {
		t.Errorf("credentials %v of a table at %v", credentials, location)
	}
	if len(got["config"].(map[string]any)) == 0 {
		t.Error("older clients look into the configuration, and find nothing")
	}
}

func refreshes(t *testing.T) {
	w, _ := withKeys(t, time.Hour)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a","b c"]}`)
	w.must(t, "POST", "/v1/namespaces/a%1Fb%20c/tables", strings.Replace(oneColumn, `"t"`, `"x/y"`, 1))
	got := w.must(t, "GET", "/v1/namespaces/a%1Fb%20c/tables/x%2Fy", "", wants, vended)
	path := got["config"].(map[string]any)["refresh-here"].(string)
	renewed := w.do(t, "GET", "/"+path, "")
	if renewed.status != 200 || len(renewed.json(t)["storage-credentials"].([]any)) != 1 {
		t.Fatalf("%s: %d %s", path, renewed.status, renewed.body)
	}
	if renewed.header.Get("Cache-Control") != "no-store" {
		t.Error("keys may be stored")
	}
	w.refused(t, 404, "NoSuchTableException", "GET", lakeTables+"/none/credentials", "")
}

func tagEnds(t *testing.T) {
	for life, status := range map[time.Duration]int{time.Hour: 304, 5 * time.Minute: 200} {
		w, _ := withKeys(t, life)
		w.must(t, "POST", lakeTables, oneColumn)
		for _, coding := range []string{"identity", "gzip"} {
			first := w.do(t, "GET", lakeTables+"/t", "", wants, vended, "Accept-Encoding", coding)
			again := w.do(t, "GET", lakeTables+"/t", "", wants, vended, "If-None-Match", first.header.Get("ETag"), "Accept-Encoding", coding)
			if again.status != status {
				t.Errorf("a key of %s, %s: %d, want %d", life, coding, again.status, status)
			}
			if plain := w.do(t, "GET", lakeTables+"/t", "", "If-None-Match", first.header.Get("ETag")); plain.status != 200 {
				t.Errorf("another representation: %d", plain.status)
			}
		}
	}
}

func tagOfCreation(t *testing.T) {
	w, _ := withKeys(t, time.Hour)
	created := w.do(t, "POST", lakeTables, oneColumn, wants, vended)
	tag := created.header.Get("ETag")
	if r := w.do(t, "GET", lakeTables+"/t", "", "If-None-Match", tag); r.status != 304 {
		t.Errorf("without a key: %d", r.status)
	}
	if r := w.do(t, "GET", lakeTables+"/t", "", "If-None-Match", tag, wants, vended); r.status != 200 {
		t.Errorf("with a key: %d", r.status)
	}
}

func notStored(t *testing.T) {
	w, k := withKeys(t, time.Hour)
	w.must(t, "POST", lakeTables, oneColumn)
	for range 2 {
		before := k.given.Load()
		r := w.do(t, "GET", lakeTables+"/t", "", wants, vended, "Accept-Encoding", "gzip")
		if r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control: %q", r.header.Get("Cache-Control"))
		}
		if k.given.Load() == before {
			t.Error("an answer with a key came from memory")
		}
	}
}

func madeWithoutKey(t *testing.T) {
	w, k := withKeys(t, time.Hour)
	k.away.Store(true)
	w.must(t, "POST", lakeTables, oneColumn, wants, vended)
	w.refused(t, 503, "SlowDownException", "GET", lakeTables+"/t", "", wants, vended)
	w.refused(t, 503, "SlowDownException", "GET", lakeTables+"/t/credentials", "")
}

func nothingGiven(t *testing.T) {
	w, k := withKeys(t, time.Hour)
	k.none.Store(true)
	w.must(t, "POST", lakeTables, oneColumn, wants, vended)
	got := w.must(t, "GET", lakeTables+"/t", "", wants, vended)
	if config, ok := got["config"].(map[string]any); !ok || len(config) > 0 {
		t.Errorf("config: %v", got["config"])
	}
	for _, answer := range []map[string]any{got, w.must(t, "GET", lakeTables+"/t/credentials", "")} {
		if credentials, ok := answer["storage-credentials"].([]any); !ok || len(credentials) > 0 {
			t.Errorf("credentials: %v", answer["storage-credentials"])
		}
	}
}
