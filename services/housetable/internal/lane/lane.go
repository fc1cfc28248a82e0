// Package lane decides which calls go to the store together: commits, and point
// reads.
//
// While a slot is free a caller's call runs at once and alone; when all slots
// are busy calls queue up, and the next slot to come free takes what has queued
// as one batch. So batching costs nothing at low load and one round trip serves
// many at high load. It promises that the queue is bounded, that a commit, once
// handed to the store, is carried to its end although the caller goes away, that
// no two commits of one batch have a claim in common, and that a read sees all
// that was acknowledged before it was asked for.
package lane

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Limits of a lane.
type Limits struct {
	// Slots is how many batches run at a time.
	Slots int
	// Batch is the most calls in one batch.
	Batch int
	// Queue is the most calls that wait.
	Queue int
	// Timeout ends a batch that the store does not answer.
	Timeout time.Duration
}

// retryAfter is when a full queue is worth another try.
const retryAfter = time.Second

// line is the queue in front of the slots for one sort of call; Q is what a
// caller asks and A what it is answered.
type line[Q, A any] struct {
	what   string
	limits Limits
	flow   flow
	// run hands calls to the store and returns an answer for each. A single call
	// comes with its caller's context, a batch with none of its callers'.
	run func(ctx context.Context, calls []Q) ([]A, error)
	// gather begins a batch. The function it returns is shown the queue in its
	// order and says which calls may be in the batch.
	gather func() (admit func(Q) bool)

	mu    sync.Mutex
	free  int
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

// departure says that ctx ended before the call was answered: handed is set when
// the store has it already.
type departure struct {
	handed bool
	cause  error
}

func (d departure) Error() string { return "the caller left: " + d.cause.Error() }
func (d departure) Unwrap() error { return d.cause }

// do carries one call through. It fails with a departure when ctx ends first.
func (l *line[Q, A]) do(ctx context.Context, call Q) (A, error) {
	w, alone, err := l.enter(call)
	if err != nil {
		var none A
		return none, err
	}
	if alone {
		defer l.leave()
		l.flow.began(ctx, 0)
		a := l.answer(ctx, []Q{call})[0]
		return a.value, a.err
	}
	select {
	case a := <-w.done:
		return a.value, a.err
	case <-ctx.Done():
		var none A
		return none, departure{handed: !l.withdraw(w), cause: ctx.Err()}
	}
}

// enter takes a free slot, or a place in the queue.
func (l *line[Q, A]) enter(call Q) (w *waiting[Q, A], alone bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free > 0 {
		l.free--
		return nil, true, nil
	}
	if len(l.queue) >= l.limits.Queue {
		e := fault.New(fault.Overloaded, "too many %s wait already", l.what)
		e.RetryAfter = retryAfter
		return nil, false, e
	}
	w = &waiting[Q, A]{call: call, since: time.Now(), done: make(chan answer[A], 1)}
	l.queue = append(l.queue, w)
	return w, false, nil
}

// withdraw takes a call out of the queue, if it is there still.
func (l *line[Q, A]) withdraw(w *waiting[Q, A]) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.Index(l.queue, w)
	if at < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, at, at+1)
	return true
}

// leave hands the slot to what has queued, else gives it back.
func (l *line[Q, A]) leave() {
	if batch := l.take(); batch != nil {
		go l.drain(batch)
	}
}

// drain runs batches until the queue is empty. It runs in as many goroutines
// as there are slots at most, each ending with its slot.
func (l *line[Q, A]) drain(batch []*waiting[Q, A]) {
	for ; batch != nil; batch = l.take() {
		calls, waits := make([]Q, len(batch)), make([]time.Duration, len(batch))
		for i, w := range batch {
			calls[i], waits[i] = w.call, time.Since(w.since)
		}
		ctx := context.Background()
		l.flow.began(ctx, waits...)
		for i, a := range l.answer(ctx, calls) {
			batch[i].done <- a
		}
	}
}

// take removes the next batch from the queue; when nothing waits it gives the
// slot back and returns nil. Calls that are not admitted keep their place.
func (l *line[Q, A]) take() []*waiting[Q, A] {
	l.mu.Lock()
	defer l.mu.Unlock()
	var batch []*waiting[Q, A]
	admit := l.gather()
	rest := l.queue[:0]
	for _, w := range l.queue {
		if admit(w.call) && len(batch) < l.limits.Batch {
			batch = append(batch, w)
		} else {
			rest = append(rest, w)
		}
	}
	clear(l.queue[len(rest):])
	l.queue = rest
	if batch == nil {
		l.free++
	}
	return batch
}

// answer runs calls and spreads what came of it over them.
func (l *line[Q, A]) answer(ctx context.Context, calls []Q) []answer[A] {
	values, err := l.run(ctx, calls)
	answers := make([]answer[A], len(calls))
	for i := range answers {
		answers[i].err = err
		if err == nil {
			answers[i].value = values[i]
		}
	}
	return answers
}
