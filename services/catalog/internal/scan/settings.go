package scan

import (
	"time"

	"go.opentelemetry.io/otel/metric"
)

// Settings are the choices of an operator.
type Settings struct {
	// Key signs plans and their tasks; all replicas must have the same. Without
	// one a random one is made, and a restart ends the plans there are.
	Key string
	// CacheBytes bounds the manifests kept in memory.
	CacheBytes int64
	// Concurrency bounds the plans that are worked on at once.
	Concurrency int
	// Deadline bounds the work on one request.
	Deadline time.Duration
	// TaskFiles is about how many files one answer has: a plan of more is parted
	// into tasks, by whole manifests.
	TaskFiles int
	// SubmitFiles is the size of a snapshot, in files, from which plans are
	// submitted and their answers fetched.
	SubmitFiles int64
	// Meter, when set, is told how planning and the cache of manifests fare.
	Meter metric.Meter
}

func (s Settings) withDefaults() Settings {
	if s.CacheBytes <= 0 {
		s.CacheBytes = 32 << 20
	}
	if s.Concurrency <= 0 {
		s.Concurrency = 16
	}
	if s.Deadline <= 0 {
		s.Deadline = time.Minute
	}
	if s.TaskFiles <= 0 {
		s.TaskFiles = 2000
	}
	if s.SubmitFiles <= 0 {
		s.SubmitFiles = 1_000_000
	}
	return s
}

// maxCached is the largest manifest that is kept in memory.
func (s Settings) maxCached() int { return int(s.CacheBytes / 4) }
