package grpcclient

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"
	rpccode "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// InProcess is a connection to services in this process, whose calls carry what
// those over the wire do. Streams it passes as they are.
func InProcess(conn grpc.ClientConnInterface) grpc.ClientConnInterface { return inProcess{conn} }

type inProcess struct{ grpc.ClientConnInterface }

// Invoke implements grpc.ClientConnInterface.
func (p inProcess) Invoke(ctx context.Context, method string, request, reply any, options ...grpc.CallOption) error {
	return traced(withRequestID(ctx), method, func(ctx context.Context) error {
		return p.ClientConnInterface.Invoke(ctx, method, request, reply, options...)
	})
}

// trace makes every call a part of the trace of its context.
func trace(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	return traced(ctx, method, func(ctx context.Context) error { return invoke(ctx, method, request, reply, conn, options...) })
}

// traced is a call in the names of OpenTelemetry's conventions for RPC clients.
func traced(ctx context.Context, method string, call func(context.Context) error) error {
	if !telemetry.Tracing() {
		return call(ctx)
	}
	ctx, span := telemetry.Part(ctx, method[1:], oteltrace.SpanKindClient)
	defer span.End()
	headers, _ := metadata.FromOutgoingContext(ctx) // a copy
	if headers == nil {
		headers = metadata.MD{}
	}
	telemetry.Carry(ctx, grpcserver.Headers(headers))
	err := call(metadata.NewOutgoingContext(ctx, headers))
	if !span.IsRecording() {
		return err
	}
	code := rpccode.Code(status.Code(err)).String()
	span.SetAttributes(attribute.String("rpc.system.name", "grpc"), attribute.String("rpc.method", method[1:]),
		attribute.String("rpc.response.status_code", code))
	if status.Code(err) != codes.OK {
		telemetry.Fail(span, code)
	}
	return err
}
