package audit

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// Options make a server have a line written for calls, of which it is known by
// then who makes them and under which id. A nil Log leaves them alone.
func (l *Log) Options() []grpc.ServerOption {
	if l == nil {
		return nil
	}
	return []grpc.ServerOption{grpc.ChainUnaryInterceptor(l.unary), grpc.ChainStreamInterceptor(l.stream)}
}

func (l *Log) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	e := l.begin(ctx, info.FullMethod)
	e.who(authn.From(ctx), behalf(request))
	response, err := handler(with(ctx, e), request)
	l.answered(ctx, e, err)
	return response, err
}

func (l *Log) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	e := l.begin(stream.Context(), info.FullMethod)
	e.who(authn.From(stream.Context()), "")
	err := handler(server, &noted{stream, with(stream.Context(), e)})
	l.answered(stream.Context(), e, err)
	return err
}

// noted is a stream with an entry.
type noted struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // that is how gRPC hands it on
}

// Context has the entry.
func (n *noted) Context() context.Context { return n.ctx }

func (l *Log) begin(ctx context.Context, method string) *Entry {
	e := &Entry{began: time.Now(), changes: !reads(method)}
	e.line.RequestID, e.line.Operation = telemetry.RequestID(ctx), short(method)
	address := ""
	if from, known := peer.FromContext(ctx); known {
		address = from.Addr.String()
	}
	e.line.Remote, e.line.Via = l.remote(address, metadata.ValueFromIncomingContext(ctx, strings.ToLower(forwardedFor)))
	return e
}

func (l *Log) answered(ctx context.Context, e *Entry, err error) {
	e.mu.Lock()
	e.line.Code = fault.Status(err).Code().String()
	e.err = err
	e.mu.Unlock()
	l.tell(ctx, e)
}

// Adopt makes a call in process, which is made for a request, part of its entry.
func Adopt(ctx, caller context.Context, method string, request any) context.Context {
	e := From(caller)
	if e == nil {
		return ctx
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.line.Operation, e.changes = short(method), e.changes && (e.questioned || !reads(method))
	e.line.RequestID = telemetry.RequestID(ctx)
	e.who(authn.From(caller), behalf(request))
	return with(ctx, e)
}

// short is a method without its package: "CommitService/Commit".
func short(method string) string { return method[strings.LastIndexByte(method, '.')+1:] }

// behalf is for whom a call is made, as it says itself.
func behalf(request any) string {
	if r, says := request.(interface {
		GetPrincipal() string
		GetRequestId() string
	}); says {
		return r.GetPrincipal()
	}
	return ""
}

// readers are what the names of methods begin with that change nothing of what
// people see: they read, or are what services do by themselves.
var readers = []string{
	"Get", "BatchGet", "List", "Query", "Page", "Watch", "Follow", "Explain", "Probe", "Check", "Ack", "Record", "ServerReflection",
	"Claim", "Heartbeat", "Transition", "Hold",
}

func reads(method string) bool {
	name := method[strings.LastIndexByte(method, '/')+1:]
	for _, prefix := range readers {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.HasPrefix(method, "/grpc.")
}
