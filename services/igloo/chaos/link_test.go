package chaos_test

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// link stands in front of replicas, as a Kubernetes service does: each
// connection goes to one that answers, and all of them can be cut at once.
type link struct {
	listener net.Listener
	backends []string
	mu       sync.Mutex
	open     map[net.Conn]struct{}
}

func newLink(t *testing.T, backends ...string) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{listener: listener, backends: backends, open: map[net.Conn]struct{}{}}
	var serving sync.WaitGroup
	serving.Go(func() { l.accept(&serving) })
	t.Cleanup(func() {
		_ = listener.Close()
		l.cut()
		serving.Wait()
	})
	return l
}

func (l *link) address() string { return l.listener.Addr().String() }

func (l *link) accept(serving *sync.WaitGroup) {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		serving.Go(func() { l.serve(conn) })
	}
}

func (l *link) serve(client net.Conn) {
	defer client.Close()
	backend := l.dial()
	if backend == nil {
		return
	}
	defer backend.Close()
	l.keep(client, backend)
	defer l.forget(client, backend)
	var copying sync.WaitGroup
	copying.Go(func() { carry(client, backend) })
	carry(backend, client)
	copying.Wait()
}

// carry copies until one side ends, and ends both.
func carry(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

func (l *link) dial() net.Conn {
	for _, i := range rand.Perm(len(l.backends)) {
		if conn, err := net.Dial("tcp", l.backends[i]); err == nil {
			return conn
		}
	}
	return nil
}

func (l *link) keep(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		l.open[c] = struct{}{}
	}
}

func (l *link) forget(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		delete(l.open, c)
	}
}

// cut breaks every connection; the next ones are made as before.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		_ = c.Close()
	}
}
