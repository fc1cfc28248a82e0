package limit_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/limit"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
)

// slow is so low a rate that nothing is added to it while a test runs.
const slow = 0.001

func limits(t *testing.T, s limit.Settings) (*limit.Limits, *telemetry.Meters) {
	t.Helper()
	meters, err := telemetry.NewMeters()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = meters.Close() })
	l, err := s.New(meters.Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	return l, meters
}

func refuse(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, fault.Shown(err), fault.KindOf(err).HTTPStatus())
}

// ask is the status that somebody is answered with: a principal, from an address.
func ask(t *testing.T, h http.Handler, principal, address string) int {
	t.Helper()
	ctx := t.Context()
	if principal != "" {
		ctx = authn.With(ctx, authn.Identity{Issuer: "corp", Subject: principal})
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	r.RemoteAddr = address
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// TestRateIsEachCallers: who asks too much is told so, and nobody else is. Principals
// are told from one another wherever they are; others by their address.
func TestRateIsEachCallers(t *testing.T) {
	l, meters := limits(t, limit.Settings{RequestRate: slow})
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	h := l.Guard(ok, refuse)
	for _, c := range []struct {
		principal, address string
		status             int
	}{
		{"alice", "10.0.0.1:1", 200},
		{"alice", "10.0.0.2:1", 429},
		{"bob", "10.0.0.1:1", 200},
		{"", "10.0.0.1:1", 200},
		{"", "10.0.0.1:2", 429},
		{"", "[::ffff:10.0.0.1]:1", 429},
		{"", "10.0.0.2:1", 200},
		{"", "[2001:db8::1]:1", 200},
		{"", "[2001:db8::ffff:2]:1", 429},
		{"", "[2001:db8:0:1::1]:1", 200},
	} {
		if status := ask(t, h, c.principal, c.address); status != c.status {
			t.Errorf("%q from %s: %d, want %d", c.principal, c.address, status, c.status)
		}
	}
	if n := telemetrytest.Read(t, telemetry.Scrape(meters)).Sum("igloo_limit_refusals_total", "limit", "rate"); n != 4 {
		t.Errorf("%v refusals were counted", n)
	}
}

// TestGuessingIsSlow: answers to tokens that are no good are counted by address.
func TestGuessingIsSlow(t *testing.T) {
	l, _ := limits(t, limit.Settings{RequestRate: slow})
	by := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.Refusals(refuse)(w, r, fault.New(fault.Unauthenticated, "no"))
	})
	for _, c := range []struct {
		address string
		status  int
	}{{"10.0.0.1:1", 401}, {"10.0.0.1:1", 429}, {"10.0.0.2:1", 401}} {
		if status := ask(t, by, "", c.address); status != c.status {
			t.Errorf("%s: %d, want %d", c.address, status, c.status)
		}
	}
}

// TestCallersAreForgotten: of more callers than are remembered none is refused what
// it may, and the memory of them does not grow with their number.
func TestCallersAreForgotten(t *testing.T) {
	l, meters := limits(t, limit.Settings{RequestRate: slow})
	h := l.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), refuse)
	for i := range 20_000 {
		if status := ask(t, h, fmt.Sprint(i), ""); status != 200 {
			t.Fatalf("caller %d: %d", i, status)
		}
	}
	if n := telemetrytest.Read(t, telemetry.Scrape(meters)).Sum("igloo_limit_callers"); n > 11_000 || n == 0 {
		t.Errorf("%v callers are remembered", n)
	}
}

// TestRequestsAtOnce: what is too much is refused at once, over HTTP and gRPC
// together, and let in again when something has ended.
func TestRequestsAtOnce(t *testing.T) {
	l, meters := limits(t, limit.Settings{ConcurrentRequests: 2})
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan int)
	h := l.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		begun <- struct{}{}
		<-end
		_, _ = io.WriteString(w, "done")
	}), refuse)
	call := func(method string) error {
		_, err := l.Unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: method}, func(context.Context, any) (any, error) { return "done", nil })
		return err
	}
	for range 2 {
		go func() { ended <- ask(t, h, "", "") }()
		<-begun
	}
	if status := ask(t, h, "", ""); status != 429 {
		t.Errorf("the third: %d", status)
	}
	if err := call("/a/B"); !fault.Is(err, fault.Overloaded) || !strings.Contains(err.Error(), "2 requests") {
		t.Errorf("a call: %v", err)
	}
	if err := call("/grpc.health.v1.Health/Check"); err != nil {
		t.Errorf("health: %v", err)
	}
	end <- struct{}{}
	if status := <-ended; status != 200 {
		t.Errorf("the first: %d", status)
	}
	if err := call("/a/B"); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	close(end)
	<-ended
	if n := telemetrytest.Read(t, telemetry.Scrape(meters)).Sum("igloo_limit_refusals_total", "limit", "concurrency"); n != 2 {
		t.Errorf("%v refusals were counted", n)
	}
}

// TestStreamsAtOnce: streams are bounded by themselves, and leave room for calls.
func TestStreamsAtOnce(t *testing.T) {
	l, _ := limits(t, limit.Settings{ConcurrentRequests: 1})
	end, ended := make(chan struct{}), make(chan error)
	begun := make(chan struct{})
	open := func(then grpc.StreamHandler) error {
		return l.Stream(nil, stream{t.Context()}, &grpc.StreamServerInfo{FullMethod: "/a/Watch"}, then)
	}
	const most = 1024
	for range most {
		go func() {
			ended <- open(func(any, grpc.ServerStream) error { begun <- struct{}{}; <-end; return nil })
		}()
		<-begun
	}
	quick := func(any, grpc.ServerStream) error { return nil }
	if err := open(quick); !fault.Is(err, fault.Overloaded) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := l.Unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/a/B"}, func(context.Context, any) (any, error) { return "done", nil }); err != nil {
		t.Errorf("a call beside them: %v", err)
	}
	close(end)
	for range most {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := open(quick); err != nil {
		t.Errorf("after they have ended: %v", err)
	}
}

// stream is one of which nothing is asked but its context.
type stream struct{ ctx context.Context } //nolint:containedctx // that is how gRPC hands it on

func (s stream) Context() context.Context   { return s.ctx }
func (stream) SetHeader(metadata.MD) error  { return nil }
func (stream) SendHeader(metadata.MD) error { return nil }
func (stream) SetTrailer(metadata.MD)       {}
func (stream) SendMsg(any) error            { return nil }
func (stream) RecvMsg(any) error            { return io.EOF }

func TestDepth(t *testing.T) {
	nested := func(open, end string, n int) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	for text, deep := range map[string]bool{
		"": false, "{}": false, "not JSON": false,
		nested("[", "]", limit.MaxDepth):                 false,
		nested("[", "]", limit.MaxDepth+1):               true,
		nested(`{"a":`, "}", limit.MaxDepth+1):           true,
		strings.Repeat("[],", 10*limit.MaxDepth):         false,
		`"` + nested("[", "]", 2*limit.MaxDepth) + `"`:   false,
		`"\"` + nested("[", "]", 2*limit.MaxDepth) + `"`: false,
		`"\\"` + nested("[", "]", 2*limit.MaxDepth):      true,
		`"` + nested("[", "]", 2) + `\`:                  false,
		nested("[", "", limit.MaxDepth+1):                true,
	} {
		if err := limit.Depth([]byte(text)); (err != nil) != deep || (err != nil && !fault.Is(err, fault.Invalid)) {
			t.Errorf("%.20q… of %d bytes: %v", text, len(text), err)
		}
	}
}

func BenchmarkDepth(b *testing.B) {
	data := []byte(`{"a":[` + strings.Repeat(`{"name":"value, \"quoted\"","id":12345},`, 10_000) + `{}]}`)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := limit.Depth(data); err != nil {
			b.Fatal(err)
		}
	}
}
