// Package grpcserver owns how Igloo serves gRPC: what stands in front of every
// handler, on the wire and in process alike.
//
// It promises that every call has a request id and a deadline, that a panic
// costs one call, and that every error leaves as a status of package fault.
package grpcserver

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

const (
	// RequestIDKey carries the request id in a call's metadata.
	RequestIDKey = "x-request-id"
	// MaxMessageBytes bounds a message in either direction: a commit of 1,000
	// tables is well below.
	MaxMessageBytes = 8 << 20
	// StreamWindow is how many bytes of one call may be under way. It is fixed
	// because gRPC, where it looks for it by itself, sends a ping along with nearly
	// every short call.
	StreamWindow = 1 << 20
	// ConnectionWindow is the same for all calls that share a connection.
	ConnectionWindow = 4 << 20
	// callTimeout bounds a call whose caller set no deadline.
	callTimeout = 30 * time.Second
	// streamWorkers are goroutines that are kept for calls: one made for a call
	// spends a tenth of a short one growing its stack. More calls get their own.
	streamWorkers = 32
	// maxHeaderBytes bounds a call's metadata, of which a token is most.
	maxHeaderBytes = 64 << 10
	// handshakeTimeout bounds what a client may take until its first call.
	handshakeTimeout = 10 * time.Second
	// callsOfConnection are how many calls of one connection are under way; a client
	// with more waits by itself.
	callsOfConnection = 4096
	// connectionAge makes clients reconnect now and then, so that they find new replicas.
	connectionAge = 10 * time.Minute
)

// New makes a server for those whom who lets in, with the interceptors of Unary
// and Stream, health and reflection; its health says SERVING until SetHealth says otherwise.
func New(log *slog.Logger, who authn.Authenticator, options ...grpc.ServerOption) (*grpc.Server, *health.Server) {
	server := grpc.NewServer(append(standing(log, who), options...)...)
	state := health.NewServer()
	healthv1.RegisterHealthServer(server, state)
	reflection.Register(server)
	return server, state
}

// standing are the options of every server.
func standing(log *slog.Logger, who authn.Authenticator) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.UnaryInterceptor(Unary(log, authn.Unary(who))),
		grpc.StreamInterceptor(Stream(log, authn.Stream(who))),
		grpc.MaxRecvMsgSize(MaxMessageBytes),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.MaxConcurrentStreams(callsOfConnection),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: connectionAge, Time: time.Minute}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.InitialWindowSize(StreamWindow),
		grpc.InitialConnWindowSize(ConnectionWindow),
	}
}

// Unary is what stands in front of every handler, and of what knows who calls. An
// in-process channel uses it as well, so that a call means the same with and
// without a wire.
func Unary(log *slog.Logger, then grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (response any, err error) {
		ctx, span := beginSpan(telemetry.WithRequestID(ctx, incomingRequestID(ctx)), info.FullMethod)
		defer func() { endSpan(span, err) }()
		caller := ctx
		if _, bounded := ctx.Deadline(); !bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, callTimeout)
			defer cancel()
		}
		defer func() {
			if p := recover(); p != nil {
				log.ErrorContext(ctx, "panic", "method", info.FullMethod, "value", p, "stack", string(debug.Stack()))
				err = fault.Status(fmt.Errorf("panic in %s", info.FullMethod)).Err()
			}
		}()
		response, err = then(ctx, request, info, handler)
		if err == nil {
			return response, nil
		}
		return nil, answer(caller, log, info.FullMethod, err)
	}
}

// Stream is what stands in front of every handler of a stream, which lasts as
// long as its caller listens.
func Stream(log *slog.Logger, then grpc.StreamServerInterceptor) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		ctx := telemetry.WithRequestID(stream.Context(), incomingRequestID(stream.Context()))
		defer func() {
			if p := recover(); p != nil {
				log.ErrorContext(ctx, "panic", "method", info.FullMethod, "value", p, "stack", string(debug.Stack()))
				err = fault.Status(fmt.Errorf("panic in %s", info.FullMethod)).Err()
			}
		}()
		err = then(server, &contextStream{ServerStream: stream, ctx: ctx}, info, handler)
		if err == nil {
			return nil
		}
		return answer(ctx, log, info.FullMethod, err)
	}
}

// contextStream is a stream with a context of its own.
type contextStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // that is how gRPC hands it on
}

// Context carries the request id.
func (s *contextStream) Context() context.Context { return s.ctx }

// left says how the caller ended its own call, or nil while it listens. What is
// told the deadline itself, as a connection is, may notice it before the context.
func left(ctx context.Context) error {
	if deadline, has := ctx.Deadline(); has && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// answer logs an error that is our fault, once, and gives it its status. What
// failed because the caller left is nobody's fault.
func answer(ctx context.Context, log *slog.Logger, method string, err error) error {
	said := fault.Status(err)
	switch said.Code() {
	case codes.Internal, codes.Unknown, codes.DataLoss, codes.Unavailable:
		if ended := left(ctx); ended != nil {
			return status.FromContextError(ended).Err()
		}
		log.ErrorContext(ctx, "call failed", "method", method, "code", said.Code().String(), "error", err)
	default: // the caller's doing
	}
	return said.Err()
}

func incomingRequestID(ctx context.Context) string {
	if values := metadata.ValueFromIncomingContext(ctx, RequestIDKey); len(values) > 0 {
		return values[0]
	}
	return ""
}
