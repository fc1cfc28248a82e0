package server

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// reapBatch and sweepBatch are the most rows that one round changes.
	reapBatch  = 100
	sweepBatch = 1000
	// firstPause is the longest wait for the first round, and fullPause the wait
	// after a round that may have left something.
	firstPause = time.Second
	fullPause  = 100 * time.Millisecond
	// failedPause is the longest wait after a round that failed.
	failedPause = time.Minute
	// keepTombstones is for how long it is known that a grant was revoked, to those
	// who decide by grants and were away.
	keepTombstones = 24 * time.Hour
	// roundTime ends a round that the store does not answer.
	roundTime = 30 * time.Second
)

// chore is work that is done over and over in the background, a bounded round at
// a time. Every replica does all of them: a round passes over what another has
// in hand.
type chore struct {
	// what was done to the rows, for the log.
	what  string
	every time.Duration
	limit int
	round func(ctx context.Context, limit int) (int64, error)
}

func chores(store housetable.Sweeps, u Upkeep) []chore {
	return []chore{
		{"jobs failed: " + housetable.LeaseExpired, u.ReapInterval, reapBatch, store.ReapJobs},
		{"finished jobs forgotten", u.SweepInterval, sweepBatch, func(ctx context.Context, limit int) (int64, error) {
			return store.ForgetJobs(ctx, u.JobRetention, limit)
		}},
		{"soft-deleted tables purged", u.SweepInterval, sweepBatch, store.PurgeExpired},
		{"operations forgotten", u.SweepInterval, sweepBatch, func(ctx context.Context, limit int) (int64, error) {
			return store.ForgetOperations(ctx, u.OperationRetention, limit)
		}},
		{"reports forgotten", u.SweepInterval, sweepBatch, func(ctx context.Context, limit int) (int64, error) {
			return store.ForgetReports(ctx, u.ReportRetention, limit)
		}},
		{"old events looked through", u.SweepInterval, sweepBatch, func(ctx context.Context, limit int) (int64, error) {
			return store.ForgetEvents(ctx, housetable.EventRetention{
				Events: u.EventRetention, History: u.HistoryRetention, Versions: u.HistoryVersions,
			}, limit)
		}},
		{"revoked grants forgotten", u.SweepInterval, sweepBatch, func(ctx context.Context, limit int) (int64, error) {
			return store.ForgetGrants(ctx, keepTombstones, limit)
		}},
		{"folders looked through", u.SweepInterval, sweepBatch, store.ForgetFolders},
	}
}

// sweeper does chores until it is stopped, each in a goroutine of its own.
type sweeper struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// startSweeper begins the loops, which outlive ctx: stop ends them.
func startSweeper(ctx context.Context, work []chore, log *slog.Logger) *sweeper {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &sweeper{cancel: cancel}
	for _, c := range work {
		s.done.Go(func() { c.loop(ctx, log) })
	}
	return s
}

func (s *sweeper) stop() {
	s.cancel()
	s.done.Wait()
}

func (c chore) loop(ctx context.Context, log *slog.Logger) {
	timer := time.NewTimer(rand.N(min(c.every, firstPause))) //nolint:gosec // jitter
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			timer.Reset(jittered(c.run(ctx, log)))
		}
	}
}

// run is one round; it returns how long to wait for the next.
func (c chore) run(ctx context.Context, log *slog.Logger) time.Duration {
	limited, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	n, err := c.round(limited, c.limit)
	if n > 0 {
		log.InfoContext(ctx, c.what, "count", n)
	}
	switch {
	case err != nil && ctx.Err() == nil:
		log.WarnContext(ctx, "a round of background work failed", "work", c.what, "error", err)
		return min(c.every, failedPause)
	case n >= int64(c.limit):
		return min(c.every, fullPause)
	}
	return c.every
}

// jittered is about d, so that replicas that began together drift apart.
func jittered(d time.Duration) time.Duration {
	return d*9/10 + rand.N(d/5) //nolint:gosec // jitter
}
