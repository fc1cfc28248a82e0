package rest

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// answer is what a handler wants said. Nobody but this file writes a status.
type answer struct {
	status int
	// body is written as it is; nil for none.
	body [][]byte
	etag string
}

// none is an answer without a body.
func none() (answer, error) { return answer{status: http.StatusNoContent}, nil }

// value is an answer with v as its body.
func value(v any) (answer, error) {
	body, err := json.Marshal(v)
	return answer{status: http.StatusOK, body: [][]byte{body}}, err
}

// write writes a success.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, a answer) {
	if a.etag != "" {
		// Not Set: Go would spell it "Etag", which older Java clients do not find.
		w.Header()["ETag"] = []string{a.etag}
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	length := 0
	for _, part := range a.body {
		length += len(part)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(a.status)
	if r.Method == http.MethodHead {
		return
	}
	for _, part := range a.body {
		if _, err := w.Write(part); err != nil {
			return // the client has gone
		}
	}
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
	if e, ok := errors.AsType[*fault.Error](err); ok && e.RetryAfter > 0 {
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
