package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// traced makes statements parts of the traces of requests, in the names of
// OpenTelemetry's conventions for databases. The texts of statements are long, and
// stay out; their values are nobody's business.
type traced struct{ server []attribute.KeyValue }

var (
	_ pgx.QueryTracer = traced{}
	_ pgx.BatchTracer = traced{}
)

// tracing makes connections tell of their statements, where anybody traces.
func tracing(config *pgx.ConnConfig) {
	if !telemetry.Tracing() {
		return
	}
	config.Tracer = traced{server: []attribute.KeyValue{
		attribute.String("db.system.name", "postgresql"), attribute.String("db.namespace", config.Database),
		attribute.String("server.address", config.Host), attribute.Int("server.port", int(config.Port)),
	}}
}

// statementKey is of a statement's span in its context.
type statementKey struct{}

func (t traced) begin(ctx context.Context, name string, more attribute.KeyValue) context.Context {
	ctx, span := telemetry.Part(ctx, name, trace.SpanKindClient, t.server...)
	if !span.IsRecording() {
		return ctx
	}
	span.SetAttributes(more)
	return context.WithValue(ctx, statementKey{}, span)
}

func (t traced) end(ctx context.Context, err error) {
	span, ok := ctx.Value(statementKey{}).(trace.Span)
	if !ok {
		return
	}
	if state := sqlState(err); state != "" {
		span.SetAttributes(attribute.String("db.response.status_code", state))
		telemetry.Fail(span, state)
	} else if err != nil {
		telemetry.Fail(span, "unanswered")
	}
	span.End()
}

// TraceQueryStart implements pgx.QueryTracer.
func (t traced) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	name := verb(data.SQL)
	return t.begin(ctx, name, attribute.String("db.operation.name", name))
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t traced) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	t.end(ctx, data.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (t traced) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	return t.begin(ctx, "BATCH", attribute.Int("db.operation.batch.size", data.Batch.Len()))
}

// TraceBatchQuery implements pgx.BatchTracer.
func (traced) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (t traced) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	t.end(ctx, data.Err)
}

// verb is what a statement begins with: "SELECT".
func verb(statement string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(statement), " ")
	first, _, _ = strings.Cut(first, "\n")
	return strings.ToUpper(first)
}
