package objectstore_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

func get(ctx context.Context, d *objectstore.Direct, limit int64) (status int, body []byte, err error) {
	return d.Get(ctx, []byte("GET /x HTTP/1.1\r\nHost: store\r\n\r\n"), limit)
}

// What is asked for comes as a whole, and its connection is used again where that is known.
func TestDirectGetsWhatIsThere(t *testing.T) {
	much := strings.Repeat("x", 100_000)
	for name, c := range map[string]struct {
		answer string
		status int
		body   string
		again  bool
	}{
		"nothing":   {fine, 200, "", true},
		"something": {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc", true},
		"much":      {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + much, 200, much, true},
		"chunked":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, "abcde", true},
		"refused":   {"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nabc", 403, "", true},
		"two":       {fine + refused, 200, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			for scheme, serve := range map[string]func(net.Conn, ...string){"http": answering, "https": secured(t)} {
				var connections atomic.Int64
				at := raw(t, func(conn net.Conn, n int) {
					connections.Add(1)
					switch {
					case n > 1:
						serve(conn, fine)
					case c.again:
						serve(conn, c.answer, fine)
					default:
						serve(conn, c.answer)
					}
				})
				d := direct(t, scheme+strings.TrimPrefix(at, "http"), trusting(t), 0)
				status, body, err := get(t.Context(), d, 1<<20)
				if status != c.status || string(body) != c.body || err != nil {
					t.Errorf("%s: %d, %d bytes, %v", scheme, status, len(body), err)
				}
				_, _, err = get(t.Context(), d, 1<<20)
				if again := connections.Load() == 1; again != c.again || err != nil {
					t.Errorf("%s: used again: %t, %v", scheme, again, err)
				}
			}
		})
	}
}

// No more is taken than the limit, whatever the server says, and no part for the whole.
func TestDirectGetsAllOrNothing(t *testing.T) {
	const limit = 100_000
	much := strings.Repeat("x", 3*limit)
	for name, c := range map[string]struct {
		answer   string
		tooLarge bool
	}{
		"too much":          {"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + much, true},
		"too much, untold":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n" + much, true},
		"until the end":     {"HTTP/1.0 200 OK\r\n\r\nabc", false},
		"cut off":           {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", false},
		"refused at length": {"HTTP/1.1 403 No\r\nContent-Length: 100000\r\n\r\n" + much[:limit], false},
		"no answer":         {"", false},
		"a long head":       {"HTTP/1.1 200 OK\r\nX: " + much[:limit] + "\r\nContent-Length: 0\r\n\r\n", false},
	} {
		at := raw(t, func(conn net.Conn, _ int) { answering(conn, c.answer) })
		_, body, err := get(t.Context(), direct(t, at, nil, 0), limit)
		if err == nil || fault.Is(err, fault.TooLarge) != c.tooLarge || !bytes.Equal(body, nil) {
			t.Errorf("%s: %d bytes, %v", name, len(body), err)
		}
	}
}
