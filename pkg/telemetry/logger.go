// Package telemetry owns what Igloo tells its operators: structured logs, each
// line with the request and the trace it belongs to, and metrics for Prometheus
// to fetch.
//
// It promises that a log line never holds a secret that a caller passed as an
// attribute of this package's making, and that logging never blocks a request
// on anything but the writer.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// NewLogger writes lines of at least level (debug, info, warn, error) to w, as
// text or json. It sets least, which may be set to another level later.
func NewLogger(w io.Writer, level, format string, least *slog.LevelVar) (*slog.Logger, error) {
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level: found %q, allowed are debug, info, warn, error", level)
	}
	options := &slog.HandlerOptions{Level: least}
	switch format {
	case "text":
		return slog.New(handler{slog.NewTextHandler(w, options)}), nil
	case "json":
		return slog.New(handler{slog.NewJSONHandler(w, options)}), nil
	default:
		return nil, fmt.Errorf("log format: found %q, allowed are text, json", format)
	}
}

// handler adds the request id and the trace id of the context to every line.
type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, record slog.Record) error {
	if id := RequestID(ctx); id != "" {
		record.AddAttrs(slog.String("request_id", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
