package replays

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// What the epoch may cost, and for how long a change of it may go unseen.
const (
	epochEvery   = 500 * time.Millisecond
	epochTimeout = time.Second
)

// Epoch follows the database's line of history. It is known only while the house
// table service tells it: a failover begins with its silence.
type Epoch struct {
	ask     func(context.Context) (string, error)
	current atomic.Pointer[string]
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// Follow begins to ask. Close ends it.
func Follow(ask func(context.Context) (string, error)) *Epoch {
	ctx, cancel := context.WithCancel(context.Background())
	e := &Epoch{ask: ask, stop: cancel}
	e.done.Go(func() { e.follow(ctx) })
	return e
}

// Current is the epoch; false while it is not known.
func (e *Epoch) Current() (string, bool) {
	current := e.current.Load()
	if current == nil || *current == "" {
		return "", false
	}
	return *current, true
}

// Close implements io.Closer.
func (e *Epoch) Close() error {
	e.stop()
	e.done.Wait()
	return nil
}

func (e *Epoch) follow(ctx context.Context) {
	ticker := time.NewTicker(epochEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		e.look(ctx)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (e *Epoch) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, epochTimeout)
	defer cancel()
	epoch, err := e.ask(ctx)
	if err != nil {
		e.current.Store(nil)
		return
	}
	e.current.Store(&epoch)
}
