package audit

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// forwardedFor is the header in which proxies say for whom they ask.
const forwardedFor = "X-Forwarded-For"

// Handler has a line written for requests, of which it is known by now who makes
// them and under which id. A nil Log leaves them alone.
func (l *Log) Handler(next http.Handler) http.Handler {
	if l == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &Entry{began: time.Now()}
		e.line.RequestID = telemetry.RequestID(r.Context())
		e.line.Operation = r.Method
		e.changes = r.Method != http.MethodGet && r.Method != http.MethodHead
		e.who(authn.From(r.Context()), "")
		e.line.Remote, e.line.Via = l.remote(r.RemoteAddr, r.Header.Values(forwardedFor))
		status := &status{ResponseWriter: w}
		defer func() {
			e.answered(status.code)
			l.tell(r.Context(), e)
		}()
		next.ServeHTTP(status, r.WithContext(with(r.Context(), e)))
		if status.code == 0 {
			status.code = http.StatusOK // as net/http says then
		}
	})
}

// answered notes the status: none is of a handler that has panicked, which is
// answered further out.
func (e *Entry) answered(code int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if code == 0 {
		code, e.err = http.StatusInternalServerError, errPanic
	}
	e.line.Status = code
}

var errPanic = errors.New("panic")

// status notes with what a request was answered; 0 when it was not.
type status struct {
	http.ResponseWriter

	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
	}
	s.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (s *status) Write(p []byte) (int, error) {
	if s.code == 0 {
		s.code = http.StatusOK
	}
	return s.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// remote is who asks: the peer, or for whom it says that it asks, as far as the
// chain is of proxies that are trusted; and the peer as well when that is another.
func (l *Log) remote(peer string, forwarded []string) (remote, via string) {
	remote = hostOf(peer)
	var chain []string
	if len(forwarded) > 0 {
		chain = strings.Split(strings.Join(forwarded, ","), ",")
	}
	for _, hop := range slices.Backward(chain) {
		hop = strings.TrimSpace(hop)
		if _, err := netip.ParseAddr(hop); err != nil || !l.trusts(remote) {
			break
		}
		remote, via = hop, hostOf(peer)
	}
	return remote, via
}

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

func (l *Log) trusts(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(l.proxies, func(p netip.Prefix) bool { return p.Contains(addr.Unmap().WithZone("")) })
}
