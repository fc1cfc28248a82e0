package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
	"github.com/igloo-catalog/igloo/services/catalog/internal/replays"
	"github.com/igloo-catalog/igloo/services/catalog/internal/rest"
)

// world is a catalog on a fake house table service and a folder.
type world struct {
	url     string
	handler http.Handler
	hts     *htsfake.Fake
	folder  string
}

// choices change a world before it is made.
type choices struct {
	settings catalog.Settings
	options  rest.Options
	hts      *htsfake.Fake
	// redis is the URL of one that takes the place of memory.
	redis string
	// forgetful replaces the cache of replays by one that remembers nothing.
	forgetful bool
	// door lets in whose tokens it knows; without it nobody has to say who they are.
	door authn.Authenticator
	// decides makes the decider; without it everybody may do everything.
	decides func(authz.Source) authz.Decider
	// stores are there beside the folder, by what objectstore.StoreOf calls them.
	stores map[string]objectstore.Store
}

// forgetful is a cache of replays that remembers nothing, as Redis may.
type forgetful struct{}

func (forgetful) Name() string { return "nothing" }

func (forgetful) Reserve(context.Context, catalog.Claim) catalog.Reservation {
	return catalog.Reservation{}
}
func (forgetful) Publish(context.Context, catalog.Claim, catalog.Outcome) {}
func (forgetful) Release(context.Context, catalog.Claim)                  {}

// everywhere is one store for all warehouses.
type everywhere struct{ objectstore.Store }

func (e everywhere) In(string) objectstore.Store { return e.Store }

func newWorld(t testing.TB, change ...func(*choices)) *world {
	t.Helper()
	w := newSilentWorld(t, change...)
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// newSilentWorld makes a world without a network: requests go to its handler.
func newSilentWorld(t testing.TB, change ...func(*choices)) *world {
	t.Helper()
	w := &world{folder: t.TempDir()}
	c := choices{hts: htsfake.New(), settings: catalog.Settings{WarehouseRoot: "file://" + w.folder, VerifyFiles: true}}
	for _, f := range change {
		f(&c)
	}
	w.hts = c.hts
	local, err := objectstore.OpenLocal()
	check(t, err)
	conn := w.hts.Conn()
	if c.options.Meter != nil {
		conn, err = hts.Measure(conn, c.options.Meter)
		check(t, err)
	}
	pointers := hts.New(conn)
	if c.decides != nil {
		c.settings.Authorization = c.decides(grpcclient.Access(conn))
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	stores := map[string]objectstore.Store{"file": local}
	maps.Copy(stores, c.stores)
	domain, err := catalog.New(pointers, everywhere{objectstore.NewRouter(stores)}, remembering(t, pointers, c, log), c.settings, log)
	check(t, err)
	handler, err := rest.New(domain, c.options, log)
	check(t, err)
	w.handler = authn.Guard(handler, c.door, handler.Fail)
	return w
}

// remembering makes the cache of replays.
func remembering(t testing.TB, pointers *hts.Pointers, c choices, log *slog.Logger) catalog.Replays {
	t.Helper()
	if c.forgetful {
		return forgetful{}
	}
	epoch := replays.Follow(pointers.Epoch)
	t.Cleanup(func() { check(t, epoch.Close()) })
	if c.redis == "" {
		memory, err := replays.NewMemory(epoch)
		check(t, err)
		t.Cleanup(func() { check(t, memory.Close()) })
		return memory
	}
	shared, err := replays.OpenRedis(c.redis, epoch, nil, log)
	check(t, err)
	t.Cleanup(func() { check(t, shared.Close()) })
	return shared
}

// replica is another catalog on the same house tables and folder.
func (w *world) replica(t testing.TB, change ...func(*choices)) *world {
	t.Helper()
	change = append([]func(*choices){func(c *choices) {
		c.hts, c.settings.WarehouseRoot = w.hts, "file://"+w.folder
	}}, change...)
	if w.url == "" {
		return newSilentWorld(t, change...)
	}
	return newWorld(t, change...)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// response is what came back.
type response struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request as raw as it can be: the path is not cleaned, not re-escaped.
func (w *world) do(t testing.TB, method, path, body string, header ...string) response {
	t.Helper()
	r, err := w.try(t, method, path, body, header...)
	check(t, err)
	return r
}

// try is do for an answer that may break off.
func (w *world) try(t testing.TB, method, path, body string, header ...string) (response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, w.url+path, bytes.NewReader([]byte(body)))
	check(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	if w.url == "" {
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, request)
		return response{status: answer.Code, header: answer.Header(), body: answer.Body.Bytes()}, nil
	}
	r, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return response{}, err
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	return response{status: r.StatusCode, header: r.Header, body: data}, err
}

// must sends a request that has to succeed, and decodes the answer.
func (w *world) must(t testing.TB, method, path, body string, header ...string) map[string]any {
	t.Helper()
	r := w.do(t, method, path, body, header...)
	if r.status != http.StatusOK && r.status != http.StatusNoContent {
		t.Fatalf("%s %s: %d %s", method, path, r.status, r.body)
	}
	return r.json(t)
}

func (r response) json(t testing.TB) map[string]any {
	t.Helper()
	if len(r.body) == 0 {
		return nil
	}
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return v
}

// problem is the error of an answer, which must be in the envelope.
func (r response) problem(t *testing.T) (message, kind string) {
	t.Helper()
	var e struct {
		Error *struct {
			Message, Type string
			Code          int
		}
	}
	if err := json.Unmarshal(r.body, &e); err != nil || e.Error == nil || e.Error.Code != r.status || e.Error.Type == "" {
		t.Fatalf("status %d, not in the error envelope: %s (%v)", r.status, r.body, err)
	}
	return e.Error.Message, e.Error.Type
}

// refused sends a request that has to be refused in a certain way.
func (w *world) refused(t *testing.T, status int, kind, method, path, body string, header ...string) string {
	t.Helper()
	r := w.do(t, method, path, body, header...)
	if r.status != status {
		t.Fatalf("%s %s: %d %s, want %d", method, path, r.status, r.body, status)
	}
	message, got := r.problem(t)
	if got != kind {
		t.Errorf("%s %s: type %s, want %s", method, path, got, kind)
	}
	return message
}

// abandon sends a request whose answer nobody waits for.
func (w *world) abandon(ctx context.Context, method, path, body string, header ...string) {
	request, err := http.NewRequestWithContext(ctx, method, w.url+path, strings.NewReader(body))
	if err != nil {
		return
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	if w.url == "" {
		w.handler.ServeHTTP(httptest.NewRecorder(), request)
		return
	}
	if r, err := http.DefaultTransport.RoundTrip(request); err == nil {
		r.Body.Close()
	}
}

// eventually waits until a path is there.
func (w *world) eventually(t *testing.T, path string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(5 * time.Second)
	for w.do(t, "GET", path, "").status != http.StatusOK {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s does not appear", path)
		}
	}
}
