// Package line owns how calls that queue up go together.
//
// While a slot is free a caller's call runs at once and alone; when all slots
// are busy calls queue up, and the next slot to come free takes what has queued
// as one batch. So batching costs nothing at low load and one round trip serves
// many at high load. It promises that the queue is bounded, that a call runs
// only after it was asked for, and that a caller who leaves costs the others
// nothing.
package line

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Limits of a line.
type Limits struct {
	// Slots is how many batches run at a time.
	Slots int
	// Batch is the most calls in one batch.
	Batch int
	// Queue is the most calls that wait.
	Queue int
	// Patience, when set, is how long a batch keeps its slot: one that hangs does
	// not hold up the others.
	Patience time.Duration
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

	mu    sync.Mutex
	busy  int
	queue []*waiting[Q, A]
}

// waiting is a call in the queue.
type waiting[Q, A any] struct {
	call  Q
	since time.Time
	done  chan answer[A]
}

type answer[A any] struct {
	value A
	err   error
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
	w, alone, err := l.enter(call)
	if err != nil {
		var none A
		return none, err
	}
	if alone {
		return l.runAlone(ctx, call)
	}
	select {
	case a := <-w.done:
		return a.value, a.err
	case <-ctx.Done():
		var none A
		return none, DepartureError{Handed: !l.withdraw(w), Cause: ctx.Err()}
	}
}

func (l *Line[Q, A]) runAlone(ctx context.Context, call Q) (A, error) {
	still := l.hold()
	defer func() {
		if still() {
			l.leave()
		}
	}()
	l.began(ctx, 0)
	a := l.answer(ctx, []Q{call})[0]
	return a.value, a.err
}

// enter takes a free slot, or a place in the queue.
func (l *Line[Q, A]) enter(call Q) (w *waiting[Q, A], alone bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy < l.Limits.Slots {
		l.busy++
		return nil, true, nil
	}
	if len(l.queue) >= l.Limits.Queue {
		e := fault.New(fault.Overloaded, "too many %s wait already", l.What)
		e.RetryAfter = retryAfter
		return nil, false, e
	}
	w = &waiting[Q, A]{call: call, since: time.Now(), done: make(chan answer[A], 1)}
	l.queue = append(l.queue, w)
	return w, false, nil
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

// hold begins the time for which a batch keeps its slot, and the function that
// it returns ends it: the slot is the batch's still, unless patience has ended
// and the slot went on without it.
func (l *Line[Q, A]) hold() (still func() bool) {
	if l.Limits.Patience == 0 {
		return func() bool { return true }
	}
	return time.AfterFunc(l.Limits.Patience, l.leave).Stop
}

// leave hands the slot to what has queued, else gives it back.
func (l *Line[Q, A]) leave() {
	if batch := l.take(); batch != nil {
		go l.drain(batch)
	}
}

// drain runs batches until the queue is empty or its slot went on without it. It
// runs in as many goroutines as there are slots, and those that have lost theirs.
func (l *Line[Q, A]) drain(batch []*waiting[Q, A]) {
	for batch != nil {
		still := l.hold()
		l.runTogether(batch)
		if !still() {
			return
		}
		batch = l.take()
	}
}

func (l *Line[Q, A]) runTogether(batch []*waiting[Q, A]) {
	calls, waits := make([]Q, len(batch)), make([]time.Duration, len(batch))
	for i, w := range batch {
		calls[i], waits[i] = w.call, time.Since(w.since)
	}
	ctx := context.Background()
	l.began(ctx, waits...)
	for i, a := range l.answer(ctx, calls) {
		batch[i].done <- a
	}
}

// take removes the next batch from the queue; when nothing waits it gives the
// slot back and returns nil. Calls that are not admitted keep their place.
func (l *Line[Q, A]) take() []*waiting[Q, A] {
	l.mu.Lock()
	defer l.mu.Unlock()
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
	if batch == nil {
		l.busy--
	}
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
