package objectstore

import (
	"slices"
	"sync"
	"time"
)

// pool is connections that wait for their next request: so many, and for so long.
type pool struct {
	timeout time.Duration

	mu      sync.Mutex
	waiting []*connection // who waits longest comes first
	closing bool          // the next look at them is due
}

func (p *pool) keep(c *connection) {
	c.ctx, c.since = nil, time.Now()
	end(p.add(c))
}

// add returns which were too many.
func (p *pool) add(c *connection) []*connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, c)
	if !p.closing {
		p.closing = true
		time.AfterFunc(p.timeout, p.close)
	}
	return p.drop(max(0, len(p.waiting)-idleConnections))
}

// take is the connection that was used last; nil when there is none.
func (p *pool) take(d *Direct) *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, c := range slices.Backward(p.waiting) {
		if c.to == d.address && c.secure == (d.tls != nil) {
			p.waiting = slices.Delete(p.waiting, n, n+1)
			return c
		}
	}
	return nil
}

// close closes those that waited long enough, and comes again for the others.
func (p *pool) close() { end(p.old()) }

func (p *pool) old() []*connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.waiting) && time.Since(p.waiting[n].since) >= p.timeout {
		n++
	}
	dropped := p.drop(n)
	if p.closing = len(p.waiting) > 0; p.closing {
		time.AfterFunc(p.timeout-time.Since(p.waiting[0].since), p.close)
	}
	return dropped
}

// drop takes those out that wait longest.
func (p *pool) drop(n int) []*connection {
	if n == 0 {
		return nil
	}
	dropped := slices.Clone(p.waiting[:n])
	p.waiting = slices.Delete(p.waiting, 0, n)
	return dropped
}

// end takes its time where the server does not listen.
func end(connections []*connection) {
	for _, c := range connections {
		_ = c.Close()
	}
}
