package objectstoretest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// Open returns a store that reaches its server at address, host and port, and
// lets it be silent for as long as patience lasts; as it does by itself when 0.
type Open func(t *testing.T, address string, patience time.Duration) objectstore.Store

// RunRemote checks what a store must show whose server is elsewhere. The server
// is at server, its host and port, and prefix is as in Run.
func RunRemote(t *testing.T, server, prefix string, open Open) {
	t.Helper()
	t.Run("a create whose answer was lost is no other's", func(t *testing.T) { lostAnswer(t, server, prefix, open) })
	t.Run("a server that is away is Unavailable", func(t *testing.T) { away(t, prefix, open(t, "127.0.0.1:1", 0)) })
	t.Run("a server that hangs ends with the context", func(t *testing.T) { hangs(t, server, prefix, open) })
	t.Run("a server that stays silent is Unavailable", func(t *testing.T) { silent(t, prefix, open) })
	t.Run("a server that fails twice is asked again", func(t *testing.T) { failsTwice(t, server, prefix, open) })
}

// lostAnswer is the one failure that a conditional write cannot tell from
// another's success.
func lostAnswer(t *testing.T, server, prefix string, open Open) {
	t.Helper()
	proxy := nettest.NewProxy(t, server)
	store := open(t, proxy.Addr(), 0)
	proxy.Judge(losesOne())
	if err := store.Create(t.Context(), prefix+"lost", []byte("mine")); err != nil {
		t.Errorf("create: %v", err)
	}
	proxy.Judge(losesOne())
	if err := store.Create(t.Context(), prefix+"lost", []byte("another's")); !errors.Is(err, objectstore.ErrExists) {
		t.Errorf("create with other bytes: %v", err)
	}
}

// losesOne lets the first write through, and its answer not.
func losesOne() func([]byte) nettest.Fate {
	var lost atomic.Bool
	return func(sent []byte) nettest.Fate {
		if (bytes.HasPrefix(sent, []byte("PUT ")) || bytes.HasPrefix(sent, []byte("POST "))) && !lost.Swap(true) {
			return nettest.CutAfter
		}
		return nettest.Pass
	}
}

func away(t *testing.T, prefix string, store objectstore.Store) {
	t.Helper()
	if err := store.Create(t.Context(), prefix+"away", nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("create: %v", err)
	}
	if _, err := store.Read(t.Context(), prefix+"away"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("read: %v", err)
	}
}

func hangs(t *testing.T, server, prefix string, open Open) {
	t.Helper()
	proxy := nettest.NewProxy(t, server)
	store := open(t, proxy.Addr(), 0)
	proxy.Freeze()
	defer proxy.Thaw()
	for what, do := range map[string]func(context.Context) error{
		"read":   func(ctx context.Context) error { return second(store.Read(ctx, prefix+"hangs")) },
		"create": func(ctx context.Context) error { return store.Create(ctx, prefix+"hangs", []byte("x")) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := do(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
		cancel()
	}
}

// silent is a server that stops at each place where one can: before it took what
// was sent, before it answers, and within the answer.
func silent(t *testing.T, prefix string, open Open) {
	t.Helper()
	const patience = 50 * time.Millisecond
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.String(), "half") {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(make([]byte, 10))
			_ = http.NewResponseController(w).Flush()
		}
		select { // a request whose body is not read does not tell that its sender is gone
		case <-r.Context().Done():
		case <-over:
		}
	}))
	t.Cleanup(func() {
		close(over)
		server.Close()
	})
	store := open(t, strings.TrimPrefix(server.URL, "http://"), patience)
	for what, err := range map[string]error{
		"read":                  second(store.Read(t.Context(), prefix+"silent")),
		"read half of":          second(store.Read(t.Context(), prefix+"half")),
		"stat":                  second(store.Stat(t.Context(), prefix+"silent")),
		"create":                store.Create(t.Context(), prefix+"silent", nil),
		"create with much data": store.Create(t.Context(), prefix+"silent", make([]byte, 32<<20)),
		"delete":                store.Delete(t.Context(), prefix+"silent"),
		"list":                  listed(t, store, prefix),
	} {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func listed(t *testing.T, store objectstore.Store, prefix string) error {
	t.Helper()
	for _, err := range store.List(t.Context(), prefix) {
		if err != nil {
			return err
		}
	}
	return nil
}

// failsTwice has each operation answered 503 two times.
func failsTwice(t *testing.T, server, prefix string, open Open) {
	t.Helper()
	target, err := url.Parse("http://" + server)
	if err != nil {
		t.Fatal(err)
	}
	var left atomic.Int32
	proxy := httputil.NewSingleHostReverseProxy(target)
	before := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if left.Add(-1) >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(before.Close)
	store := open(t, strings.TrimPrefix(before.URL, "http://"), 0)
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"create", func() error { return store.Create(t.Context(), prefix+"twice", []byte("x")) }},
		{"read", func() error { return second(store.Read(t.Context(), prefix+"twice")) }},
		{"stat", func() error { return second(store.Stat(t.Context(), prefix+"twice")) }},
		{"list", func() error { return listed(t, store, prefix) }},
		{"delete", func() error { return store.Delete(t.Context(), prefix+"twice") }},
	} {
		left.Store(2)
		if err := step.do(); err != nil {
			t.Errorf("%s: %v", step.what, err)
		}
		if left.Load() > -1 {
			t.Errorf("%s ended after %d tries", step.what, 2-left.Load())
		}
	}
}
