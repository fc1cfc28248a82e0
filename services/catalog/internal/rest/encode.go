package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// answer is what a handler wants said. Nobody but this file writes a status.
type answer struct {
	status int
	// body is written as it is; nil for none.
	body [][]byte
	etag string
	// keep says that the tag stands for this very body, for ever.
	keep bool
	// secret says that nobody but the client may keep the body.
	secret bool
	// caching is the Cache-Control of an answer that is not secret; may be empty.
	caching string
	// stream writes the body of an answer too large to be put together first; it
	// writes nothing before it is known to be a success.
	stream func(io.Writer) error
}

func (a answer) size() int {
	size := 0
	for _, part := range a.body {
		size += len(part)
	}
	return size
}

// Bodies of which sizes have their parts copied together: that costs less than a further
// write to the connection, for which the client is woken once more. Smaller ones are
// together in the buffers of net/http.
const (
	joinedAtLeast = 4 << 10
	joinedAtMost  = 128 << 10
)

var joins = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (a answer) writeBody(w io.Writer) error {
	if size := a.size(); len(a.body) > 1 && joinedAtLeast <= size && size <= joinedAtMost {
		joined := joins.Get().(*bytes.Buffer) //nolint:forcetypeassert // it has nothing else
		defer joins.Put(joined)
		joined.Reset()
		for _, part := range a.body {
			joined.Write(part)
		}
		_, err := joined.WriteTo(w)
		return err
	}
	for _, part := range a.body {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// none is an answer without a body.
func none() (answer, error) { return answer{status: http.StatusNoContent}, nil }

// value is an answer with v as its body.
func value(v any) (answer, error) {
	body, err := json.Marshal(v)
	return answer{status: http.StatusOK, body: [][]byte{body}}, err
}

// Headers that are the same in all answers, made once.
var (
	byCoding = []string{"Accept-Encoding"}
	asJSON   = []string{"application/json"}
)

// write writes an answer in the coding that the client likes best.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, a answer) {
	if a.stream != nil {
		h.stream(w, r, a)
		return
	}
	if a.etag != "" || a.body != nil {
		w.Header()["Vary"] = byCoding
	}
	if a.secret {
		a.caching = "no-store"
	}
	if a.caching != "" {
		w.Header().Set("Cache-Control", a.caching)
	}
	a, to := h.coded(r, a)
	if a.etag != "" {
		// Not Set: Go would spell it "Etag", which older Java clients do not find.
		w.Header()["ETag"] = []string{to.tagged(a.etag)}
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	if to != plain {
		w.Header().Set("Content-Encoding", string(to))
	}
	w.Header()["Content-Type"] = asJSON
	w.Header().Set("Content-Length", strconv.Itoa(a.size()))
	w.WriteHeader(a.status)
	if r.Method == http.MethodHead {
		return
	}
	_ = a.writeBody(w) // or the client has gone
}

// coded is an answer with its body compressed, where that is wanted and worth it.
func (h *Handler) coded(r *http.Request, a answer) (answer, coding) {
	to := accepted(r)
	switch {
	case a.etag == "" && a.size() < minCoded:
		return a, plain
	case a.body == nil || to == plain:
		return a, to
	}
	body, err := h.compressed.compress(r.Context(), a, to)
	if err != nil {
		h.log.ErrorContext(r.Context(), "answer goes uncompressed", "error", err)
		return a, plain
	}
	a.body = [][]byte{body}
	return a, to
}

// envelope is every error's body.
type envelope struct {
	Error errorModel `json:"error"`
}

// errorModel is an error. Clients and their tests compare the messages of
// refusals, so there the request's id stands in the stack; where we are at fault
// it is in the message, which is all that people get to see.
type errorModel struct {
	Message string   `json:"message"`
	Type    string   `json:"type"`
	Code    int      `json:"code"`
	Stack   []string `json:"stack,omitempty"`
}

func modelOf(kind fault.Kind, message, requestID string) errorModel {
	e := errorModel{Message: message, Type: kind.Exception(), Code: kind.HTTPStatus()}
	switch {
	case requestID == "":
	case e.Code >= http.StatusInternalServerError:
		e.Message += " (request " + requestID + ")"
	default:
		e.Stack = []string{"request " + requestID}
	}
	return e
}

// Fail writes err as the protocol wants errors, for those who serve beside the
// handler: what recovers from a panic, what is in front.
func (h *Handler) Fail(w http.ResponseWriter, r *http.Request, err error) { h.fail(w, r, err) }

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	audit.From(r.Context()).Fail(err)
	kind := fault.KindOf(err)
	h.note(r, kind, err)
	if method, ok := errors.AsType[*methodError](err); ok {
		w.Header().Set("Allow", strings.Join(method.allowed, ", "))
	}
	if seconds := retryAfter(kind, err); seconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	status := kind.HTTPStatus()
	body, err := json.Marshal(envelope{modelOf(kind, fault.Shown(err), telemetry.RequestID(r.Context()))})
	if err != nil {
		body = []byte(`{"error":{"message":"internal error","type":"InternalServerError","code":500}}`)
	}
	if status == http.StatusRequestEntityTooLarge {
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	}
	h.write(w, r, answer{status: status, body: [][]byte{body}})
}

// retryAfter is when to come again, in seconds; 0 says nothing of it. Clients send
// a commit again for the header's sake, without a key too: so it stands where
// nothing was written, and never where that is not known.
func retryAfter(kind fault.Kind, err error) int {
	if kind == fault.UnknownOutcome {
		return 0
	}
	if e, ok := errors.AsType[*fault.Error](err); ok && e.RetryAfter != 0 {
		return int(math.Ceil(e.RetryAfter.Seconds()))
	}
	if kind == fault.Unavailable || kind == fault.Overloaded {
		return 1
	}
	return 0
}

// note logs, once, what the caller is not told.
func (h *Handler) note(r *http.Request, kind fault.Kind, err error) {
	switch {
	case kind == fault.Internal && r.Context().Err() == nil:
		h.log.ErrorContext(r.Context(), "request failed", "error", err)
	case kind.HTTPStatus() >= http.StatusInternalServerError:
		h.log.WarnContext(r.Context(), "request failed", "error", err)
	}
}
