package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// reapBatch is the most jobs that one pass fails; the next pass goes on.
const reapBatch = 100

// reaper fails jobs whose workers went silent. Every replica has one: each pass
// is one statement, which passes over what another has in hand.
type reaper struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// startReaper begins the loop, which outlives ctx: stop ends it.
func startReaper(ctx context.Context, jobs housetable.Jobs, every time.Duration, log *slog.Logger) *reaper {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &reaper{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				reap(ctx, jobs, every, log)
			}
		}
	}()
	return r
}

// reap is one pass, which ends before the next one begins.
func reap(ctx context.Context, jobs housetable.Jobs, every time.Duration, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, every)
	defer cancel()
	n, err := jobs.ReapJobs(ctx, reapBatch)
	switch {
	case err != nil && ctx.Err() == nil:
		log.WarnContext(ctx, "jobs with an expired lease were not looked for", "error", err)
	case n > 0:
		log.InfoContext(ctx, "jobs failed: "+housetable.LeaseExpired, "jobs", n)
	}
}

func (r *reaper) stop() {
	r.cancel()
	<-r.done
}
