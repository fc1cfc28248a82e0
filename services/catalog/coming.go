package catalog

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// comingLimit bounds how long a load waits for a swap rather than ask.
const comingLimit = 10 * time.Millisecond

// coming are the swaps that loads wait for. Who comes before a swap is sent may be told
// what it makes of its pointer: the swap is borne out after they came. So they need not
// ask, and whoever lost a race, and is to try again, need not lose the next one to a swap
// that was under way when they looked.
type coming struct {
	many atomic.Int64

	mu    sync.Mutex
	swaps map[lineKey]*comingSwap
}

type comingSwap struct {
	sent bool
	// answered is closed when it is known whether the swap has made its pointer.
	answered chan struct{}
	made     *Pointer
}

func newComing() *coming { return &coming{swaps: map[lineKey]*comingSwap{}} }

// expect has loads wait for the next swap of a table. It has to be answered.
func (c *coming) expect(key lineKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.swaps[key] == nil {
		c.swaps[key] = &comingSwap{answered: make(chan struct{})}
		c.many.Add(1)
	}
}

// send tells that the swap is sent: what comes from now on may come after it.
func (c *coming) send(key lineKey) {
	if c.many.Load() == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.swaps[key]; s != nil {
		s.sent = true
	}
}

// answer tells what the swap has made; nil where that is not known, or nothing.
func (c *coming) answer(key lineKey, made *Pointer) {
	if c.many.Load() == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.swaps[key]
	if s == nil {
		return
	}
	s.made = made
	close(s.answered)
	delete(c.swaps, key)
	c.many.Add(-1)
}

// pointer is what a swap made that was not sent before this was asked; nil where there is
// none, or no answer in time.
func (c *coming) pointer(ctx context.Context, warehouse string, id TableIdentifier, kind Kind) *Pointer {
	if c.many.Load() == 0 {
		return nil
	}
	c.mu.Lock()
	s := c.swaps[keyOf(warehouse, kind, id)]
	late := s == nil || s.sent
	c.mu.Unlock()
	if late {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, comingLimit)
	defer cancel()
	select {
	case <-s.answered:
		return s.made
	case <-ctx.Done():
		return nil
	}
}
