package chaos_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// startProxy runs HAProxy as deploy/haproxy has it.
func startProxy(t *testing.T, target string, env []string) *proctest.Process {
	t.Helper()
	proxy, err := proctest.Start(proctest.Command{
		Path: proctest.Program(t, "haproxy", target), Args: []string{"-db", "-f", "../../../deploy/haproxy/haproxy.cfg"}, Env: env,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = proxy.Kill()
		if t.Failed() {
			t.Logf("HAProxy wrote:\n%s", proxy.Output())
		}
	})
	return proxy
}

// balanced is HAProxy before two catalogs that answer who they are.
type balanced struct {
	*testing.T

	url string
}

func newBalanced(t *testing.T) *balanced {
	t.Helper()
	front, unused := iglootest.Address(t), iglootest.Address(t)
	_, port, _ := strings.Cut(unused, ":")
	env := append(make([]string, 0, 6+replicas), "CATALOG_LISTEN="+front, "HOUSETABLE_LISTEN="+iglootest.Address(t),
		"HOUSETABLE_1="+unused, "HOUSETABLE_2="+unused, "HOUSETABLE_1_PROBE="+port, "HOUSETABLE_2_PROBE="+port)
	for i := range replicas {
		catalog := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprintf(w, "catalog-%d", i+1)
		}))
		t.Cleanup(catalog.Close)
		env = append(env, fmt.Sprintf("CATALOG_%d=%s", i+1, strings.TrimPrefix(catalog.URL, "http://")))
	}
	b := &balanced{t, "http://" + front}
	proctest.Await(t, startProxy(t, "deps", env), 10*time.Second, func(context.Context) error {
		status, _, err := b.try(http.MethodGet, "/v1/config", "")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("the answer is %d", status)
		}
		return err
	})
	return b
}

func (b *balanced) try(method, path, body string) (status int, who string, err error) {
	request, err := http.NewRequestWithContext(b.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// who is the catalog that answers a request.
func (b *balanced) who(method, path, body string) string {
	b.Helper()
	status, who, err := b.try(method, path, body)
	if err != nil || status != http.StatusOK {
		b.Fatalf("%s %s: %d %s, %v", method, path, status, who, err)
	}
	return who
}

// asked is a request.
type asked struct{ method, path, body string }

// TestWhatBelongsTogetherGoesToOneCatalog as long as there are two, and each of them has
// its share of all.
func TestWhatBelongsTogetherGoesToOneCatalog(t *testing.T) {
	b := newBalanced(t)
	long := strings.Repeat(" ", 40<<10)
	for name, of := range map[string]func(n int) []asked{
		"a table": func(n int) []asked {
			path := fmt.Sprintf("/v1/p/namespaces/n%%1Fm/tables/t%d", n)
			return []asked{{"GET", path, ""}, {"POST", path, "{}"}, {"GET", path + "/credentials", ""}, {"GET", path + "?snapshots=refs", ""}, {"POST", path, long}}
		},
		"a view": func(n int) []asked {
			path := fmt.Sprintf("/v1/p/namespaces/n/views/v%d", n)
			return []asked{{"GET", path, ""}, {"POST", path, "{}"}}
		},
		"a namespace's tables": func(n int) []asked {
			path := fmt.Sprintf("/v1/p/namespaces/n%d/tables", n)
			return []asked{{"GET", path, ""}, {"POST", path, "{}"}, {"GET", path + "?pageToken=&pageSize=10", ""}}
		},
		"transactions of the same tables": func(n int) []asked {
			path, first := "/v1/p/transactions/commit", fmt.Sprintf(`{"table-changes":[{"identifier":{"namespace":["n"],"name":"t%d"},"updates":[]}`, n)
			return []asked{
				{"POST", path, first + "]}"},
				{"POST", path, first + `,{"identifier":{"namespace":["n"],"name":"other"}}]}`},
				{"POST", path, first + "," + long + `{"identifier":{"namespace":["n"],"name":"other"}}]}`},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			share := map[string]int{}
			for n := range 60 {
				requests := of(n)
				first := b.who(requests[0].method, requests[0].path, requests[0].body)
				share[first]++
				for _, r := range requests[1:] {
					if who := b.who(r.method, r.path, r.body); who != first {
						t.Errorf("%s %s went to %s, and %s to %s", requests[0].method, requests[0].path, first, r.method, who)
					}
				}
			}
			if share["catalog-1"] < 10 || share["catalog-2"] < 10 {
				t.Errorf("of 60 it is %v", share)
			}
		})
	}
}

// TestWhatIsOfNobodyIsAnswered: what names no table is answered by any, and what is inside
// stays there.
func TestWhatIsOfNobodyIsAnswered(t *testing.T) {
	b := newBalanced(t)
	for _, r := range []asked{
		{"GET", "/v1/p/namespaces", ""},
		{"POST", "/v1/p/namespaces", "{}"},
		{"POST", "/v1/p/tables/rename", "{}"},
		{"POST", "/v1/p/transactions/commit", ""},
		{"POST", "/v1/p/transactions/commit", "none"},
		{"POST", "/v1/p/transactions/commit", strings.Repeat("[", 100<<10)},
		{"POST", "/v1/p/transactions/commit", `{"table-changes":[]}`},
	} {
		b.who(r.method, r.path, r.body)
	}
	for _, path := range []string{"/metrics", "/readyz", "/hts/tables"} {
		if status, _, err := b.try(http.MethodGet, path, ""); err != nil || status != http.StatusNotFound {
			t.Errorf("%s: %d, %v", path, status, err)
		}
	}
}
