package replays

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// memoryBytes bounds what is remembered in memory.
const memoryBytes = 16 << 20

// Memory is catalog.Replays for one process.
type Memory struct {
	cache *otter.Cache[string, catalog.Finished]
}

var _ catalog.Replays = (*Memory)(nil)

// NewMemory makes an empty cache.
func NewMemory() (*Memory, error) {
	cache, err := otter.New(&otter.Options[string, catalog.Finished]{
		MaximumWeight:    memoryBytes,
		Weigher:          weigh,
		ExpiryCalculator: otter.ExpiryWriting[string, catalog.Finished](lifetime),
	})
	if err != nil {
		return nil, fmt.Errorf("make replay cache: %w", err)
	}
	return &Memory{cache: cache}, nil
}

func weigh(key string, f catalog.Finished) uint32 {
	weight := 200 + len(key) + len(f.Fingerprint) + len(f.Outcome.Body)
	for _, location := range f.Outcome.MetadataLocations {
		weight += len(location) + 16
	}
	return uint32(weight)
}

// Lookup implements catalog.Replays.
func (m *Memory) Lookup(_ context.Context, warehouse string, id uuid.UUID) *catalog.Finished {
	finished, known := m.cache.GetIfPresent(name(warehouse, id))
	if !known {
		return nil
	}
	return &finished
}

// Publish implements catalog.Replays.
func (m *Memory) Publish(_ context.Context, warehouse string, id uuid.UUID, finished catalog.Finished) {
	finished.Fingerprint = slices.Clone(finished.Fingerprint)
	m.cache.Set(name(warehouse, id), finished)
}

// name is a cache's key; the id is of the warehouse already, the name is for people.
func name(warehouse string, id uuid.UUID) string { return warehouse + "/" + id.String() }
