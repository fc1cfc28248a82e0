package postgres

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// A change that waits for a standby goes on waiting in the server when its
// caller has given up and its connection is closed: to end it would let it be
// seen before it is safe. So changes could take all connections that there are.
const selectWaiting = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`

// crowd leaves room for reads beside the changes: some connections of the pool,
// and in the server as many as the changes of one pool do not take.
type crowd struct {
	// turns are taken by changes under way.
	turns chan struct{}
	// suspect is set when a statement got no answer, until none is seen to wait.
	suspect *atomic.Bool
}

// newCrowd lets changes have three in four connections.
func newCrowd(connections int) crowd {
	return crowd{turns: make(chan struct{}, max(1, connections*3/4)), suspect: &atomic.Bool{}}
}

// change admits one change, which ends with a call of the function returned.
// What it refuses was not sent. Inside a transaction everything is admitted.
func (c *conns) change(ctx context.Context) (done func(), err error) {
	if c.held != nil {
		return func() {}, nil
	}
	if err := c.turn(ctx); err != nil {
		return nil, err
	}
	if err := c.uncrowded(ctx); err != nil {
		<-c.turns
		return nil, err
	}
	return func() { <-c.turns }, nil
}

// turn takes one, which is nearly always there.
func (c *conns) turn(ctx context.Context) error {
	select {
	case c.turns <- struct{}{}:
		return nil
	default:
	}
	bounded, cancel := context.WithTimeout(ctx, c.wait)
	defer cancel()
	select {
	case c.turns <- struct{}{}:
		return nil
	case <-bounded.Done():
		if ctx.Err() == nil {
			return busy(bounded.Err())
		}
		return unsent{ctx.Err()}
	}
}

// uncrowded refuses while as many changes wait for a standby as may be under way.
func (c *conns) uncrowded(ctx context.Context) error {
	if !c.suspect.Load() {
		return nil
	}
	waiting, err := collect(ctx, c, pgx.RowTo[int], selectWaiting)
	switch {
	case err != nil:
		return unsent{err}
	case waiting[0] == 0:
		c.suspect.Store(false)
	case waiting[0] >= cap(c.turns):
		e := fault.New(fault.Unavailable, "%d changes wait for a standby of the database, which is away", waiting[0])
		e.RetryAfter = retryAfter
		return e
	}
	return nil
}
