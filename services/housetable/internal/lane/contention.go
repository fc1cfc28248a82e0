package lane

import (
	"cmp"
	"slices"
	"sync"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// watched is how many house tables are counted at a time, shown how many of
	// them are told of.
	watched = 128
	shown   = 10
)

// contended is a house table that commits lost a race for.
type contended struct {
	warehouse string
	key       housetable.TableKey
}

type contendedCount struct {
	contended
	count int64
}

// contention finds the most contended house tables of any number of them, in a
// fixed space: when there is no room, a table takes over the place and the count
// of the one with the least ("space-saving", Metwally et al. 2005). So no count
// is too low, and none too high by more than the least one kept.
type contention struct {
	mu     sync.Mutex
	counts map[contended]int64
}

func (c *contention) lost(t contended) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[contended]int64, watched)
	}
	if _, known := c.counts[t]; !known && len(c.counts) == watched {
		least, count := c.least()
		delete(c.counts, least)
		c.counts[t] = count
	}
	c.counts[t]++
}

func (c *contention) least() (least contended, count int64) {
	first := true
	for t, n := range c.counts {
		if first || n < count {
			least, count, first = t, n, false
		}
	}
	return least, count
}

// top are the most contended, the most first.
func (c *contention) top() []contendedCount {
	c.mu.Lock()
	counts := make([]contendedCount, 0, len(c.counts))
	for t, n := range c.counts {
		counts = append(counts, contendedCount{t, n})
	}
	c.mu.Unlock()
	slices.SortFunc(counts, func(a, b contendedCount) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.warehouse, b.warehouse),
			cmp.Compare(a.key.DatabaseID, b.key.DatabaseID), cmp.Compare(a.key.TableID, b.key.TableID))
	})
	return counts[:min(shown, len(counts))]
}
