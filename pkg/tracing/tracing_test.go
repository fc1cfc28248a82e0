package tracing_test

import (
	"log/slog"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/igloo-catalog/igloo/pkg/otlptest"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/tracing"
)

func start(t *testing.T, s tracing.Settings) *tracing.Tracer {
	t.Helper()
	before := otel.GetTracerProvider()
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	tracer, err := tracing.Start(t.Context(), s, "service", slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

func TestNothingIsTracedWithoutAnEndpoint(t *testing.T) {
	tracer := start(t, tracing.Settings{SampleRatio: 1})
	t.Setenv("OTEL_SDK_DISABLED", "true")
	start(t, tracing.Settings{Endpoint: "http://127.0.0.1:1", SampleRatio: 1}).Close()
	if telemetry.Tracing() {
		t.Error("the process is traced")
	}
	if err := tracer.Change(tracing.Settings{SampleRatio: 1}); err != nil {
		t.Error(err)
	}
	tracer.Close()
}

// TestTheLastSpansAreSent over both protocols, and no more than are sampled.
func TestTheLastSpansAreSent(t *testing.T) {
	c := otlptest.New(t)
	for protocol, endpoint := range map[string]string{"grpc": c.GRPC, "http/protobuf": c.HTTP} {
		tracer := start(t, tracing.Settings{Endpoint: endpoint, Protocol: protocol})
		unwanted := request(t)
		if err := tracer.Change(tracing.Settings{SampleRatio: 1}); err != nil {
			t.Error(err)
		}
		wanted := request(t)
		tracer.Close()
		if n := len(c.Trace(wanted)); n != 1 {
			t.Errorf("%s: %d spans", protocol, n)
		}
		if n := len(c.Trace(unwanted)); n != 0 {
			t.Errorf("%s: %d spans of what is not sampled", protocol, n)
		}
	}
}

// request is the trace of a request that went by.
func request(t *testing.T) string {
	t.Helper()
	_, span := telemetry.Request(t.Context(), propagation.MapCarrier{}, "GET")
	span.End()
	return span.SpanContext().TraceID().String()
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	for name, s := range map[string]tracing.Settings{
		"trace-endpoint":     {Endpoint: "secret@collector:4317"},
		"trace-sample-ratio": {SampleRatio: 1.5},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
