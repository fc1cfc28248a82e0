// Package line owns how calls that queue up go together.
//
// A call goes at once while next to nothing is under way; what finds more under
// way queues up, and goes as one batch as soon as it is as much as that, or in turn
// with it. So batching costs a few callers nothing, and many are spread over few
// batches of like size, of which one begins when another ends. Where many are sure to
// come, calls wait for them even if nothing is under way. The package promises that
// the queue and the batches at a time are bounded, that a call waits for others no
// longer than its limits say, that it runs only after it was asked for, and that
// a caller who leaves costs the others nothing.
package line

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// Limits of a line.
type Limits struct {
	// Slots is the most batches at a time.
	Slots int
	// Batch is the most calls in one batch.
	Batch int
	// Queue is the most calls that wait.
	Queue int
	// Patience is how long calls wait for company while a slot is free: while there
	// are fewer of them than are under way. Batches that hang cost no more. Without
	// it every free slot is taken.
	Patience time.Duration
	// InTurn has calls wait, for as long as patience lasts, until nothing is under
	// way, or until they fill a batch; then all go. It is for calls that cost far
	// less than their batch does.
	InTurn bool
	// Company is how long calls that go in turn wait while nothing is under way and
	// callers crowd: until as many are there as were lately. Without it they go at once.
	Company time.Duration
	// Timeout ends a batch that the store does not answer.
	Timeout time.Duration
}

// retryAfter is when a full queue is worth another try.
const retryAfter = time.Second

// Line is the queue in front of the slots for one sort of call; Q is what a
// caller asks and A what it is answered. Its exported fields are set before the
// first call, and not changed any more.
type Line[Q, A any] struct {
	// What the calls are, for people: "reads".
	What   string
	Limits Limits
	// Run makes calls and returns an answer for each. A single call comes with its
	// caller's context, a batch with none of its callers'.
	Run func(ctx context.Context, calls []Q) ([]A, error)
	// Gather begins a batch. The function it returns is shown the queue in its
	// order and says which calls may be in the batch.
	Gather func() (admit func(Q) bool)
	// Began, when set, is told of each batch how long its calls have waited.
	Began func(ctx context.Context, waits ...time.Duration)

	mu sync.Mutex
	// batches are under way, with calls in them.
	batches, calls int
	queue          []*waiting[Q, A]
	// alarm looks after what waits for company at the time rings.
	alarm *time.Timer
	rings time.Time
	crowd crowd
	// free is since when nothing is under way, where that is so.
	free time.Time
}

// waiting is a call in the queue.
type waiting[Q, A any] struct {
	call  Q
	since time.Time
	// traced is where the caller's trace stands, if it has one.
	traced trace.SpanContext
	done   chan answer[A]
}

type answer[A any] struct {
	value A
	err   error
	// batch is the span of what the call went with, if that is traced.
	batch trace.SpanContext
}

// Sharing gathers calls that have a key in common with the first in the queue.
func Sharing[Q any, K comparable](key func(Q) K) (gather func() (admit func(Q) bool)) {
	return func() func(Q) bool {
		var first *K
		return func(call Q) bool {
			k := key(call)
			if first == nil {
				first = &k
			}
			return k == *first
		}
	}
}

// DepartureError is the error of a caller whose context ended before its call was
// answered: Handed is set when the call had left the queue already.
type DepartureError struct {
	Handed bool
	Cause  error
}

// Error implements error.
func (d DepartureError) Error() string { return "the caller left: " + d.Cause.Error() }

// Unwrap returns the context's error.
func (d DepartureError) Unwrap() error { return d.Cause }

// Do carries one call through. It fails with a DepartureError when ctx ends first, and
// with fault.Overloaded when too many wait.
func (l *Line[Q, A]) Do(ctx context.Context, call Q) (A, error) {
	w, alone, err := l.enter(ctx, call)
	if err != nil {
		var none A
		return none, err
	}
	if alone {
		return l.runAlone(ctx, call)
	}
	return l.await(ctx, w)
}

// DoAll carries calls through that came together, each as Do does: what becomes of one
// is no matter of the others.
func (l *Line[Q, A]) DoAll(ctx context.Context, calls []Q) ([]A, []error) {
	values, errs := make([]A, len(calls)), make([]error, len(calls))
	if len(calls) == 1 {
		values[0], errs[0] = l.Do(ctx, calls[0])
		return values, errs
	}
	for i, w := range l.enterAll(ctx, calls) {
		if w == nil {
			errs[i] = l.full()
		} else {
			values[i], errs[i] = l.await(ctx, w)
		}
	}
	return values, errs
}

func (l *Line[Q, A]) await(ctx context.Context, w *waiting[Q, A]) (A, error) {
	select {
	case a := <-w.done:
		telemetry.Join(ctx, "wait for "+l.What, w.since, a.batch)
		return a.value, a.err
	case <-ctx.Done():
		var none A
		return none, DepartureError{Handed: !l.withdraw(w), Cause: ctx.Err()}
	}
}

func (l *Line[Q, A]) runAlone(ctx context.Context, call Q) (A, error) {
	defer l.leave()
	l.began(ctx, 0)
	a := l.answer(ctx, []Q{call})[0]
	return a.value, a.err
}

// enter has the call go alone, or gives it a place in the queue.
func (l *Line[Q, A]) enter(ctx context.Context, call Q) (w *waiting[Q, A], alone bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.crowd.here(now, l.calls+len(l.queue)+1)
	if len(l.queue) == 0 && l.batches < l.Limits.Slots && l.enough(now, 1) {
		l.batches++
		l.calls++
		return nil, true, nil
	}
	if w = l.place(ctx, now, call); w == nil {
		return nil, false, l.full()
	}
	l.start(now)
	return w, false, nil
}

// enterAll gives calls places in the queue: nil to those for which there is none.
func (l *Line[Q, A]) enterAll(ctx context.Context, calls []Q) []*waiting[Q, A] {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.crowd.here(now, l.calls+len(l.queue)+len(calls))
	places := make([]*waiting[Q, A], len(calls))
	for i, call := range calls {
		places[i] = l.place(ctx, now, call)
	}
	l.start(now)
	return places
}

// place is the last one of the queue, or nil.
func (l *Line[Q, A]) place(ctx context.Context, now time.Time, call Q) *waiting[Q, A] {
	if len(l.queue) >= l.Limits.Queue {
		return nil
	}
	w := &waiting[Q, A]{call: call, since: now, traced: telemetry.Traced(ctx), done: make(chan answer[A], 1)}
	l.queue = append(l.queue, w)
	return w
}

func (l *Line[Q, A]) full() error {
	e := fault.New(fault.Overloaded, "too many %s wait already", l.What)
	e.RetryAfter = retryAfter
	return e
}

// enough reports whether so many calls are company enough.
func (l *Line[Q, A]) enough(now time.Time, calls int) bool {
	switch {
	case l.Limits.InTurn && calls < l.Limits.Batch:
		return l.batches == 0 && (l.Limits.Company == 0 || calls >= l.crowd.expected(now))
	default:
		return l.Limits.Patience == 0 || calls >= min(l.calls, l.Limits.Batch)
	}
}

// start begins what batches may begin.
func (l *Line[Q, A]) start(now time.Time) { l.begin(l.due(now)) }

func (l *Line[Q, A]) begin(due [][]*waiting[Q, A]) {
	for _, batch := range due {
		go l.runTogether(batch)
	}
}

// due takes the batches that may begin, and counts them as under way.
func (l *Line[Q, A]) due(now time.Time) (due [][]*waiting[Q, A]) {
	turn := l.turn(now) // of calls of all sorts
	for len(l.queue) > 0 && l.batches < l.Limits.Slots {
		if patient := l.patience(now); !turn && !l.enough(now, len(l.queue)) && patient > 0 {
			l.hurry(now, patient)
			return due
		}
		batch := l.take()
		l.crowd.went(now, len(batch))
		l.batches++
		l.calls += len(batch)
		due = append(due, batch)
	}
	return due
}

// turn reports whether calls that go in turn have it.
func (l *Line[Q, A]) turn(now time.Time) bool {
	switch {
	case !l.Limits.InTurn || l.batches > 0 || len(l.queue) == 0:
		return false
	case l.enough(now, len(l.queue)):
		return true
	case l.patience(now) > 0:
		return false
	}
	l.crowd.stayed(now, len(l.queue))
	return true
}

// patience is how much longer the queue waits for company.
func (l *Line[Q, A]) patience(now time.Time) time.Duration {
	first := l.queue[0].since
	if l.Limits.InTurn && l.batches == 0 {
		if first.Before(l.free) {
			first = l.free
		}
		return l.Limits.Company - now.Sub(first)
	}
	return l.Limits.Patience - now.Sub(first)
}

// hurry looks again when the queue has waited for company long enough.
func (l *Line[Q, A]) hurry(now time.Time, after time.Duration) {
	at := now.Add(after)
	switch {
	case l.rings.After(now) && !at.Before(l.rings): // it looks before that
	case l.alarm == nil:
		l.rings, l.alarm = at, time.AfterFunc(after, l.ring)
	default:
		l.rings = at
		l.alarm.Reset(after)
	}
}

func (l *Line[Q, A]) ring() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.start(time.Now())
}

// leave ends a call that went alone.
func (l *Line[Q, A]) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.start(l.end(1))
}

// end notes that a batch of so many calls is over.
func (l *Line[Q, A]) end(calls int) (now time.Time) {
	l.batches--
	l.calls -= calls
	l.free = time.Now()
	l.crowd.ended(l.free, len(l.queue))
	return l.free
}

// follow ends a batch. The first of those that may begin now is for whoever ran it: a
// goroutine made for each would grow its stack each time.
func (l *Line[Q, A]) follow(batch []*waiting[Q, A]) []*waiting[Q, A] {
	l.mu.Lock()
	defer l.mu.Unlock()
	due := l.due(l.end(len(batch)))
	if len(due) == 0 {
		return nil
	}
	l.begin(due[1:])
	return due[0]
}

// withdraw takes a call out of the queue, if it is there still.
func (l *Line[Q, A]) withdraw(w *waiting[Q, A]) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.Index(l.queue, w)
	if at < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, at, at+1)
	return true
}

// runTogether runs a batch, and those that follow it.
func (l *Line[Q, A]) runTogether(batch []*waiting[Q, A]) {
	for batch != nil {
		l.carry(batch)
		batch = l.follow(batch)
	}
}

// carry runs a batch and hands out what it is answered.
func (l *Line[Q, A]) carry(batch []*waiting[Q, A]) {
	calls, waits, traced := make([]Q, len(batch)), make([]time.Duration, len(batch)), make([]trace.SpanContext, len(batch))
	for i, w := range batch {
		calls[i], waits[i], traced[i] = w.call, time.Since(w.since), w.traced
	}
	ctx, span := telemetry.Together(context.Background(), "batch of "+l.What, traced)
	l.began(ctx, waits...)
	answers := l.answer(ctx, calls)
	span.End()
	for i, a := range answers {
		a.batch = span.SpanContext()
		batch[i].done <- a
	}
}

// take removes the next batch from the queue, in which something waits. Calls
// that are not admitted keep their place.
func (l *Line[Q, A]) take() []*waiting[Q, A] {
	var batch []*waiting[Q, A]
	admit := l.Gather()
	rest := l.queue[:0]
	for _, w := range l.queue {
		if admit(w.call) && len(batch) < l.Limits.Batch {
			batch = append(batch, w)
		} else {
			rest = append(rest, w)
		}
	}
	clear(l.queue[len(rest):])
	l.queue = rest
	return batch
}

func (l *Line[Q, A]) began(ctx context.Context, waits ...time.Duration) {
	if l.Began != nil {
		l.Began(ctx, waits...)
	}
}

// answer runs calls and spreads what came of it over them.
func (l *Line[Q, A]) answer(ctx context.Context, calls []Q) []answer[A] {
	values, err := l.Run(ctx, calls)
	answers := make([]answer[A], len(calls))
	for i := range answers {
		answers[i].err = err
		if err == nil {
			answers[i].value = values[i]
		}
	}
	return answers
}
