package replays

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// memoryBytes bounds what is remembered in memory.
const memoryBytes = 16 << 20

// Memory is catalog.Replays for one process.
type Memory struct {
	epoch    *Epoch
	finished *otter.Cache[string, catalog.Finished]

	mu sync.Mutex
	// busy are the operations under way: as many as there are requests.
	busy map[uuid.UUID]catalog.Claim
}

var _ catalog.Replays = (*Memory)(nil)

// NewMemory makes an empty cache.
func NewMemory(epoch *Epoch) (*Memory, error) {
	finished, err := otter.New(&otter.Options[string, catalog.Finished]{
		MaximumWeight:    memoryBytes,
		Weigher:          weigh,
		ExpiryCalculator: otter.ExpiryWriting[string, catalog.Finished](lifetime),
	})
	if err != nil {
		return nil, fmt.Errorf("make replay cache: %w", err)
	}
	return &Memory{epoch: epoch, finished: finished, busy: map[uuid.UUID]catalog.Claim{}}, nil
}

func weigh(key string, f catalog.Finished) uint32 {
	weight := 200 + len(key) + len(f.Fingerprint) + len(f.Outcome.Body)
	for _, location := range f.Outcome.MetadataLocations {
		weight += len(location) + 16
	}
	return uint32(weight)
}

// Name implements catalog.Replays.
func (m *Memory) Name() string { return "memory" }

// Close ends what works in the background.
func (m *Memory) Close() error {
	m.finished.StopAllGoroutines()
	return nil
}

// Reserve implements catalog.Replays.
func (m *Memory) Reserve(_ context.Context, claim catalog.Claim) catalog.Reservation {
	epoch, known := m.epoch.Current()
	if known {
		if finished, remembered := m.finished.GetIfPresent(name(epoch, claim)); remembered {
			return catalog.Reservation{Finished: &finished, Epoch: epoch}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	other, taken := m.busy[claim.Operation]
	if taken && other.Holder != claim.Holder {
		return catalog.Reservation{Busy: other.Fingerprint, Epoch: epoch}
	}
	m.busy[claim.Operation] = claim
	return catalog.Reservation{Epoch: epoch}
}

// Publish implements catalog.Replays.
func (m *Memory) Publish(ctx context.Context, claim catalog.Claim, outcome catalog.Outcome) {
	if claim.Epoch != "" {
		m.finished.Set(name(claim.Epoch, claim), catalog.Finished{Fingerprint: slices.Clone(claim.Fingerprint), Outcome: outcome})
	}
	m.Release(ctx, claim)
}

// Release implements catalog.Replays.
func (m *Memory) Release(_ context.Context, claim catalog.Claim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy[claim.Operation].Holder == claim.Holder {
		delete(m.busy, claim.Operation)
	}
}
