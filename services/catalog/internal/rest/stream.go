package rest

import (
	"bytes"
	"io"
	"net/http"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// held is how much of a streamed answer is kept back before its status is sent:
// until then an error is still answered as one.
const held = 256 << 10

// late writes a success that may still turn out to be none, in a coding if it is
// worth one.
type late struct {
	w      http.ResponseWriter
	status int
	coding coding
	buffer bytes.Buffer
	// body takes what comes once the status is sent; nil until then.
	body io.WriteCloser
}

// Write implements io.Writer.
func (l *late) Write(p []byte) (int, error) {
	if l.body != nil {
		return l.body.Write(p)
	}
	l.buffer.Write(p)
	if l.buffer.Len() < held {
		return len(p), nil
	}
	return len(p), l.send()
}

func (l *late) send() error {
	if l.buffer.Len() < minCoded {
		l.coding = plain
	}
	if l.coding != plain {
		l.w.Header().Set("Content-Encoding", string(l.coding))
	}
	l.w.Header().Set("Content-Type", "application/json")
	l.w.WriteHeader(l.status)
	l.body = l.coding.writer(l.w)
	_, err := l.body.Write(l.buffer.Bytes())
	l.buffer = bytes.Buffer{}
	return err
}

// end sends what is left.
func (l *late) end() error {
	if l.body == nil {
		if err := l.send(); err != nil {
			return err
		}
	}
	return l.body.Close()
}

// stream writes an answer as it comes to be. Of a failure after its beginning
// the client is told by the connection's end.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, a answer) {
	w.Header().Set("Vary", "Accept-Encoding")
	l := &late{w: w, status: a.status, coding: accepted(r)}
	err := a.stream(l)
	if err == nil {
		err = l.end()
	}
	switch {
	case err == nil:
	case l.body != nil:
		h.note(r, fault.KindOf(err), err)
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's one way to end a connection without an end
	default:
		h.fail(w, r, err)
	}
}
