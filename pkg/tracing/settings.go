package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The protocols of OTLP, as OTEL_EXPORTER_OTLP_PROTOCOL spells them.
const (
	overGRPC = "grpc"
	overHTTP = "http/protobuf"
)

// tracesPath is where collectors take traces over HTTP.
const tracesPath = "/v1/traces"

// Settings are where traces go, and how many. OpenTelemetry's own variables say the
// same where Igloo's do not.
type Settings struct {
	Endpoint    string  `name:"trace-endpoint" env:"IGLOO_TRACE_ENDPOINT,OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,OTEL_EXPORTER_OTLP_ENDPOINT" help:"Send traces to the OpenTelemetry collector at this URL; without one nothing is traced. Spans that it does not take in time are lost, and hold up no request." placeholder:"http://HOST:PORT"`
	Protocol    string  `name:"trace-protocol" default:"http/protobuf" enum:"grpc,http/protobuf" env:"IGLOO_TRACE_PROTOCOL,OTEL_EXPORTER_OTLP_TRACES_PROTOCOL,OTEL_EXPORTER_OTLP_PROTOCOL" help:"Speak OTLP to the collector over this: grpc or http/protobuf."`
	SampleRatio float64 `name:"trace-sample-ratio" default:"1" live:"" env:"IGLOO_TRACE_SAMPLE_RATIO,OTEL_TRACES_SAMPLER_ARG" help:"Record this share of the traces that begin here; of those that callers began it is for them to say." allowed:"0 to 1"`
}

// Check refuses settings that cannot work. What is not well formed is not
// quoted: it may hold a password.
func (s Settings) Check() error {
	if !(s.SampleRatio >= 0 && s.SampleRatio <= 1) {
		return fmt.Errorf("trace-sample-ratio: found %v, allowed is 0 to 1", s.SampleRatio)
	}
	if s.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("trace-endpoint must be a URL: http://HOST:PORT, or https://HOST:PORT for TLS")
	}
	return nil
}

// exporter makes what speaks to the collector; it connects when it has to.
func (s Settings) exporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	if s.Protocol == overGRPC {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(s.Endpoint))
	}
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(endpoint.Path, tracesPath) {
		endpoint = endpoint.JoinPath(tracesPath)
	}
	return otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint.String()))
}
