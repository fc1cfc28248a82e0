package objectstore

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A crowd's connections are there for the next crowd, and gone when none comes: each
// has buffers and two goroutines.
func TestConnectionsThatNobodyNeedsAreClosed(t *testing.T) {
	const crowd = 32
	var made, open atomic.Int64
	server := httptest.NewUnstartedServer(together(crowd))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			made.Add(1)
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		default:
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := &http.Client{Transport: newTransport(nil, 0, 2*time.Second)}
	ask(t, client, server.URL, crowd)
	ask(t, client, server.URL, crowd)
	if made.Load() != crowd {
		t.Errorf("two crowds of %d made %d connections", crowd, made.Load())
	}
	for began := time.Now(); open.Load() > 0; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d connections stay that nobody needs", open.Load())
		}
	}
}

// together answers when so many have asked, again and again.
func together(crowd int) http.Handler {
	var lock sync.Mutex
	waiting, all := 0, make(chan struct{})
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		lock.Lock()
		mine := all
		if waiting++; waiting == crowd {
			close(all)
			waiting, all = 0, make(chan struct{})
		}
		lock.Unlock()
		select {
		case <-mine:
		case <-r.Context().Done():
		}
	})
}

func ask(t *testing.T, client *http.Client, url string, crowd int) {
	t.Helper()
	var asking sync.WaitGroup
	for range crowd {
		asking.Go(func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			if err != nil {
				t.Error(err)
				return
			}
			response, err := client.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
		})
	}
	asking.Wait()
}
