package httpserver

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// RequestIDHeader carries the request id in both directions.
const RequestIDHeader = "X-Request-Id"

// Observe gives every request an id (the caller's, if it is sound), answers it
// in the header, logs the request when it is done, and turns a panic into what
// failed writes.
func Observe(next http.Handler, log *slog.Logger, failed http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		ctx := telemetry.WithRequestID(r.Context(), r.Header.Get(RequestIDHeader))
		ctx, span := beginSpan(ctx, r)
		r = r.WithContext(ctx)
		w.Header().Set(RequestIDHeader, telemetry.RequestID(ctx))
		recorder := &recorder{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				rescue(recorder, r, log, failed, p)
			}
			if level := levelOf(recorder.status); log.Enabled(ctx, level) {
				log.LogAttrs(ctx, level, "request",
					slog.String("method", r.Method), slog.String("path", r.URL.EscapedPath()),
					slog.Int("status", recorder.status), slog.Int64("bytes", recorder.bytes),
					slog.Duration("took", time.Since(started)))
			}
			endSpan(span, recorder.status)
		}()
		next.ServeHTTP(recorder, r)
	})
}

// rescue answers a request whose handler panicked, unless the answer has begun:
// then the connection is all that can be ended.
func rescue(w *recorder, r *http.Request, log *slog.Logger, failed http.HandlerFunc, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		abort()
	}
	log.ErrorContext(r.Context(), "panic", "value", p, "stack", string(debug.Stack()))
	if w.status != 0 {
		abort()
	}
	failed(w, r)
}

// abort ends the connection without an answer, as net/http wants to be told.
func abort() {
	panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's one way to say it
}

// levelOf keeps the log quiet at its default level unless we are at fault.
func levelOf(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter

	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
