package s3_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/s3test"
)

// What the library sends says which act it means; a straight request does not.
func byLibrary(r *http.Request) bool { return r.URL.Query().Has("x-id") }

// requests are those of one method, as a server saw them; of puts without one.
type requests struct {
	of                string
	mu                sync.Mutex
	straight, library int
}

func (s *requests) seen(r *http.Request) (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != cmp.Or(s.of, http.MethodPut) {
		return false
	}
	if byLibrary(r) {
		s.library++
	} else {
		s.straight++
	}
	return s.straight+s.library == 1
}

// between is a store whose requests go through a handler to a real server.
func between(t *testing.T, handle func(w http.ResponseWriter, r *http.Request, next http.Handler)) *s3.Store {
	t.Helper()
	server := s3test.New(t)
	target, err := url.Parse(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	next := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { // the host is signed, and stays
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, next) }))
	t.Cleanup(front.Close)
	return open(t, server, func(c *s3.Config) { c.Endpoint = front.URL })
}

// Each name is signed as the server understands it: else the library would have to
// write what the first request did not.
func TestAPutAndAGetAreOneStraightRequest(t *testing.T) {
	sent, read := requests{}, requests{of: http.MethodGet}
	store := between(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		sent.seen(r)
		read.seen(r)
		next.ServeHTTP(w, r)
	})
	names := []string{"plain", "a/b/c", "a b", "a+b", "a%20b", "a%2Fb", "é", "日本", "a=b", "a:b", "#?&", "~!$'()*,;@[]"}
	for _, name := range names {
		if err := store.Create(t.Context(), root+name, []byte(name)); err != nil {
			t.Errorf("create %q: %v", name, err)
		}
		if got, err := store.Read(t.Context(), root+name); err != nil || string(got) != name {
			t.Errorf("read %q = %q, %v", name, got, err)
		}
	}
	if sent.straight != len(names) || sent.library != 0 {
		t.Errorf("%d objects took %d straight puts and %d of the library", len(names), sent.straight, sent.library)
	}
	if read.straight != len(names) || read.library != 0 {
		t.Errorf("%d objects took %d straight gets and %d of the library", len(names), read.straight, read.library)
	}
}

// Whatever the first request comes to, a create does not fail by it.
func TestThePutThatFailsIsTheLibrarys(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"refused":             func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"sent elsewhere":      func(w http.ResponseWriter) { w.WriteHeader(http.StatusMovedPermanently) },
		"met another":         func(w http.ResponseWriter) { w.WriteHeader(http.StatusConflict) },
		"throttled":           func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
		"failed in a success": func(w http.ResponseWriter) { fmt.Fprint(w, "<Error><Code>InternalError</Code></Error>") },
	} {
		t.Run(name, func(t *testing.T) {
			var sent requests
			store := between(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if sent.seen(r) {
					answer(w)
					return
				}
				next.ServeHTTP(w, r)
			})
			if err := store.Create(t.Context(), root+"x", []byte("x")); err != nil {
				t.Error(err)
			}
			if sent.straight != 1 || sent.library != 1 {
				t.Errorf("%d straight puts and %d of the library, want one each", sent.straight, sent.library)
			}
		})
	}
}

// Whatever the first request comes to, what is there is read.
func TestTheGetThatFailsIsTheLibrarys(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"refused":        func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"sent elsewhere": func(w http.ResponseWriter) { w.WriteHeader(http.StatusMovedPermanently) },
		"gone":           func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
		"throttled":      func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
		"in part":        func(w http.ResponseWriter) { w.WriteHeader(http.StatusPartialContent) },
		"cut off": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "2")
			fmt.Fprint(w, "x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			read := requests{of: http.MethodGet}
			store := between(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if read.seen(r) {
					answer(w)
					return
				}
				next.ServeHTTP(w, r)
			})
			if err := store.Create(t.Context(), root+"x", []byte("xy")); err != nil {
				t.Error(err)
			}
			if got, err := store.Read(t.Context(), root+"x"); err != nil || string(got) != "xy" {
				t.Errorf("%q, %v", got, err)
			}
			if read.straight != 1 || read.library != 1 {
				t.Errorf("%d straight gets and %d of the library, want one each", read.straight, read.library)
			}
		})
	}
}

// A server that closes what is idle costs no create more than a connection.
func TestAPutIsStraightAfterThePause(t *testing.T) {
	var sent requests
	server := s3test.NewKeepingConnections(t)
	proxy := nettest.NewProxy(t, server.Address())
	store := open(t, server, func(c *s3.Config) { c.Endpoint = "http://" + proxy.Addr() })
	proxy.Judge(func(b []byte) nettest.Fate {
		if r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b))); err == nil {
			sent.seen(r)
		}
		return nettest.Pass
	})
	for n := range 5 {
		proxy.Away(true)
		proxy.Away(false)
		time.Sleep(20 * time.Millisecond) // a busy kernel delivers later what was sent
		if err := store.Create(t.Context(), root+fmt.Sprint("pause-", n), []byte("x")); err != nil {
			t.Error(err)
		}
	}
	if sent.straight != 5 || sent.library != 0 {
		t.Errorf("%d straight puts and %d of the library for 5 objects", sent.straight, sent.library)
	}
}

func TestAPutGoesPastAProxy(t *testing.T) {
	var sent requests
	server := s3test.New(t)
	target, err := url.Parse(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	onwards := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Host = target.Host }}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "store.invalid" {
			t.Errorf("the proxy is asked for %s", r.URL)
		}
		sent.seen(r)
		onwards.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	store := open(t, server, func(c *s3.Config) { c.Endpoint = "http://store.invalid" })
	store.PastProxy(at)
	if err := store.Create(t.Context(), root+"past a proxy+%", []byte("x")); err != nil || sent.straight != 1 {
		t.Errorf("%d straight puts, %v", sent.straight, err)
	}
}

// The environment tells AWS's tools of authorities besides the public ones.
func TestAPutTrustsTheAuthoritiesOfTheEnvironment(t *testing.T) {
	var sent requests
	store := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { sent.seen(r) })
	server := httptest.NewTLSServer(store)
	defer server.Close()
	bundle := filepath.Join(t.TempDir(), "authorities.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	trusting, err := s3.Open(t.Context(), s3.Config{Region: "r", Endpoint: server.URL, PathStyle: true, AccessKeyID: "a", SecretAccessKey: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if err := trusting.Create(t.Context(), root+"x", []byte("x")); err != nil || sent.straight != 1 {
		t.Errorf("%d straight puts, %v", sent.straight, err)
	}
}

func TestDestinations(t *testing.T) {
	for _, c := range []struct{ endpoint, bucket, url, region string }{
		{"", "lake", "https://lake.s3.eu-central-1.amazonaws.com/", "eu-central-1"},
		{"", "the.lake", "https://s3.eu-central-1.amazonaws.com/the.lake/", "eu-central-1"},
		{"http://minio:9000", "lake", "http://lake.minio:9000/", "eu-central-1"},
		{"https://gateway/s3/", "the.lake", "https://gateway/s3/the.lake/", "eu-central-1"},
		{"", "arn:aws:s3:eu-central-1:123456789012:accesspoint:lake", "https://lake-123456789012.s3-accesspoint.eu-central-1.amazonaws.com/", "eu-central-1"},
		{"", "lake--euc1-az1--x-s3", "", ""},                           // wants a session
		{"", "arn:aws:s3::123456789012:accesspoint:lake.mrap", "", ""}, // wants a signature for all regions
	} {
		store, err := s3.Open(t.Context(), s3.Config{
			Region: "eu-central-1", Endpoint: c.endpoint, AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey,
		})
		if err != nil {
			t.Fatal(err)
		}
		url, service, region, err := store.Destination(t.Context(), c.bucket)
		if url != c.url || region != c.region || (err == nil) != (c.url != "") {
			t.Errorf("%s at %q: %q for %q, %v; want %q for %q", c.bucket, c.endpoint, url, region, err, c.url, c.region)
		}
		if err == nil && service != "s3" {
			t.Errorf("%s is signed for %q", c.bucket, service)
		}
	}
}

// TestDestinationsAreRemembered: what was found once is not looked for again, and
// whoever names ever more buckets fills no memory.
func TestDestinationsAreRemembered(t *testing.T) {
	store, err := s3.Open(t.Context(), s3.Config{Region: "r", Endpoint: "http://minio:9000", PathStyle: true, AccessKeyID: "a", SecretAccessKey: "b"})
	if err != nil {
		t.Fatal(err)
	}
	find := func(bucket string) {
		if url, _, _, err := store.Destination(t.Context(), bucket); err != nil || url != "http://minio:9000/"+bucket+"/" {
			t.Errorf("%s: %q, %v", bucket, url, err)
		}
	}
	find("lake")
	if n := testing.AllocsPerRun(100, func() { _ = store.Find(t.Context(), "lake") }); n > 0 {
		t.Errorf("%v allocations for a bucket that is known", n)
	}
	for n := range s3.MaxKnown + 5 {
		find(fmt.Sprint("lake-", n))
	}
	if n := store.Known(); n > s3.MaxKnown {
		t.Errorf("%d are remembered", n)
	}
}
