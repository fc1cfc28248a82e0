package catalog

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// FoldLimits bound how commits to one table or view wait and go together.
type FoldLimits struct {
	// Members is the most commits in one fold, Bytes the most of their requests.
	// One commit is a fold, however large it is.
	Members int
	Bytes   int64
	// Waiting is the most commits that wait for one table, WaitingBytes the most
	// of the requests that wait for any.
	Waiting      int
	WaitingBytes int64
}

func (l FoldLimits) withDefaults() FoldLimits {
	if l.Members <= 0 {
		l.Members = 64
	}
	if l.Bytes <= 0 {
		l.Bytes = 4 << 20
	}
	if l.Waiting <= 0 {
		l.Waiting = 1024
	}
	if l.WaitingBytes <= 0 {
		l.WaitingBytes = 64 << 20
	}
	return l
}

// party is a commit to one table or view, with what it comes to.
type party struct {
	*mutation
	member *member
	// key of the table.
	key lineKey
	// bytes of the request.
	bytes int64
	// ctx of the request while it waits, and done, closed when outcome or err are
	// set. A party that found nobody at its table has neither.
	ctx     context.Context //nolint:containedctx // whoever takes it from the queue must know that its client has gone
	done    chan struct{}
	since   time.Time
	fold    oteltrace.SpanContext // that it went with, where that is traced
	outcome *Outcome
	err     error
	// refusal is what an attempt of a fold refuses it for. It is late when it
	// rests on what others of the fold change, and recorded when it, or the
	// success, goes with their commit.
	refusal        error
	late, recorded bool
}

// lines are the queues of commits to single tables and views. A commit that
// finds nobody at its table goes at once; while one is under way others queue
// up, and then go together, in the order in which they came. Tables do not wait
// for one another.
type lines struct {
	catalog *Catalog
	limits  FoldLimits
	turns   *turns
	coming  *coming

	mu      sync.Mutex
	busy    map[lineKey]*line
	waiting int64 // bytes
}

// lineKey is a table or view. Two spellings that a warehouse takes for one are
// two lines, whose commits race as those of two replicas do.
type lineKey struct{ warehouse, table string }

func keyOf(warehouse string, kind Kind, id TableIdentifier) lineKey {
	return lineKey{warehouse, kind.word() + "\x00" + id.Namespace.DatabaseID() + "\x00" + id.Name}
}

// alone is the key without the request that it was in, all of whose first line would be
// kept with a piece of it.
func (k lineKey) alone() lineKey { return lineKey{strings.Clone(k.warehouse), k.table} }

// line is there while a commit to its table is under way.
type line struct {
	key   lineKey
	queue []*party
	// head is what was last known of the table: nil before anything was read.
	head document
}

func newLines(c *Catalog, limits FoldLimits) *lines {
	l := &lines{catalog: c, limits: limits, coming: newComing(), busy: map[lineKey]*line{}}
	l.turns = newTurns(l.underWay, l.coming.expect)
	return l
}

// underWay reports whether a commit to the table is.
func (l *lines) underWay(key lineKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy[key] != nil
}

// commit carries a party through, and has it wait where it lost until it is its
// turn to try again.
func (l *lines) commit(ctx context.Context, p *party) (*Outcome, error) {
	p.key = keyOf(p.request.Warehouse, p.member.kind, p.member.id)
	l.turns.before(p.key)
	outcome, err := l.pass(ctx, p)
	l.turns.after(ctx, p.key, err)
	return outcome, err
}

// pass goes at once or in the queue. When ctx ends, or the deadline comes, while it
// is still in the queue, nothing was written.
func (l *lines) pass(ctx context.Context, p *party) (*Outcome, error) {
	line, alone, err := l.enter(ctx, p)
	if err != nil {
		return nil, err
	}
	if alone {
		defer l.leave(line)
		l.run(ctx, line, []*party{p})
		return p.outcome, p.err
	}
	ctx, cancel := context.WithTimeout(ctx, l.catalog.settings.CommitDeadline)
	defer cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
		if l.withdraw(line, p) {
			return nil, errWaited(ctx.Err())
		}
		<-p.done // it is under way, which has an end
	}
	telemetry.Join(ctx, "wait for the table", p.since, p.fold)
	return p.outcome, p.err
}

func (l *lines) run(ctx context.Context, at *line, parties []*party) {
	f := &fold{Catalog: l.catalog, parties: parties, observe: func(d document) { l.observe(at, d) }}
	defer l.coming.answer(at.key, nil) // or it is answered by now
	f.run(ctx)
}

// enter begins a line, or takes a place in one.
func (l *lines) enter(ctx context.Context, p *party) (at *line, alone bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at = l.busy[p.key]
	if at == nil {
		at = &line{key: p.key}
		l.busy[p.key] = at
		return at, true, nil
	}
	if len(at.queue) >= l.limits.Waiting || l.waiting+p.bytes > l.limits.WaitingBytes {
		return nil, false, fault.New(fault.Overloaded, "too many commits wait for %s already", p.member.id)
	}
	p.ctx, p.done, p.since, p.member.first = ctx, make(chan struct{}), time.Now(), at.head
	at.queue = append(at.queue, p)
	l.waiting += p.bytes
	return at, false, nil
}

// observe notes what the table is: whoever comes from now on may know of it, and
// so may those who wait and came before anything was known.
func (l *lines) observe(at *line, head document) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at.head = head
	for _, p := range at.queue {
		if p.member.first == nil {
			p.member.first = head
		}
	}
}

// withdraw takes a party out of the queue, if it is there still.
func (l *lines) withdraw(at *line, p *party) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := slices.Index(at.queue, p)
	if place < 0 {
		return false
	}
	at.queue = slices.Delete(at.queue, place, place+1)
	l.waiting -= p.bytes
	return true
}

// leave hands the table to those who wait, else ends the line.
func (l *lines) leave(at *line) {
	if parties := l.take(at); parties != nil {
		go l.drain(at, parties)
	}
}

func (l *lines) drain(at *line, parties []*party) {
	for ; parties != nil; parties = l.take(at) {
		l.together(at, parties)
	}
}

// take removes the next fold from the queue; when nobody waits it ends the line
// and returns nil. A fold is of one principal, so that the history tells who made
// a version, and has one party an operation; others keep their places.
func (l *lines) take(at *line) []*party {
	l.mu.Lock()
	defer l.mu.Unlock()
	var parties, rest []*party
	admit := l.gather()
	for _, p := range at.queue {
		if admit(p) {
			parties = append(parties, p)
			l.waiting -= p.bytes
		} else {
			rest = append(rest, p)
		}
	}
	at.queue = rest
	if parties == nil {
		delete(l.busy, at.key)
	}
	return parties
}

// gather begins a fold. It is shown the queue in its order and says who is in.
func (l *lines) gather() (admit func(*party) bool) {
	var principal string
	var bytes int64
	operations, full := map[uuid.UUID]bool{}, false
	return func(p *party) bool {
		if len(operations) == 0 {
			principal = p.request.Principal
		}
		if full || p.request.Principal != principal || operations[p.op.ID] {
			return false
		}
		if full = len(operations) == l.limits.Members || bytes+p.bytes > l.limits.Bytes && len(operations) > 0; full {
			return false
		}
		operations[p.op.ID] = true
		bytes += p.bytes
		return true
	}
}

// together folds parties, without those whose clients have gone meanwhile.
func (l *lines) together(at *line, parties []*party) {
	ctx, cancel := context.WithTimeout(context.Background(), l.catalog.settings.CommitDeadline)
	defer cancel()
	ctx, span := traced(ctx, parties)
	defer func() {
		cause := recover()
		span.End()
		for _, p := range parties {
			if cause != nil && p.outcome == nil && p.err == nil {
				p.err = p.unknown(fmt.Errorf("panic: %v", cause))
			}
			close(p.done)
		}
		if cause != nil {
			l.catalog.log.ErrorContext(ctx, "panic in a fold", "panic", cause, "stack", string(debug.Stack()))
		}
	}()
	staying := make([]*party, 0, len(parties))
	for _, p := range parties {
		if p.ctx.Err() != nil {
			p.err = errWaited(p.ctx.Err())
		} else {
			staying = append(staying, p)
		}
	}
	l.run(ctx, at, staying)
}

// traced begins the span of a fold.
func traced(ctx context.Context, parties []*party) (context.Context, oteltrace.Span) {
	requests := make([]oteltrace.SpanContext, len(parties))
	for i, p := range parties {
		requests[i] = telemetry.Traced(p.ctx)
	}
	ctx, span := telemetry.Together(ctx, "fold of commits", requests)
	for _, p := range parties {
		p.fold = span.SpanContext()
	}
	return ctx, span
}

// errWaited is the end of a commit that never began.
func errWaited(cause error) error {
	e := fault.Wrap(fault.Unavailable, cause, "the commit waited too long for others to the same table")
	e.RetryAfter = time.Second
	return e
}
