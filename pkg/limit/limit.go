// Package limit owns how much callers may ask of a program: how many requests at
// once, how many a second each of them, how deep what they send.
//
// It promises that what is refused is refused before any work is done for it, with
// fault.Overloaded and a time to come again; that one caller's haste costs the
// others nothing but what is under way; and that what it remembers of callers is
// bounded.
package limit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// Settings are what an operator says of it. A zero RequestRate sets no limit; a
// zero ConcurrentRequests means DefaultConcurrent.
type Settings struct {
	RequestRate        float64 `env:"IGLOO_REQUEST_RATE" default:"0" live:"" help:"Answer at most this many HTTP requests a second of one caller, and a second's worth more at once; 0 sets no limit. Beyond, the answer is 429 with a Retry-After. Who says not who they are is told from others by their address. Each replica counts for itself." unit:"requests a second" allowed:"0 or more"`
	ConcurrentRequests int     `env:"IGLOO_CONCURRENT_REQUESTS" default:"2048" help:"Answer at most this many requests at once; the next are told 429 and to come again after a second. It bounds memory, so it goes with what the machine has." unit:"requests" allowed:"0 or more; 0 stands for the default"`
}

const (
	// DefaultConcurrent is well above what a machine works on at once, and bounds
	// what waits.
	DefaultConcurrent = 2048
	// rememberedCallers are how many callers' rates are known. Those that are
	// forgotten begin anew.
	rememberedCallers = 10_000
	// idle is how long a caller is remembered who asks nothing: by then all that was
	// taken is there again.
	idle = time.Minute
	// maxStreams are how many may be listened to at once, each of them for long.
	maxStreams = 1024
	// soon is when to come again if too much was under way.
	soon = time.Second
)

// Check refuses settings that cannot work.
func (s Settings) Check() error {
	if s.RequestRate < 0 || math.IsNaN(s.RequestRate) || s.ConcurrentRequests < 0 {
		return errors.New("request-rate and concurrent-requests must not be negative")
	}
	return nil
}

// Limits are those of one program, or of one of several services in it. They are
// safe for concurrent use.
type Limits struct {
	slots   chan struct{}
	streams chan struct{}
	rate    atomic.Uint64 // the bits of a rate.Limit
	callers *otter.Cache[string, *rate.Limiter]
	refused metric.Int64Counter
}

// New makes limits, and tells meter what they refuse.
func (s Settings) New(meter metric.Meter) (*Limits, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.ConcurrentRequests == 0 {
		s.ConcurrentRequests = DefaultConcurrent
	}
	callers, err := otter.New(&otter.Options[string, *rate.Limiter]{
		MaximumSize: rememberedCallers, ExpiryCalculator: otter.ExpiryAccessing[string, *rate.Limiter](idle),
	})
	if err != nil {
		return nil, fmt.Errorf("remember callers: %w", err)
	}
	l := &Limits{slots: make(chan struct{}, s.ConcurrentRequests), streams: make(chan struct{}, maxStreams), callers: callers}
	l.rate.Store(math.Float64bits(s.RequestRate))
	i := telemetry.NewInstruments(meter)
	l.refused = i.Int64Counter("igloo.limit.refusals", "{request}", "Requests that were refused before any work, by the limit that they met.")
	i.Int64ObservableGauge("igloo.limit.callers", "{caller}", "Callers whose rate is remembered.",
		telemetry.Observed(func() int64 { return int64(callers.EstimatedSize()) }))
	if err := i.Err(); err != nil {
		return nil, fmt.Errorf("measure limits: %w", err)
	}
	for _, met := range []metric.MeasurementOption{byRate, byConcurrency} {
		l.refused.Add(context.Background(), 0, met)
	}
	return l, nil
}

var (
	byRate        = metric.WithAttributes(attribute.String("limit", "rate"))
	byConcurrency = metric.WithAttributes(attribute.String("limit", "concurrency"))
)

// Refuse answers a request that is not let in.
type Refuse func(http.ResponseWriter, *http.Request, error)

// Guard lets requests through that are within the limits, by whoever asks: it
// stands behind what finds that out.
func (l *Limits) Guard(next http.Handler, refuse Refuse) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := l.take(r); err != nil {
			refuse(w, r, err)
			return
		}
		leave, err := l.enter(r.Context(), l.slots)
		if err != nil {
			refuse(w, r, err)
			return
		}
		defer leave()
		next.ServeHTTP(w, r)
	})
}

// Refusals are answered by refuse, and count against the address of those who
// could not say who they are: whoever guesses tokens gets fewer and fewer answers.
func (l *Limits) Refusals(refuse Refuse) Refuse {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if fault.KindOf(err) == fault.Unauthenticated {
			if hasty := l.take(r); hasty != nil {
				w.Header().Del("WWW-Authenticate")
				err = hasty
			}
		}
		refuse(w, r, err)
	}
}

// health is asked by orchestrators, who shall hear of no load.
const health = "/grpc.health.v1.Health/"

// Unary bounds the calls that are answered at once; a rate they have none, as they
// come from services, which have callers of their own.
func (l *Limits) Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if strings.HasPrefix(info.FullMethod, health) {
		return handler(ctx, request)
	}
	leave, err := l.enter(ctx, l.slots)
	if err != nil {
		return nil, err
	}
	defer leave()
	return handler(ctx, request)
}

// Stream bounds the streams that are open at once, beside the calls.
func (l *Limits) Stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if strings.HasPrefix(info.FullMethod, health) {
		return handler(server, stream)
	}
	leave, err := l.enter(stream.Context(), l.streams)
	if err != nil {
		return err
	}
	defer leave()
	return handler(server, stream)
}

// Interceptors are the options of a gRPC server that keeps the limits.
func (l *Limits) Interceptors() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.ChainUnaryInterceptor(l.Unary), grpc.ChainStreamInterceptor(l.Stream)}
}

// enter takes a slot, which leave gives back.
func (l *Limits) enter(ctx context.Context, slots chan struct{}) (leave func(), err error) {
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	default:
		l.refused.Add(ctx, 1, byConcurrency)
		return nil, later(soon, "%d requests are under way, which is as many as may be", cap(slots))
	}
}

// take takes one request of what its caller may ask.
func (l *Limits) take(r *http.Request) error {
	most := math.Float64frombits(l.rate.Load())
	if most == 0 {
		return nil
	}
	burst := max(1, int(math.Ceil(most)))
	limiter, _ := l.callers.ComputeIfAbsent(caller(r), func() (*rate.Limiter, bool) {
		return rate.NewLimiter(rate.Limit(most), burst), false
	})
	if limiter.Limit() != rate.Limit(most) {
		limiter.SetLimit(rate.Limit(most))
		limiter.SetBurst(burst)
	}
	if limiter.Allow() {
		return nil
	}
	l.refused.Add(r.Context(), 1, byRate)
	wait := time.Duration(float64(time.Second) / most)
	return later(max(wait, soon), "you have asked more than %g requests a second, which is what one caller may", most)
}

// Change takes over the rate that newer settings allow one caller, from now on. How
// many requests may be under way stays.
func (l *Limits) Change(newer Settings) error {
	if err := newer.Check(); err != nil {
		return err
	}
	l.rate.Store(math.Float64bits(newer.RequestRate))
	return nil
}

func later(after time.Duration, format string, args ...any) error {
	e := fault.New(fault.Overloaded, format, args...)
	e.RetryAfter = after
	return e
}

// caller tells callers from one another: by principal, else by address.
func caller(r *http.Request) string {
	if who := authn.From(r.Context()); who.Subject != "" {
		return who.Principal()
	}
	return host(r.RemoteAddr)
}

// host is the address that somebody comes from. Who has one of version 6 has a
// whole network of them (RFC 6177), of 64 bits at least.
func host(remote string) string {
	name, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	address, err := netip.ParseAddr(name)
	if err != nil {
		return name
	}
	if address = address.Unmap().WithZone(""); address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(64)
	if err != nil {
		return name
	}
	return network.String()
}
