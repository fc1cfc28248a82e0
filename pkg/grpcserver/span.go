package grpcserver

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	rpccode "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// Headers are a call's metadata, as carriers of a trace.
type Headers metadata.MD

// Get implements propagation.TextMapCarrier.
func (h Headers) Get(key string) string {
	if values := metadata.MD(h).Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Set implements propagation.TextMapCarrier.
func (h Headers) Set(key, value string) { metadata.MD(h).Set(key, value) }

// Keys implements propagation.TextMapCarrier.
func (h Headers) Keys() []string {
	keys := make([]string, 0, len(h))
	for key := range h {
		keys = append(keys, key)
	}
	return keys
}

// beginSpan begins the span of a call, in the names of OpenTelemetry's conventions
// for RPC servers: "/igloo.housetable.v1.CommitService/Commit" without its slash.
func beginSpan(ctx context.Context, method string) (context.Context, trace.Span) {
	if !telemetry.Tracing() {
		return telemetry.Request(ctx, nil, method)
	}
	headers, _ := metadata.FromIncomingContext(ctx)
	ctx, span := telemetry.Request(ctx, Headers(headers), method[1:])
	if span.IsRecording() {
		span.SetAttributes(attribute.String("rpc.system.name", "grpc"), attribute.String("rpc.method", method[1:]),
			attribute.String("igloo.request_id", telemetry.RequestID(ctx)))
	}
	return ctx, span
}

// endSpan tells how a call ended, if it is a server's fault as an error.
func endSpan(span trace.Span, err error) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("rpc.response.status_code", rpccode.Code(status.Code(err)).String()))
	}
	switch code := status.Code(err); code {
	case codes.Unknown, codes.DeadlineExceeded, codes.Unimplemented, codes.Internal, codes.Unavailable, codes.DataLoss:
		telemetry.Fail(span, rpccode.Code(code).String())
	default: // what the caller asked for
	}
	span.End()
}
