package hts

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	rpccode "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// callBounds are those of the histogram of calls, in seconds.
var callBounds = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// results holds what a record of each status is made with.
type results [codes.Unauthenticated + 1][]metric.RecordOption

// measured is a connection that tells of the calls made on it.
type measured struct {
	grpc.ClientConnInterface

	duration metric.Float64Histogram
	methods  map[string]*results
}

// Measure makes a connection tell of its calls, in the names of OpenTelemetry's
// conventions for RPC clients. Streams, of which the catalog has none, it passes.
func Measure(conn grpc.ClientConnInterface, meter metric.Meter) (grpc.ClientConnInterface, error) {
	i := telemetry.NewInstruments(meter)
	duration := i.Float64Histogram("rpc.client.call.duration", "s", "How long calls to the house table service took, by method and status.", callBounds)
	m := &measured{ClientConnInterface: conn, duration: duration, methods: map[string]*results{}}
	for _, service := range []grpc.ServiceDesc{
		htsv1.WarehouseService_ServiceDesc, htsv1.NamespaceService_ServiceDesc, htsv1.TableService_ServiceDesc, htsv1.CommitService_ServiceDesc,
		htsv1.ReportService_ServiceDesc,
	} {
		for _, method := range service.Methods {
			m.prepare(service.ServiceName + "/" + method.MethodName)
		}
	}
	return m, i.Err()
}

func (m *measured) prepare(method string) {
	all := &results{}
	for code := range all {
		set := attribute.NewSet(attribute.String("rpc.system.name", "grpc"), attribute.String("rpc.method", method),
			attribute.String("rpc.response.status_code", rpccode.Code(code).String()))
		all[code] = []metric.RecordOption{metric.WithAttributeSet(set)}
	}
	m.methods["/"+method] = all
}

// Invoke implements grpc.ClientConnInterface.
func (m *measured) Invoke(ctx context.Context, method string, request, answer any, options ...grpc.CallOption) error {
	began := time.Now()
	err := m.ClientConnInterface.Invoke(ctx, method, request, answer, options...)
	if all, known := m.methods[method]; known {
		m.duration.Record(ctx, time.Since(began).Seconds(), all[min(status.Code(err), codes.Unauthenticated)]...)
	}
	return err
}
