package load_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

// No turn writes to a namespace that a turn before it wrote to: its tables would have
// all that was appended to them.
func TestTurnsWriteToWhatIsNew(t *testing.T) {
	const turns, steps = 3, 2
	written := &namespaces{}
	c := open(t, written.before(t, iglootest.Shapes()[0].Start(t).URL))
	for _, operation := range load.Operations() {
		if operation.Large {
			continue
		}
		t.Run(operation.Name, func(t *testing.T) {
			turn, earlier := operation.Turns(c, workers), map[string]bool{}
			for range turns {
				work, err := turn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				written.forget()
				for n := range steps {
					if _, err := work(t.Context(), 0, n); err != nil {
						t.Fatal(err)
					}
				}
				for namespace := range written.all() {
					if earlier[namespace] {
						t.Errorf("%s was written to before", namespace)
					}
					earlier[namespace] = true
				}
			}
			if operation.Wears && len(earlier) < turns {
				t.Errorf("%d namespaces were written to in %d turns", len(earlier), turns)
			}
		})
	}
}

// namespaces are those that requests which write name.
type namespaces struct {
	mutex sync.Mutex
	named map[string]bool
}

var ofLoad = regexp.MustCompile("load_[0-9a-z_]+")

// before is the URL of a server that passes everything on and notes what it names.
func (n *namespaces) before(t *testing.T, catalog string) string {
	t.Helper()
	to, err := url.Parse(catalog)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Method == http.MethodPost {
			n.note(r.URL.Path + string(body))
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (n *namespaces) note(text string) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	for _, namespace := range ofLoad.FindAllString(text, -1) {
		n.named[namespace] = true
	}
}

func (n *namespaces) forget() {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.named = map[string]bool{}
}

func (n *namespaces) all() map[string]bool {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.named
}

// What fails to be prepared is prepared again, and what lasts is prepared once.
func TestWhatLastsIsPreparedOnce(t *testing.T) {
	prepared := 0
	operation := load.Operation{Prepare: func(context.Context, *load.Catalog, int) (load.Work, error) {
		if prepared++; prepared == 1 {
			return func(context.Context, int, int) (load.Step, error) { return load.Step{}, nil }, errors.New("not now")
		}
		return func(context.Context, int, int) (load.Step, error) { return load.Step{}, nil }, nil
	}}
	turn := operation.Turns(nil, workers)
	if work, err := turn(t.Context()); err == nil || work != nil {
		t.Error("what failed to be prepared is done")
	}
	for range 3 {
		if work, err := turn(t.Context()); err != nil || work == nil {
			t.Fatal(err)
		}
	}
	if prepared != 2 {
		t.Errorf("prepared %d times, wanted 2", prepared)
	}
}
