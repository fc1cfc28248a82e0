package replays

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// traced makes commands parts of the traces of requests, in the names of
// OpenTelemetry's conventions for Redis; keys and values are not among them.
type traced struct{}

// DialHook implements redis.Hook.
func (traced) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (traced) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, command redis.Cmder) error {
		name := strings.ToUpper(command.Name())
		ctx, span := telemetry.Part(ctx, name, trace.SpanKindClient,
			attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", name))
		defer span.End()
		err := next(ctx, command)
		note(span, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (traced) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error {
		ctx, span := telemetry.Part(ctx, "PIPELINE", trace.SpanKindClient,
			attribute.String("db.system.name", "redis"), attribute.Int("db.operation.batch.size", len(commands)))
		defer span.End()
		err := next(ctx, commands)
		note(span, err)
		return err
	}
}

// note tells failures; that there is nothing under a key is none.
func note(span trace.Span, err error) {
	if err == nil || errors.Is(err, redis.Nil) {
		return
	}
	_, refused := errors.AsType[redis.Error](err)
	switch {
	case refused:
		telemetry.Fail(span, "refused")
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		telemetry.Fail(span, "ended")
	default:
		telemetry.Fail(span, "unavailable")
	}
}
