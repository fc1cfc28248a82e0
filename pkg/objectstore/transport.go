package objectstore

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// DefaultPatience is how long a server may be silent.
	DefaultPatience = 10 * time.Second
	connectTimeout  = 2 * time.Second
	// idleConnections are as many as a crowd of transactions writes files at once:
	// each beyond them would be made anew for one file.
	idleConnections = 256
	// idleTimeout is how long a connection stays that nobody needs: the crowd's are gone
	// before a program that has become idle gives its memory back.
	idleTimeout = 15 * time.Second
)

// Transport is how stores that are elsewhere are reached. A request ends when the
// server is silent for as long as patience lasts, wherever it stops: before it
// takes the last byte of a request, before it answers, or within its answer.
type Transport struct {
	base     *http.Transport
	patience time.Duration
	idle     pool // connections of Direct
}

// NewTransport makes a transport; without patience it has DefaultPatience. What
// base says of certificates and proxies is kept; without one it is what Go does.
func NewTransport(base *http.Transport, patience time.Duration) *Transport {
	return newTransport(base, patience, idleTimeout)
}

func newTransport(base *http.Transport, patience, idle time.Duration) *Transport {
	if patience <= 0 {
		patience = DefaultPatience
	}
	if base == nil {
		base = http.DefaultTransport.(*http.Transport) //nolint:forcetypeassert // what net/http documents
	}
	base = base.Clone()
	base.DialContext = (&net.Dialer{Timeout: connectTimeout}).DialContext
	base.TLSHandshakeTimeout = connectTimeout
	base.MaxIdleConns, base.MaxIdleConnsPerHost = idleConnections, idleConnections
	base.IdleConnTimeout = idle
	return &Transport{base: base, patience: patience, idle: pool{timeout: idle}}
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	w := &watch{ctx: ctx, cancel: cancel, patience: t.patience}
	w.timer = time.AfterFunc(t.patience, func() { cancel(errSilent) })
	sent := request.WithContext(ctx)
	if request.Body != nil && request.Body != http.NoBody {
		sent.Body = sending{request.Body, w}
	}
	response, err := t.base.RoundTrip(sent)
	w.timer.Stop()
	if err != nil {
		cancel(nil)
		return nil, w.why(err)
	}
	response.Body = receiving{response.Body, w}
	return response, nil
}

// watch ends a request during which nothing happens.
type watch struct {
	ctx      context.Context //nolint:containedctx // the request's own
	cancel   context.CancelCauseFunc
	timer    *time.Timer
	patience time.Duration
}

// why is the reason for an error that may be of our own making.
func (w *watch) why(err error) error {
	if err != nil && !errors.Is(err, io.EOF) && errors.Is(context.Cause(w.ctx), errSilent) {
		return errSilent
	}
	return err
}

// sending is the body of a request: the next bytes are asked for when those
// before are under way.
type sending struct {
	io.ReadCloser
	*watch
}

func (s sending) Read(p []byte) (int, error) {
	s.timer.Reset(s.patience)
	return s.ReadCloser.Read(p)
}

// receiving is the body of an answer. Time is up only while bytes are waited for.
type receiving struct {
	io.ReadCloser
	*watch
}

func (r receiving) Read(p []byte) (int, error) {
	r.timer.Reset(r.patience)
	n, err := r.ReadCloser.Read(p)
	r.timer.Stop()
	return n, r.why(err)
}

func (r receiving) Close() error {
	r.timer.Stop()
	err := r.ReadCloser.Close()
	r.cancel(nil)
	return err
}

// errSilent is a time-out, to whoever decides what is tried again.
var errSilent error = silence{}

type silence struct{}

func (silence) Error() string   { return "the server is silent" }
func (silence) Timeout() bool   { return true }
func (silence) Temporary() bool { return true }
