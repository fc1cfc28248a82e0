package grpcserver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	rpccode "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// callBounds are those of the histogram of calls, in seconds.
var callBounds = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// series is a method with how its calls ended: methods are those that are served.
type series struct {
	method string
	code   codes.Code
}

// Measure makes an interceptor that tells meter of calls, in the names of
// OpenTelemetry's conventions for RPC servers.
func Measure(meter metric.Meter) (grpc.UnaryServerInterceptor, error) {
	i := telemetry.NewInstruments(meter)
	duration := i.Float64Histogram("rpc.server.call.duration", "s", "How long calls that were let in took, by method and status.", callBounds)
	if err := i.Err(); err != nil {
		return nil, fmt.Errorf("measure calls: %w", err)
	}
	var known sync.Map // of series to the options of their records
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		began := time.Now()
		response, err := handler(ctx, request)
		of := series{info.FullMethod, fault.Status(err).Code()}
		options, made := known.Load(of)
		if !made {
			options, _ = known.LoadOrStore(of, of.options())
		}
		duration.Record(ctx, time.Since(began).Seconds(), options.([]metric.RecordOption)...)
		return response, err
	}, nil
}

func (s series) options() []metric.RecordOption {
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("rpc.system.name", "grpc"),
		attribute.String("rpc.method", s.method[1:]), attribute.String("rpc.response.status_code", rpccode.Code(s.code).String())))}
}

// Chain makes one interceptor of two: first, and then what it lets in.
func Chain(first, then grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		return first(ctx, request, info, func(ctx context.Context, request any) (any, error) { return then(ctx, request, info, handler) })
	}
}
