package httpserver

import (
	"context"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// beginSpan begins the span of a request, in the names of OpenTelemetry's
// conventions for HTTP servers. Of its URL the query stays out: some clients put
// tokens there.
func beginSpan(ctx context.Context, r *http.Request) (context.Context, trace.Span) {
	ctx, span := telemetry.Request(ctx, propagation.HeaderCarrier(r.Header), r.Method)
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("http.request.method", r.Method), attribute.String("url.path", r.URL.EscapedPath()),
			attribute.String("url.scheme", scheme(r)), attribute.String("server.address", r.Host),
			attribute.String("user_agent.original", r.UserAgent()), attribute.String("igloo.request_id", telemetry.RequestID(ctx)))
	}
	return ctx, span
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// NameRoute says which route a request has taken: "/v1/config".
func NameRoute(r *http.Request, route string) {
	if span := trace.SpanFromContext(r.Context()); span.IsRecording() {
		span.SetName(r.Method + " " + route)
		span.SetAttributes(attribute.String("http.route", route))
	}
}

// endSpan tells how a request was answered; only a server's own fault is an error.
func endSpan(span trace.Span, status int) {
	if span.IsRecording() {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	if status == 0 || status >= http.StatusInternalServerError {
		telemetry.Fail(span, strconv.Itoa(status))
	}
	span.End()
}
