package telemetry

import "go.opentelemetry.io/otel"

// unset is what OpenTelemetry hands out as long as nobody has set anything.
var unset = otel.GetTracerProvider()

// Tracing reports whether the process has set a tracer provider. Without one
// nothing is looked for in a request, and nothing noted.
func Tracing() bool { return otel.GetTracerProvider() != unset }
