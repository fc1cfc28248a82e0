package tracing

import (
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// ratio samples a share of traces, which can change while the process runs.
type ratio struct {
	current atomic.Pointer[sdktrace.Sampler]
}

func newRatio(share float64) *ratio {
	r := &ratio{}
	r.set(share)
	return r
}

func (r *ratio) set(share float64) {
	sampler := sdktrace.TraceIDRatioBased(share)
	r.current.Store(&sampler)
}

// ShouldSample implements sdktrace.Sampler.
func (r *ratio) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return (*r.current.Load()).ShouldSample(p)
}

// Description implements sdktrace.Sampler.
func (r *ratio) Description() string { return (*r.current.Load()).Description() }
