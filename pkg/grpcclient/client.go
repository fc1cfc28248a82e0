// Package grpcclient owns how Igloo's services call one another.
//
// It promises that a call carries the request id and the trace of its context, on
// the wire and in process alike, and that nothing is retried here: whether a call may go again is for its caller to know.
package grpcclient

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// Dial makes a client connection to target, which is "host:port", with all addresses that
// the name has, or several of them, each one server, with commas between; it connects when
// it is first used.
func Dial(target string, further ...grpc.DialOption) (*grpc.ClientConn, error) {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(sendRequestID, trace),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"` + balancing + `":{}}]}`),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(grpcserver.MaxMessageBytes)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 5 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 2 * time.Second,
		}),
		grpc.WithInitialWindowSize(grpcserver.StreamWindow),
		grpc.WithInitialConnWindowSize(grpcserver.ConnectionWindow),
	}
	scheme := "dns"
	if several := strings.Split(target, ","); len(several) > 1 {
		all := listed(several)
		scheme, options = all.Scheme(), append(options, grpc.WithResolvers(all), grpc.WithNoProxy())
	}
	conn, err := grpc.NewClient(scheme+":///"+target, append(options, further...)...)
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
