package audit

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// maxAsked bounds what one line tells of.
const maxAsked = 1000

// line is what is written of a request.
type line struct {
	Time      time.Time `json:"time"`
	Service   string    `json:"service"`
	RequestID string    `json:"request_id"`
	// Principal asked, whom Issuer vouches for; OnBehalfOf is for whom a service did.
	Principal  string `json:"principal"`
	Issuer     string `json:"issuer,omitempty"`
	OnBehalfOf string `json:"on_behalf_of,omitempty"`
	Operation  string `json:"operation"`
	// Remote is the address of who asked, Via that of the proxy in between.
	Remote string `json:"remote"`
	Via    string `json:"via,omitempty"`
	// Decision is "allowed" or "refused", Reason why it was refused.
	Decision string  `json:"decision"`
	Reason   string  `json:"reason,omitempty"`
	Asked    []asked `json:"asked,omitempty"`
	// LentBy is the view whose owner's right it was that allowed it.
	LentBy string `json:"lent_by,omitempty"`
	// Omitted are how many questions the line has no room for.
	Omitted int `json:"omitted,omitempty"`
	// Status is that of HTTP, Code that of gRPC, Error the type of the error.
	Status   int     `json:"status,omitempty"`
	Code     string  `json:"code,omitempty"`
	Error    string  `json:"error,omitempty"`
	Duration float64 `json:"duration_ms"`
}

// asked is a question with its answer; as says who was asked about, where that is not
// who asks.
type asked struct {
	Privilege string `json:"privilege"`
	Object    string `json:"object"`
	As        string `json:"as,omitempty"`
	Allowed   bool   `json:"allowed"`
}

// Entry is what is known of a request by now. The methods of a nil Entry do
// nothing, as where there is no audit log.
type Entry struct {
	mu    sync.Mutex
	line  line
	began time.Time
	// changes is whether the request may change something: by the questions that it
	// led to, and by its method as long as there are none.
	changes, questioned bool
	err                 error
	ended               bool
	// parts have each a line.
	parts []part
}

// part is one of several requests that came as one.
type part struct{ operation, requestID, behalf string }

type contextKey struct{}

// with makes a context that knows what is to be told of its request.
func with(ctx context.Context, e *Entry) context.Context {
	return context.WithValue(ctx, contextKey{}, e)
}

// From is the entry of a context's request, or nil.
func From(ctx context.Context) *Entry {
	e, _ := ctx.Value(contextKey{}).(*Entry)
	return e
}

// Name says what the request is, in the words of its protocol.
func (e *Entry) Name(operation string) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.line.Operation = operation
}

// Fail says with which error the request is answered.
func (e *Entry) Fail(err error) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// Lent says by which view a right of its owner was lent to the caller.
func (e *Entry) Lent(view string) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.line.LentBy = view
}

// Part says that the request was made of several, each of which has a line instead: which
// operation it was, under which id it was asked for and for whom. What was decided was
// decided of all.
func (e *Entry) Part(operation, requestID, behalf string) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.parts = append(e.parts, part{operation, requestID, behalf})
}

// who notes who asks, and for whom.
func (e *Entry) who(identity authn.Identity, behalf string) {
	e.line.Principal, e.line.Issuer = identity.Principal(), identity.Issuer
	e.line.onBehalfOf(behalf)
}

func (l *line) onBehalfOf(whom string) {
	l.OnBehalfOf = ""
	if whom != l.Principal {
		l.OnBehalfOf = whom
	}
}

// decided notes questions with their answers; of the same question the last one.
func (e *Entry) decided(as string, questions []authz.Question, decisions []authz.Decision) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	for i, q := range questions {
		e.changes = (e.changes && e.questioned) || !authz.Select.Includes(q.Privilege)
		e.add(asked{q.Privilege.String(), q.Object.String(), as, decisions[i].Allowed})
		e.questioned = true
	}
}

func (e *Entry) add(a asked) {
	same := slices.IndexFunc(e.line.Asked, func(b asked) bool { return a.Privilege == b.Privilege && a.Object == b.Object && a.As == b.As })
	switch {
	case same >= 0:
		e.line.Asked[same] = a
	case len(e.line.Asked) >= maxAsked:
		e.line.Omitted++
	default:
		e.line.Asked = append(e.line.Asked, a)
	}
}

// end is the lines, and whether they are worth being told where reads are not.
func (e *Entry) end() (lines []line, worth bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	l := e.line
	l.Duration = float64(time.Since(e.began).Microseconds()) / 1000
	l.Decision = "allowed"
	if e.err != nil {
		l.Error = fault.KindOf(e.err).Exception()
	}
	if fault.Is(e.err, fault.Forbidden) {
		l.Decision, l.Reason = "refused", fault.Shown(e.err)
	}
	return l.of(e.parts), e.changes || l.Decision == "refused"
}

// of is the line as it is of each part, or by itself where there are none.
func (l line) of(parts []part) []line {
	if len(parts) == 0 {
		return []line{l}
	}
	lines := make([]line, len(parts))
	for i, p := range parts {
		l.Operation, l.RequestID = p.operation, p.requestID
		l.onBehalfOf(p.behalf)
		lines[i] = l
	}
	return lines
}
