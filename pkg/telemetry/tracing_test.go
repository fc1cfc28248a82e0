package telemetry_test

import (
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

func TestTracingIsOnWhenAProviderIsSet(t *testing.T) {
	if telemetry.Tracing() {
		t.Fatal("on, and nobody has set a provider")
	}
	before := otel.GetTracerProvider()
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	otel.SetTracerProvider(noop.NewTracerProvider())
	if !telemetry.Tracing() {
		t.Fatal("off, and a provider is set")
	}
}
