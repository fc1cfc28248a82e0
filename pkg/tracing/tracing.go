// Package tracing owns how a program sends its traces to an OpenTelemetry
// collector (OTLP).
//
// It promises that without an endpoint nothing is traced; that spans wait in a
// bounded queue, from which those that find it full are lost, so that a collector
// which is slow or away holds up no request; and that the end of the program waits
// for the last of them no longer than flushTimeout.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/igloo-catalog/igloo/pkg/buildinfo"
)

// flushTimeout bounds how long the end of a program waits for its last spans.
const flushTimeout = 5 * time.Second

// maxValue bounds the text of one attribute, in bytes: paths can be as long as headers.
const maxValue = 1024

// Tracer is what sends the traces of a process.
type Tracer struct {
	provider *sdktrace.TracerProvider
	ratio    *ratio
}

// Start begins to trace the process, under the name of its service, and tells log
// what cannot be sent. Without an endpoint the tracer does nothing. What OTEL_*
// variables say beside the settings holds: headers and certificates of the
// exporter, the sizes of its queue and batches, attributes of the resource.
func Start(ctx context.Context, settings Settings, service string, log *slog.Logger) (*Tracer, error) {
	if err := settings.Check(); err != nil {
		return nil, err
	}
	if settings.off() {
		return &Tracer{}, nil
	}
	described, err := describe(ctx, service)
	if err != nil {
		return nil, err
	}
	exporter, err := settings.exporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("trace-endpoint: %w", err)
	}
	sampled := newRatio(settings.SampleRatio)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(described), sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sampled)), sdktrace.WithRawSpanLimits(limits()),
	)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.Warn("traces cannot be sent", "error", err)
	}))
	otel.SetTextMapPropagator(propagation.TraceContext{})
	otel.SetTracerProvider(provider)
	return &Tracer{provider: provider, ratio: sampled}, nil
}

// describe says which process this is. What OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES say wins.
func describe(ctx context.Context, service string) (*resource.Resource, error) {
	described, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.namespace", "igloo"), attribute.String("service.name", service),
		attribute.String("service.version", buildinfo.Version()), attribute.String("service.instance.id", uuid.NewString()),
	), resource.WithHost(), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("describe the process to the collector: %w", err)
	}
	return described, nil
}

func limits() sdktrace.SpanLimits {
	l := sdktrace.NewSpanLimits()
	if l.AttributeValueLengthLimit < 0 {
		l.AttributeValueLengthLimit = maxValue
	}
	return l
}

// Change takes over how many of the traces that begin here newer settings want
// recorded, from now on. Where they go stays.
func (t *Tracer) Change(newer Settings) error {
	if err := newer.Check(); err != nil {
		return err
	}
	if t.ratio != nil {
		t.ratio.set(newer.SampleRatio)
	}
	return nil
}

// Close sends what is left, if that takes no longer than flushTimeout.
func (t *Tracer) Close() {
	if t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		otel.Handle(fmt.Errorf("the last traces: %w", err))
	}
}

// off reports whether nothing is to be traced.
func (s Settings) off() bool {
	return s.Endpoint == "" || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none"
}
