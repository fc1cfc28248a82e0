package telemetry_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// record is where the spans of a test go.
func record(t *testing.T) *tracetest.SpanRecorder {
	t.Helper()
	before, carrying, seen := otel.GetTracerProvider(), otel.GetTextMapPropagator(), tracetest.NewSpanRecorder()
	t.Cleanup(func() { otel.SetTracerProvider(before); otel.SetTextMapPropagator(carrying) })
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(seen)))
	otel.SetTextMapPropagator(propagation.TraceContext{})
	return seen
}

func TestOnlyRequestsHaveParts(t *testing.T) {
	seen := record(t)
	if _, span := telemetry.Part(t.Context(), "alone", trace.SpanKindClient); span.IsRecording() {
		t.Error("what nobody asked for is traced")
	}
	ctx, request := telemetry.Request(t.Context(), propagation.MapCarrier{}, "request")
	_, part := telemetry.Part(ctx, "part", trace.SpanKindClient)
	carried := propagation.MapCarrier{}
	telemetry.Carry(ctx, carried)
	_, beyond := telemetry.Request(t.Context(), carried, "beyond")
	for _, span := range []trace.Span{part, request, beyond} {
		span.End()
	}
	for _, span := range seen.Ended() {
		if span.Name() != "request" && span.Parent().SpanID() != request.SpanContext().SpanID() {
			t.Errorf("%s is a part of %v", span.Name(), span.Parent())
		}
	}
	if len(seen.Ended()) != 3 {
		t.Errorf("%d spans", len(seen.Ended()))
	}
}

// TestWhatGoesTogetherIsFoundFromEach: several requests, of which one is not traced.
func TestWhatGoesTogetherIsFoundFromEach(t *testing.T) {
	seen := record(t)
	first, one := telemetry.Request(t.Context(), propagation.MapCarrier{}, "one")
	second, two := telemetry.Request(t.Context(), propagation.MapCarrier{}, "two")
	requests := []trace.SpanContext{telemetry.Traced(t.Context()), telemetry.Traced(first), telemetry.Traced(second)}
	ctx, batch := telemetry.Together(context.Background(), "batch", requests)
	_, part := telemetry.Part(ctx, "part", trace.SpanKindClient)
	part.End()
	batch.End()
	telemetry.Join(second, "wait", time.Now(), batch.SpanContext())
	telemetry.Join(t.Context(), "nobody's", time.Now(), batch.SpanContext())
	one.End()
	two.End()
	for _, span := range seen.Ended() {
		switch span.Name() {
		case "batch":
			if span.Parent().SpanID() != one.SpanContext().SpanID() || len(span.Links()) != 2 || span.Links()[1].SpanContext.SpanID() != two.SpanContext().SpanID() {
				t.Errorf("batch: part of %v, links %v", span.Parent(), span.Links())
			}
		case "part":
			if span.Parent().SpanID() != batch.SpanContext().SpanID() {
				t.Errorf("part of %v", span.Parent())
			}
		case "wait":
			if span.SpanContext().TraceID() != two.SpanContext().TraceID() || span.Links()[0].SpanContext.SpanID() != batch.SpanContext().SpanID() {
				t.Errorf("wait: %v, links %v", span.SpanContext(), span.Links())
			}
		}
	}
	if len(seen.Ended()) != 5 {
		t.Errorf("%d spans", len(seen.Ended()))
	}
	if _, none := telemetry.Together(context.Background(), "batch", requests[:1]); none.IsRecording() {
		t.Error("a batch of nothing traced is traced")
	}
}
