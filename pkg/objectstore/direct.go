package objectstore

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// firstPiece is how much of a request is sent in one write with its head, and
	// piece how much may be under way while the server says nothing.
	firstPiece = 16 << 10
	piece      = 64 << 10
	// maxAnswer is how much of an answer is read, its head included, but for what is asked for.
	maxAnswer = 64 << 10
	// maxPreliminary is how many answers may come before the one that counts.
	maxPreliminary = 5
)

// Direct is a way to a server on which whoever makes a request sends it, and reads
// the answer, by themselves. To each connection net/http's client has two goroutines,
// and to wake them costs more than a small request does.
type Direct struct {
	transport *Transport
	address   string      // host and port
	tls       *tls.Config // nil where requests go as they are
}

// Direct is the way to the server of a URL. There is none past a proxy.
func (t *Transport) Direct(to *url.URL) (*Direct, bool) {
	if t.base.Proxy != nil {
		if proxy, err := t.base.Proxy(&http.Request{URL: to}); proxy != nil || err != nil {
			return nil, false
		}
	}
	if to.Scheme != "https" {
		return &Direct{transport: t, address: net.JoinHostPort(to.Hostname(), cmp.Or(to.Port(), "80"))}, to.Scheme == "http"
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.base.TLSClientConfig != nil {
		secure = t.base.TLSClientConfig.Clone()
	}
	secure.NextProtos = []string{"http/1.1"}
	secure.ServerName = cmp.Or(secure.ServerName, to.Hostname())
	secure.DynamicRecordSizingDisabled = true // each record is a write
	return &Direct{transport: t, address: net.JoinHostPort(to.Hostname(), cmp.Or(to.Port(), "443")), tls: secure}, true
}

// Put sends a request to put something, once, and returns the status of the answer
// and how many bytes came with it. The head ends in an empty line and tells the length
// of the body. After an error nobody knows whether the request was carried out.
func (d *Direct) Put(ctx context.Context, head, body []byte) (status int, size int64, err error) {
	err = d.carry(ctx, func(c *connection) (again bool, err error) {
		status, size, again, err = c.exchange(head, body)
		return again, err
	})
	return status, size, err
}

// Get sends a request to get something, once, and returns the status of the answer and
// its body: of a success as a whole, fault.TooLarge where that is over the limit. The head
// ends in an empty line, and no body follows it.
func (d *Direct) Get(ctx context.Context, head []byte, limit int64) (status int, body []byte, err error) {
	err = d.carry(ctx, func(c *connection) (again bool, err error) {
		status, body, again, err = c.fetch(head, limit)
		return again, err
	})
	return status, body, err
}

// carry has a connection make a request; it stays for others where it may be used again.
func (d *Direct) carry(ctx context.Context, request func(*connection) (again bool, err error)) error {
	c, err := d.connection(ctx)
	if err != nil {
		return why(ctx, err)
	}
	c.ctx, c.left = ctx, maxAnswer
	stop := context.AfterFunc(ctx, c.interrupt)
	again, err := request(c)
	if stop() && again {
		d.transport.idle.keep(c)
	} else {
		_ = c.Close()
	}
	return why(ctx, err)
}

// why is the reason for the error of a connection: the context's end comes first.
func why(ctx context.Context, err error) error {
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSilent
	}
	return err
}

// connection is one that was used before, or else a new one.
func (d *Direct) connection(ctx context.Context) (*connection, error) {
	for ctx.Err() == nil {
		c := d.transport.idle.take(d)
		if c == nil {
			return d.connect(ctx)
		}
		if c.alive() {
			return c, nil
		}
		_ = c.Close()
	}
	return nil, ctx.Err()
}

func (d *Direct) connect(ctx context.Context) (*connection, error) {
	plain, err := d.transport.base.DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: plain, to: d.address, secure: d.tls != nil, patience: d.transport.patience}
	c.in = bufio.NewReader(c)
	if under, ok := plain.(syscall.Conn); ok {
		c.under, _ = under.SyscallConn()
	}
	if c.secure {
		c.Conn, err = d.handshake(ctx, plain)
	}
	return c, err
}

func (d *Direct) handshake(ctx context.Context, plain net.Conn) (net.Conn, error) {
	secured := tls.Client(plain, d.tls)
	err := cmp.Or(plain.SetDeadline(time.Now().Add(connectTimeout)), secured.HandshakeContext(ctx))
	if err != nil {
		_ = plain.Close()
		return nil, fmt.Errorf("agree on TLS: %w", err)
	}
	return secured, nil
}

// connection is one to a server, for one request at a time.
type connection struct {
	net.Conn

	to       string
	secure   bool
	patience time.Duration
	in       *bufio.Reader
	under    syscall.RawConn // nil when unknown
	heard    error           // what the last look at it came to
	since    time.Time       // when it became idle

	ctx  context.Context //nolint:containedctx // of the request that is under way
	left int64           // how much more of its answer is read
	lost error           // why no more of it can be
}

// interrupt ends whatever waits for the server.
func (c *connection) interrupt() { _ = c.SetDeadline(time.Unix(1, 0)) }

// wait gives the server its time for the next bytes. Who sees no end of the context
// here is interrupted by it later.
func (c *connection) wait() error {
	if err := c.SetDeadline(time.Now().Add(c.patience)); err != nil {
		return err
	}
	return c.ctx.Err()
}

// Read is for the answer.
func (c *connection) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the answer is too long")
	}
	if err := c.wait(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	c.lost = err
	return n, err
}

// Write is for the request.
func (c *connection) Write(p []byte) (int, error) {
	if err := c.wait(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// alive tells whether the server left an idle connection as it was. Whatever comes
// unasked, its end most of all, is none of the next request's.
func (c *connection) alive() bool {
	if c.under == nil || c.under.Control(c.look) != nil || !errors.Is(c.heard, syscall.EAGAIN) {
		return false
	}
	return !c.secure || c.nothingHeld()
}

func (c *connection) look(fd uintptr) {
	var one [1]byte
	_, _, c.heard = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
}

// nothingHeld tells that TLS has read no more than was asked of it: what there is comes
// at once, and a look at the network is too late.
func (c *connection) nothingHeld() bool {
	c.interrupt()
	var one [1]byte
	n, err := c.Conn.Read(one[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// exchange sends a request and reads its answer; again is set when the connection can
// be used for another. A server that takes no more of a request may have said why.
func (c *connection) exchange(head, body []byte) (status int, size int64, again bool, err error) {
	unsent := c.send(head, body)
	if errors.Is(unsent, os.ErrDeadlineExceeded) {
		return 0, 0, false, unsent
	}
	size, plain, err := c.plain()
	switch {
	case err != nil || plain && unsent != nil:
		return 0, 0, false, cmp.Or(unsent, c.lost, err)
	case plain:
		return http.StatusOK, size, c.in.Buffered() == 0, nil
	}
	answer, err := c.answer(put) //nolint:bodyclose // the connection ends when it has more to say
	if err != nil || unsent != nil && answer.StatusCode < http.StatusMultipleChoices {
		return 0, 0, false, cmp.Or(unsent, c.lost, err)
	}
	size, err = io.Copy(io.Discard, answer.Body)
	again = err == nil && unsent == nil && !answer.Close && c.in.Buffered() == 0
	return answer.StatusCode, size, again, err
}

var pieces = sync.Pool{New: func() any { return new([firstPiece]byte) }}

// send sends what it can with the head, and the rest in pieces.
func (c *connection) send(head, body []byte) error {
	first := pieces.Get().(*[firstPiece]byte) //nolint:forcetypeassert // what is in there
	defer pieces.Put(first)
	with := min(len(body), max(0, firstPiece-len(head)))
	_, err := c.Write(append(append(first[:0], head...), body[:with]...))
	for body = body[with:]; err == nil && len(body) > 0; {
		n := min(len(body), piece)
		_, err = c.Write(body[:n])
		body = body[n:]
	}
	return err
}

// plain takes an answer if it is plain, and nothing of any other.
func (c *connection) plain() (size int64, ok bool, err error) {
	if _, err := c.in.Peek(1); err != nil {
		return 0, false, err
	}
	came, _ := c.in.Peek(c.in.Buffered())
	body, whole, ok := plainAnswer(came)
	if !ok {
		return 0, false, nil
	}
	_, err = c.in.Discard(whole)
	return int64(body), true, err
}

// fetch sends a request without a body and reads its answer.
func (c *connection) fetch(head []byte, limit int64) (status int, body []byte, again bool, err error) {
	if err := c.send(head, nil); err != nil {
		return 0, nil, false, err
	}
	answer, err := c.answer(get) //nolint:bodyclose // the connection ends when it has more to say
	if err != nil {
		return 0, nil, false, cmp.Or(c.lost, err)
	}
	switch {
	case answer.StatusCode == http.StatusOK && answer.ContentLength < 0 && len(answer.TransferEncoding) == 0:
		return 0, nil, false, errors.New("the answer does not say where it ends")
	case answer.StatusCode == http.StatusOK:
		c.left += limit
		body, err = ReadAll(answer.Body, answer.ContentLength, limit)
	default:
		_, err = io.Copy(io.Discard, answer.Body)
	}
	again = err == nil && !answer.Close && c.in.Buffered() == 0
	return answer.StatusCode, body, again, err
}

// The kinds of requests that answers are to.
var (
	put = &http.Request{Method: http.MethodPut}
	get = &http.Request{Method: http.MethodGet}
)

func (c *connection) answer(to *http.Request) (*http.Response, error) {
	for range maxPreliminary + 1 {
		answer, err := http.ReadResponse(c.in, to)
		if err != nil || answer.StatusCode >= http.StatusOK {
			return answer, err
		}
	}
	return nil, errors.New("the server does not come to an answer")
}
