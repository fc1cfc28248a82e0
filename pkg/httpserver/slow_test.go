package httpserver_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/httpserver"
)

// TestSlowClientsAreCut: clients that send a byte at a time, of a header or of a
// body, are hung up on, and others are served all the while.
func TestSlowClientsAreCut(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	server, err := httpserver.Listen(ctx, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, "unread", http.StatusBadRequest)
		}
	}), httpserver.Options{Settings: httpserver.Settings{ReadHeaderTimeout: 300 * time.Millisecond, ReadTimeout: 600 * time.Millisecond}}, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	var slow sync.WaitGroup
	for i := range 40 {
		begin := "POST / HTTP/1.1\r\nHost: x\r\n"
		if i%2 == 0 {
			begin += "Content-Length: 1000000\r\n\r\n"
		}
		slow.Go(func() { trickle(t, server.Addr(), begin) })
	}
	cut := make(chan struct{})
	go func() { slow.Wait(); close(cut) }()
	for n := 0; ; n++ {
		if response, _ := get(t, server.URL(), nil); response.StatusCode != http.StatusOK {
			t.Fatalf("somebody else: %d", response.StatusCode)
		}
		select {
		case <-cut:
			if n == 0 {
				t.Error("nobody else was served meanwhile")
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// trickle sends a byte now and then after begin, until the server has hung up.
func trickle(t *testing.T, address, begin string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	_, err = io.WriteString(conn, begin)
	answered := make(chan error, 1)
	go func() {
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		_, err := io.Copy(io.Discard, conn)
		answered <- err
	}()
	for ; err == nil; _, err = io.WriteString(conn, "x") {
		select {
		case err := <-answered:
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("a slow client is served for ever")
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestLargeHeadersAreRefused: no handler sees what is above the limit. The client
// may be cut off before it has read the answer, which is 431.
func TestLargeHeadersAreRefused(t *testing.T) {
	var seen atomic.Int64
	url, _ := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	for size, status := range map[int]int{60 << 10: http.StatusOK, 80 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Large", strings.Repeat("a", size))
		response, err := http.DefaultClient.Do(request)
		if err != nil && status == http.StatusOK {
			t.Fatal(err)
		}
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%d bytes: %d, want %d", size, response.StatusCode, status)
		}
	}
	if seen.Load() != 1 {
		t.Errorf("%d requests came through", seen.Load())
	}
}

// TestConnectionsAreBounded: one connection too many waits for another to end.
func TestConnectionsAreBounded(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	server, err := httpserver.Listen(ctx, "127.0.0.1:0", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		httpserver.Options{Settings: httpserver.Settings{MaxConnections: 1, ReadHeaderTimeout: 300 * time.Millisecond}}, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	holder, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	began := time.Now()
	if response, _ := get(t, server.URL(), nil); response.StatusCode != http.StatusOK {
		t.Errorf("the second: %d", response.StatusCode)
	}
	if time.Since(began) < 100*time.Millisecond {
		t.Error("the second did not wait for the first to be cut")
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := httpserver.Listen(t.Context(), "127.0.0.1:0", nil, httpserver.Options{Settings: httpserver.Settings{ReadTimeout: -1}}, quiet(t)); err == nil {
		t.Error("a negative limit was taken")
	}
}
