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

func (r *recentEpoch) recent(ctx context.Context) (string, error) {
	r.mu.Lock()
	epoch, fresh := r.epoch, time.Since(r.at) < epochAge
	r.mu.Unlock()
	if fresh {
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
