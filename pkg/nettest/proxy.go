// Package nettest stands between a client and a server and breaks what lies
// between them, at moments that a test chooses.
//
// It promises that a proxy lives on loopback, ends with its test, and passes
// every byte on unless it was told otherwise.
package nettest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// dialTimeout bounds the connection to the target.
const dialTimeout = 5 * time.Second

// Fate is what becomes of bytes that a client sent.
type Fate int

// The fates.
const (
	// Pass sends them on.
	Pass Fate = iota
	// CutBefore ends the connection; the server never sees them.
	CutBefore
	// CutAfter sends them on and ends the connection when the server answers; the
	// client never sees that.
	CutAfter
)

// Proxy is a listener that leads to a server.
type Proxy struct {
	listener net.Listener
	done     sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond // frozen
	target  string
	judge   func(sent []byte) Fate
	away    bool
	frozen  bool
	slow    time.Duration
	open    map[net.Conn]bool
}

// NewProxy starts a proxy to target ("host:port").
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, target: target, judge: func([]byte) Fate { return Pass }, open: map[net.Conn]bool{}}
	p.changed = sync.NewCond(&p.mu)
	p.done.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.Thaw()
		p.Away(true)
		p.done.Wait()
	})
	return p
}

// Addr is where the proxy listens: "127.0.0.1:41234".
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Judge sets what decides over bytes that clients send: it sees what one read
// returned, as a rule a whole request of a small protocol.
func (p *Proxy) Judge(judge func(sent []byte) Fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.judge = judge
}

// Lead sends new connections to another server. Those that there are stay.
func (p *Proxy) Lead(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Away ends every connection and, while it is set, every new one, as a server
// that is not there does.
func (p *Proxy) Away(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
	if away {
		for conn := range p.open {
			hangUp(conn)
		}
	}
}

// hangUp ends a connection, and the other side can know it when this returns: while
// somebody reads from the connection, Close alone ends it a moment later.
func hangUp(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_ = conn.Close()
}

// Freeze holds all bytes back, in both directions, and ends nothing: the network
// is gone and nobody was told.
func (p *Proxy) Freeze() { p.freeze(true) }

// Thaw lets go what Freeze held back.
func (p *Proxy) Thaw() { p.freeze(false) }

func (p *Proxy) freeze(frozen bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = frozen
	p.changed.Broadcast()
}

// Slow holds every read's bytes back for a while, in both directions.
func (p *Proxy) Slow(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slow = d
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.done.Go(func() { p.serve(client) })
		}
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close() //nolint:errcheck // it is over
	if !p.enter(client) {
		return
	}
	defer p.leave(client)
	p.passage()
	dialer := net.Dialer{Timeout: dialTimeout}
	server, err := dialer.DialContext(context.Background(), "tcp", p.destination())
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // it is over
	if !p.enter(server) {
		return
	}
	defer p.leave(server)
	pair := &pair{proxy: p, client: client, server: server}
	var both sync.WaitGroup
	both.Go(func() { pair.copy(server, client, pair.sent) })
	both.Go(func() { pair.copy(client, server, pair.answered) })
	both.Wait()
}

// enter makes the connection one that Away ends; it is false while the server is away.
func (p *Proxy) enter(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.away {
		p.open[conn] = true
	}
	return !p.away
}

func (p *Proxy) leave(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
}

func (p *Proxy) destination() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.target
}

// passage waits while the proxy is frozen, and for as long as it is slow.
func (p *Proxy) passage() {
	p.mu.Lock()
	for p.frozen {
		p.changed.Wait()
	}
	slow := p.slow
	p.mu.Unlock()
	<-time.After(slow)
}

// pair is a client's connection and the one to the server that belongs to it.
type pair struct {
	proxy          *Proxy
	client, server net.Conn

	mu   sync.Mutex
	lose bool
}

// copy moves bytes until one side ends, and then ends the other.
func (c *pair) copy(to, from net.Conn, passes func([]byte) bool) {
	defer c.client.Close() //nolint:errcheck // it is over
	defer c.server.Close() //nolint:errcheck // it is over
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			c.proxy.passage()
			if !passes(buffer[:n]) {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *pair) sent(bytes []byte) bool {
	c.proxy.mu.Lock()
	judge := c.proxy.judge
	c.proxy.mu.Unlock()
	fate := judge(bytes)
	if fate == CutAfter {
		c.mu.Lock()
		c.lose = true
		c.mu.Unlock()
	}
	return fate != CutBefore
}

func (c *pair) answered([]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.lose
}
