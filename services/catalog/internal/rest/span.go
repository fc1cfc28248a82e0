package rest

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/httpserver"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// traced carries out the operation, as a part of the request's trace that is called
// by the protocol's name for it.
func (r route) traced(c *call) (answer, error) {
	if !telemetry.Tracing() {
		return r.serve(c)
	}
	httpserver.NameRoute(c.Request, "/v1"+r.template)
	ctx, span := telemetry.Part(c.Context(), r.operation, trace.SpanKindInternal)
	if !span.IsRecording() {
		return r.serve(c)
	}
	defer span.End()
	span.SetAttributes(attribute.String("igloo.warehouse", c.warehouse))
	c.Request = c.WithContext(ctx)
	answer, err := r.serve(c)
	if err != nil {
		telemetry.Fail(span, fault.KindOf(err).String())
	}
	return answer, err
}
