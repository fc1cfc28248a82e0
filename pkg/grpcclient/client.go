// Package grpcclient owns how Igloo's services call one another.
//
// It promises that a call carries the request id of its context, and that
// nothing is retried here: whether a call may go again is for its caller to know.
package grpcclient

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// roundRobin spreads calls over all addresses that the target's name has.
const roundRobin = `{"loadBalancingConfig":[{"round_robin":{}}]}`

// Dial makes a client connection to target ("host:port"); it connects when it
// is first used. Its calls are traced if the process has a tracer provider by now.
func Dial(target string, further ...grpc.DialOption) (*grpc.ClientConn, error) {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(SendRequestID),
		grpc.WithDefaultServiceConfig(roundRobin),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(grpcserver.MaxMessageBytes)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 5 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 2 * time.Second,
		}),
		grpc.WithInitialWindowSize(grpcserver.StreamWindow),
		grpc.WithInitialConnWindowSize(grpcserver.ConnectionWindow),
	}
	if telemetry.Tracing() {
		options = append(options, grpc.WithStatsHandler(otelgrpc.NewClientHandler()))
	}
	conn, err := grpc.NewClient("dns:///"+target, append(options, further...)...)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", target, err)
	}
	return conn, nil
}

// SendRequestID makes every call carry the request id of its context. An
// in-process channel uses it as well.
func SendRequestID(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if id := telemetry.RequestID(ctx); id != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, grpcserver.RequestIDKey, id)
	}
	return invoke(ctx, method, request, reply, conn, options...)
}
