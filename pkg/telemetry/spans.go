package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// tracerName is under which all spans of Igloo are found.
const tracerName = "github.com/igloo-catalog/igloo"

// untraced is the span of what is not traced.
var untraced trace.Span = noop.Span{}

// Request begins the span of a request from outside, which goes on the trace that
// its headers tell of; where nobody traces it begins none.
func Request(ctx context.Context, headers propagation.TextMapCarrier, name string) (context.Context, trace.Span) {
	if !Tracing() {
		return ctx, untraced
	}
	ctx = otel.GetTextMapPropagator().Extract(ctx, headers)
	return otel.Tracer(tracerName).Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer)) //nolint:spancheck // whoever asked ends it
}

// Part begins the span of something that a request needs, if that is traced: work
// that nobody asked for has no spans. Attributes that are always the same are best
// made once, so that a request which is not traced makes none.
func Part(ctx context.Context, name string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	if !Tracing() || !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, untraced
	}
	return otel.Tracer(tracerName).Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...)) //nolint:spancheck // whoever asked ends it
}

// Carry hands the trace of ctx on to whom a call with these headers is made to, be
// it recorded or not.
func Carry(ctx context.Context, headers propagation.TextMapCarrier) {
	if Tracing() {
		otel.GetTextMapPropagator().Inject(ctx, headers)
	}
}

// Fail notes that what a span stands for failed, by one of few words for how. The
// error itself is not in a trace: it may quote what callers sent.
func Fail(span trace.Span, how string) {
	if span.IsRecording() {
		span.SetStatus(codes.Error, how)
		span.SetAttributes(attribute.String("error.type", how))
	}
}

// Traced is where the trace of ctx stands, if it is recorded.
func Traced(ctx context.Context) trace.SpanContext {
	if span := trace.SpanFromContext(ctx); Tracing() && span.IsRecording() {
		return span.SpanContext()
	}
	return trace.SpanContext{}
}

// Together begins the span of what is done for several requests at once. It is a
// part of the first that is traced, and has a link to each.
func Together(ctx context.Context, name string, requests []trace.SpanContext) (context.Context, trace.Span) {
	var links []trace.Link
	for _, request := range requests {
		if request.IsValid() {
			links = append(links, trace.Link{SpanContext: request})
		}
	}
	if len(links) == 0 {
		return ctx, untraced
	}
	ctx = trace.ContextWithSpanContext(ctx, links[0].SpanContext)
	return otel.Tracer(tracerName).Start(ctx, name, trace.WithLinks(links...), //nolint:spancheck // whoever asked ends it
		trace.WithAttributes(attribute.Int("igloo.requests", len(requests))))
}

// Join notes in the trace of ctx that what it waited for since began was done
// together with what others asked for, where that is traced.
func Join(ctx context.Context, name string, since time.Time, together trace.SpanContext) {
	if !together.IsValid() || !Traced(ctx).IsValid() {
		return
	}
	_, span := otel.Tracer(tracerName).Start(ctx, name, trace.WithTimestamp(since), trace.WithLinks(trace.Link{SpanContext: together}))
	span.End()
}
