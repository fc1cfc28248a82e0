// Package grpcclient owns how Igloo's services call one another.
//
// It promises that a call carries the request id and the trace of its context, on
// the wire and in process alike, and that nothing is retried here: whether a call may go again is for its caller to know.
package grpcclient

import (
	"context"
	"fmt"
	"time"

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
// is first used.
func Dial(target string, further ...grpc.DialOption) (*grpc.ClientConn, error) {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(sendRequestID, trace),
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
	conn, err := grpc.NewClient("dns:///"+target, append(options, further...)...)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", target, err)
	}
	return conn, nil
}

// sendRequestID makes every call carry the request id of its context.
func sendRequestID(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	return invoke(withRequestID(ctx), method, request, reply, conn, options...)
}

func withRequestID(ctx context.Context) context.Context {
	if id := telemetry.RequestID(ctx); id != "" {
		return metadata.AppendToOutgoingContext(ctx, grpcserver.RequestIDKey, id)
	}
	return ctx
}
