package authz

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

const (
	// pageTimeout bounds one question for changes.
	pageTimeout = 3 * time.Second
	// patience is how long a decision waits for grants at most.
	patience = 10 * time.Second
	// restAfter is when those who are told that grants are away may ask again.
	restAfter = time.Second

	// idle is when the grants of a warehouse are let go that nobody asks about.
	idle      = 10 * time.Minute
	tidyEvery = time.Minute
	// maxFollowed is how many warehouses' grants are kept at most.
	maxFollowed = 1000
)

// Follower keeps snapshots of the grants in a source as new as they have to be.
//
// Every snapshot that it hands out holds all that was so when, no longer ago than
// the lag by the clock of this process, the last question to the source was
// begun; how long its answer took counts as age. Where that cannot be had it
// hands out none. It asks in the background from half of the lag on, so that
// callers do not wait as a rule, and does not ask for what nobody needs.
type Follower struct {
	source Source
	lag    time.Duration
	use    use
	// life ends what is under way when the follower is closed.
	life context.Context //nolint:containedctx // it is the follower's own
	end  context.CancelFunc
	work sync.WaitGroup

	mu       sync.RWMutex
	followed map[string]*followed
	tidied   time.Time
}

var _ Snapshots = (*Follower)(nil)

// NewFollower makes one whose snapshots are never older than the lag. The caller
// closes it.
func NewFollower(source Source, lag time.Duration) *Follower {
	f := &Follower{source: source, lag: lag, followed: map[string]*followed{}}
	f.life, f.end = context.WithCancel(context.Background())
	return f
}

// Close ends the work in the background.
func (f *Follower) Close() error {
	f.mu.Lock()
	f.end()
	f.mu.Unlock()
	f.work.Wait()
	return nil
}

// Snapshots implements Snapshots. Both are as new as they have to be at one time,
// which is after all waiting.
func (f *Follower) Snapshots(ctx context.Context, warehouse string) (server, there *Snapshot, err error) {
	arrived := time.Now()
	for {
		server, there = f.fresh(""), f.fresh(warehouse)
		switch {
		case server == nil:
			err = f.wait(ctx, "", arrived)
		case there == nil:
			err = f.wait(ctx, warehouse, arrived)
		default:
			return server, there, nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// fresh is a snapshot that may be decided by, if there is one.
func (f *Follower) fresh(warehouse string) *Snapshot {
	f.mu.RLock()
	of := f.followed[warehouse]
	f.mu.RUnlock()
	if of == nil {
		return nil
	}
	last := of.last.Load()
	if last == nil {
		return nil
	}
	age := time.Since(last.began)
	if age > f.lag {
		return nil
	}
	if age > f.lag/2 && !of.busy.Load() {
		f.refresh(warehouse)
	}
	return last.snapshot
}

// wait has a warehouse's grants read. What somebody who came earlier has begun
// may have taken too long for whoever came later: that is begun again.
func (f *Follower) wait(ctx context.Context, warehouse string, arrived time.Time) error {
	r := f.refresh(warehouse)
	limit := time.NewTimer(patience - time.Since(arrived))
	defer limit.Stop()
	select {
	case <-r.done:
	case <-ctx.Done():
		return away(context.Cause(ctx), "the caller did not wait for who may do what")
	case <-limit.C:
		return away(nil, "who may do what is still being read")
	}
	switch {
	case r.began.Before(arrived):
		return nil
	case r.err != nil:
		return r.err
	case r.ended.Sub(r.began) > f.lag:
		return away(nil, "who may do what was told too slowly: not within %s", f.lag)
	default:
		return nil
	}
}

// refresh is the one that is under way for a warehouse, or a new one.
func (f *Follower) refresh(warehouse string) *refresh {
	f.mu.Lock()
	defer f.mu.Unlock()
	of := f.followed[warehouse]
	if of == nil || time.Since(f.tidied) > tidyEvery {
		f.makeRoom()
	}
	if of == nil {
		of = &followed{warehouse: warehouse, source: f.source}
		f.followed[warehouse] = of
	}
	if of.now != nil {
		return of.now
	}
	r := &refresh{done: make(chan struct{})}
	if f.life.Err() != nil {
		r.err, r.began = away(f.life.Err(), "this process is ending"), time.Now()
		close(r.done)
		return r
	}
	of.now = r
	of.busy.Store(true)
	f.work.Go(func() { f.run(of, r) })
	return r
}

// run carries a refresh out and tells those who wait.
func (f *Follower) run(of *followed, r *refresh) {
	of.read(f.life, r)
	f.use.refreshed(r.err)
	f.mu.Lock()
	defer f.mu.Unlock()
	of.now = nil
	of.busy.Store(false)
	close(r.done)
}

// makeRoom lets go of warehouses that nobody has asked about for a while, and of
// one more when there are too many still.
func (f *Follower) makeRoom() {
	f.tidied = time.Now()
	var spare *followed
	for name, of := range f.followed {
		last := of.last.Load()
		switch {
		case of.now != nil || name == "":
		case last == nil || time.Since(last.began) > idle || (last.gone && time.Since(last.began) > f.lag):
			delete(f.followed, name)
		case spare == nil || last.sooner(spare.last.Load()):
			spare = of
		}
	}
	if len(f.followed) >= maxFollowed && spare != nil {
		delete(f.followed, spare.warehouse)
	}
}

// away is what is answered where no decision can be made.
func away(cause error, format string, args ...any) error {
	e := fault.Wrap(fault.Unavailable, cause, "authorization: %s", fmt.Sprintf(format, args...))
	e.RetryAfter = restAfter
	return e
}
