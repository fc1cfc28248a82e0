package objectstore_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// long is more than any connection takes of what nobody reads.
var long = make([]byte, 32<<20)

func direct(t *testing.T, at string, base *http.Transport, patience time.Duration) *objectstore.Direct {
	t.Helper()
	to, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	d, ok := objectstore.NewTransport(base, patience).Direct(to)
	if !ok {
		t.Fatalf("no direct way to %s", at)
	}
	return d
}

func put(ctx context.Context, d *objectstore.Direct, body []byte) (status int, size int64, err error) {
	head := fmt.Sprintf("PUT /x HTTP/1.1\r\nHost: store\r\nContent-Length: %d\r\n\r\n", len(body))
	return d.Put(ctx, []byte(head), body)
}

// raw is a server that leaves each connection to serve, counted from 1.
func raw(t *testing.T, serve func(c net.Conn, n int)) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for n := 1; ; n++ {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(t.Context(), func() { _ = c.Close() })
			open.Go(func() {
				defer stop()
				defer c.Close()
				serve(c, n)
			})
		}
	})
	t.Cleanup(open.Wait)
	context.AfterFunc(t.Context(), func() { _ = listener.Close() })
	return "http://" + listener.Addr().String()
}

// answering answers the requests of a connection with texts, one after the other, and
// then ends it.
func answering(c net.Conn, texts ...string) {
	in := bufio.NewReader(c)
	for _, text := range texts {
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		_, _ = io.WriteString(c, text)
	}
}

const (
	fine    = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
)

func TestDirectSendsWhatItIsGiven(t *testing.T) {
	var got, connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil || n != r.ContentLength || r.Host != "store" || r.URL.Path != "/x" || r.Method != http.MethodPut {
			t.Errorf("%s %s%s: %d of %d bytes, %v", r.Method, r.Host, r.URL, n, r.ContentLength, err)
		}
		got.Add(n)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	d := direct(t, server.URL, nil, 0)
	sent := int64(0)
	for _, size := range []int{0, 1, 16 << 10, 16<<10 + 1, 80 << 10, 1 << 20} {
		if status, size, err := put(t.Context(), d, long[:size]); status != http.StatusOK || size != 0 || err != nil {
			t.Errorf("%d, %d bytes, %v", status, size, err)
		}
		sent += int64(size)
	}
	if got.Load() != sent || connections.Load() != 1 {
		t.Errorf("%d bytes of %d came, on %d connections", got.Load(), sent, connections.Load())
	}
}

// An answer is read to its end, and its connection used again where that is known.
func TestDirectReadsAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		status int
		size   int64
		again  bool
	}{
		"plain":               {fine, 200, 0, true},
		"with a body":         {"HTTP/1.1 412 No\r\nContent-Length: 3\r\n\r\nabc", 412, 3, true},
		"chunked":             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, 5, true},
		"preliminary":         {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + refused, 403, 0, true},
		"the last":            {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 200, 0, false},
		"older":               {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 0, false},
		"elsewhere":           {"HTTP/1.1 307 There\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n", 307, 0, true},
		"two":                 {fine + refused, 200, 0, false},
		"two, a body between": {"HTTP/1.1 412 No\r\nContent-Length: 12000\r\n\r\n" + strings.Repeat("x", 12000) + refused, 412, 12000, false},
	} {
		t.Run(name, func(t *testing.T) {
			for scheme, serve := range map[string]func(net.Conn, ...string){"http": answering, "https": secured(t)} {
				var connections atomic.Int64
				at := raw(t, func(conn net.Conn, _ int) {
					connections.Add(1)
					serve(conn, c.answer, fine)
				})
				d := direct(t, scheme+strings.TrimPrefix(at, "http"), trusting(t), 0)
				status, size, err := put(t.Context(), d, []byte("x"))
				if status != c.status || size != c.size || err != nil {
					t.Errorf("%s: %d, %d bytes, %v", scheme, status, size, err)
				}
				_, _, err = put(t.Context(), d, []byte("x"))
				if again := connections.Load() == 1; again != c.again || err != nil {
					t.Errorf("%s: used again: %t, %v", scheme, again, err)
				}
			}
		})
	}
}

// secured is answering within TLS, an answer to a record.
func secured(t *testing.T) func(c net.Conn, texts ...string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	t.Cleanup(server.Close)
	server.TLS.DynamicRecordSizingDisabled = true
	return func(c net.Conn, texts ...string) { answering(tls.Server(c, server.TLS), texts...) }
}

// trusting trusts the authority of httptest's servers.
func trusting(t *testing.T) *http.Transport {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	own := server.Client().Transport.(*http.Transport).TLSClientConfig //nolint:forcetypeassert // what httptest makes
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: own.RootCAs, MinVersion: tls.VersionTLS12}}
}

func TestDirectTrustsWhomItIsTold(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	defer server.Close()
	trusted := direct(t, server.URL, trusting(t), 0)
	for range 3 {
		if status, _, err := put(t.Context(), trusted, long[:1<<20]); status != http.StatusOK || err != nil {
			t.Errorf("%d, %v", status, err)
		}
	}
	var unknown *tls.CertificateVerificationError
	if status, _, err := put(t.Context(), direct(t, server.URL, nil, 0), nil); !errors.As(err, &unknown) {
		t.Errorf("of an unknown authority: %d, %v", status, err)
	}
}

// What a server does with an idle connection is noticed before it is used.
func TestDirectLeavesWhatTheServerClosed(t *testing.T) {
	for scheme, serve := range map[string]func(net.Conn, ...string){"http": answering, "https": secured(t)} {
		closed := make(chan bool)
		at := raw(t, func(c net.Conn, _ int) {
			serve(c, fine)
			_ = c.Close()
			closed <- true
		})
		d := direct(t, scheme+strings.TrimPrefix(at, "http"), trusting(t), 0)
		for range 5 {
			if status, _, err := put(t.Context(), d, []byte("x")); status != http.StatusOK || err != nil {
				t.Errorf("%s: %d, %v", scheme, status, err)
			}
			<-closed
		}
	}
}

func TestDirectClosesIdleConnections(t *testing.T) {
	ended := make(chan bool)
	at := raw(t, func(c net.Conn, _ int) {
		answering(c, fine, fine, fine) // until the client goes
		ended <- true
	})
	to, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := objectstore.NewTransportFor(nil, 0, 20*time.Millisecond).Direct(to)
	for range 2 {
		if _, _, err := put(t.Context(), d, nil); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Fatal("the connection stays")
		}
	}
}

// After a crowd, so many connections stay and no more.
func TestDirectKeepsSoManyConnections(t *testing.T) {
	const crowd = 300
	var open atomic.Int64
	var all sync.WaitGroup
	all.Add(crowd)
	at := raw(t, func(c net.Conn, _ int) {
		open.Add(1)
		defer open.Add(-1)
		all.Done()
		all.Wait()
		answering(c, fine, fine)
	})
	d := direct(t, at, nil, 0)
	var done sync.WaitGroup
	for range crowd {
		done.Go(func() {
			if _, _, err := put(t.Context(), d, nil); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	for until := time.Now().Add(10 * time.Second); open.Load() > 256 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	if n := open.Load(); n != 256 {
		t.Errorf("%d connections stay", n)
	}
}

// hanging are servers that stop at each place where one can.
func hanging(t *testing.T) map[string]string {
	t.Helper()
	stay := func(net.Conn) { <-t.Context().Done() }
	return map[string]string{
		"before anything": raw(t, func(c net.Conn, _ int) { stay(c) }),
		"before answering": raw(t, func(c net.Conn, _ int) {
			_, _ = io.CopyN(io.Discard, c, 20<<20)
			stay(c)
		}),
		"within the head": raw(t, func(c net.Conn, _ int) {
			answering(c, "HTTP/1.1 200 OK\r\nContent-")
			stay(c)
		}),
		"within the body": raw(t, func(c net.Conn, _ int) {
			answering(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
			stay(c)
		}),
		"before it agrees on TLS": strings.Replace(raw(t, func(c net.Conn, _ int) { stay(c) }), "http", "https", 1),
	}
}

func TestDirectEndsWithASilentServer(t *testing.T) {
	for where, at := range hanging(t) {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			d := direct(t, at, nil, 50*time.Millisecond)
			for _, body := range [][]byte{nil, long} {
				var silent net.Error
				if status, _, err := put(t.Context(), d, body); !errors.As(err, &silent) || !silent.Timeout() || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%d bytes: %d, %v", len(body), status, err)
				}
			}
		})
	}
}

func TestDirectEndsWithItsContext(t *testing.T) {
	for where, at := range hanging(t) {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			d := direct(t, at, nil, time.Hour)
			for _, body := range [][]byte{nil, long} {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(50*time.Millisecond, cancel)
				began := time.Now()
				if status, _, err := put(ctx, d, body); !errors.Is(err, context.Canceled) || time.Since(began) > 10*time.Second {
					t.Errorf("%d bytes: %d, %v after %s", len(body), status, err, time.Since(began))
				}
			}
		})
	}
}

// A slow server has its time for each piece.
func TestDirectWaitsForWhoGoesOn(t *testing.T) {
	at := raw(t, func(c net.Conn, _ int) {
		in := bufio.NewReader(c)
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		for range 10 {
			time.Sleep(100 * time.Millisecond)
			_, _ = io.CopyN(io.Discard, request.Body, 4<<20)
		}
		for _, piece := range []string{"HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n\r\n", "a", "b"} {
			time.Sleep(100 * time.Millisecond)
			_, _ = io.WriteString(c, piece)
		}
	})
	if status, size, err := put(t.Context(), direct(t, at, nil, time.Second), long); status != http.StatusOK || size != 2 || err != nil {
		t.Errorf("%d, %d bytes, %v", status, size, err)
	}
}

// Who does not read a request to its end may say why, and says of no success.
func TestDirectHearsWhoDoesNotListen(t *testing.T) {
	for _, c := range []struct {
		answer string
		status int
	}{{refused, http.StatusForbidden}, {fine, 0}} {
		at := raw(t, func(conn net.Conn, _ int) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, c.answer)
			}
		})
		if status, _, err := put(t.Context(), direct(t, at, nil, 0), long); status != c.status || (err == nil) != (status > 0) {
			t.Errorf("%d, %v; want %d", status, err, c.status)
		}
	}
}

func TestDirectTakesNoAnswerThatIsNone(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":            "",
		"words":              "what?\r\n\r\n",
		"half a head":        "HTTP/1.1 200 OK\r\nContent-Le",
		"half a body":        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx",
		"a head without end": "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 100),
		"a body without end": "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 100_000),
		"always continue":    strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10) + fine,
	} {
		at := raw(t, func(c net.Conn, _ int) { answering(c, answer) })
		if status, _, err := put(t.Context(), direct(t, at, nil, 0), []byte("x")); err == nil {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestNothingIsDirectPastAProxy(t *testing.T) {
	base := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy:3128"})}
	if _, ok := objectstore.NewTransport(base, 0).Direct(&url.URL{Scheme: "https", Host: "store"}); ok {
		t.Error("it goes around the proxy")
	}
}
