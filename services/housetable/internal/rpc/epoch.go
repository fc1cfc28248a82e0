package rpc

import (
	"context"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// epochAge is how long an epoch is believed that comes with other answers. One
// that is too old only makes readers of caches look again.
const epochAge = time.Second

// recentEpoch spares the store a question with each commit.
type recentEpoch struct {
	store housetable.Store

	mu    sync.Mutex
	epoch string
	at    time.Time
}

// recentWithin is recent for a caller who does not wait for longer.
func (r *recentEpoch) recentWithin(ctx context.Context, wait time.Duration) (string, error) {
	if epoch, fresh := r.known(); fresh {
		return epoch, nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return r.recent(ctx)
}

func (r *recentEpoch) recent(ctx context.Context) (string, error) {
	if epoch, fresh := r.known(); fresh {
		return epoch, nil
	}
	epoch, err := r.store.Epoch(ctx)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch, r.at = epoch, time.Now()
	return epoch, nil
}

func (r *recentEpoch) known() (epoch string, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epoch, time.Since(r.at) < epochAge
}
