package authn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// maxDocument bounds what an issuer answers.
const maxDocument = 1 << 20

// restrained asks the same thing at most once in a while: a flood of tokens
// with keys that nobody has shall not become a flood at the issuer.
func restrained(client *http.Client, rest time.Duration) *http.Client {
	if client == nil {
		client = &http.Client{}
	}
	next := client.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	return &http.Client{Transport: &restraint{next: next, rest: rest, kept: map[string]answer{}}, Timeout: discoveryTimeout}
}

// restraint is an http.RoundTripper of GETs, of the two documents of an issuer.
type restraint struct {
	next http.RoundTripper
	rest time.Duration

	mu   sync.Mutex
	kept map[string]answer // by URL, of which there are two
}

// answer is what was answered, or not, at a time.
type answer struct {
	at     time.Time
	status int
	header http.Header
	body   []byte
	err    error
}

// RoundTrip implements http.RoundTripper.
func (r *restraint) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := request.URL.String()
	last, known := r.kept[id]
	if !known || time.Since(last.at) >= r.rest {
		last = r.ask(request)
		if last.err == nil || request.Context().Err() == nil { // else it is the caller who left
			r.kept[id] = last
		}
	}
	if last.err != nil {
		return nil, last.err
	}
	return &http.Response{
		StatusCode: last.status, Status: http.StatusText(last.status), Header: last.header, Request: request,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(last.body)), ContentLength: int64(len(last.body)),
	}, nil
}

func (r *restraint) ask(request *http.Request) answer {
	a := answer{at: time.Now()}
	response, err := r.next.RoundTrip(request)
	if err != nil {
		a.err = err
		return a
	}
	defer func() { _ = response.Body.Close() }()
	a.status, a.header = response.StatusCode, response.Header
	a.body, a.err = io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if len(a.body) > maxDocument {
		a.err = errors.New("the issuer's document is larger than 1 MiB")
	}
	return a
}

type attemptKey struct{}

// attempt notes whether keys could be had: the verifier says so in words alone.
type attempt struct{ failed bool }

// watched notes failures to get keys.
type watched struct{ keys *oidc.RemoteKeySet }

// VerifySignature implements oidc.KeySet.
func (w watched) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := w.keys.VerifySignature(ctx, token)
	asked, _ := ctx.Value(attemptKey{}).(*attempt)
	// A signature that no key made is an error that wraps nothing.
	if err != nil && asked != nil && errors.Unwrap(err) != nil {
		asked.failed = true
	}
	return payload, err
}
