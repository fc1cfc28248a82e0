// Package lane owns group commit: it decides which commits go to the store
// together.
//
// While a slot is free a caller's commit runs at once and alone; when all slots
// are busy commits queue up, and the next slot to come free takes what has
// queued as one batch. So batching costs nothing at low load and one round trip
// serves many at high load. It promises that a commit, once handed to the
// store, is carried to its end although the caller goes away, that the queue is
// bounded, and that no two commits of one batch have a claim in common.
package lane

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Limits of a lane.
type Limits struct {
	// Slots is how many batches run at a time.
	Slots int
	// Batch is the most commits in one batch.
	Batch int
	// Queue is the most commits that wait.
	Queue int
	// Timeout ends a batch that the store does not answer.
	Timeout time.Duration
}

// retryAfter is when a full queue is worth another try.
const retryAfter = time.Second

// Lane is the way of commits to one store.
type Lane struct {
	store  housetable.Committer
	limits Limits

	mu    sync.Mutex
	free  int
	queue []*waiting
}

// waiting is a commit in the queue.
type waiting struct {
	commit housetable.Commit
	claims []string
	done   chan answer
}

type answer struct {
	verdict housetable.Verdict
	err     error
}

// New makes a lane to store.
func New(store housetable.Committer, limits Limits) *Lane {
	return &Lane{store: store, limits: limits, free: limits.Slots}
}

// Commit carries one commit to the store and returns its verdict. When ctx ends
// before the commit was handed to the store nothing was written (Unavailable);
// afterwards the outcome is unknown (UnknownOutcome).
func (l *Lane) Commit(ctx context.Context, c housetable.Commit) (housetable.Verdict, error) {
	w, alone, err := l.enter(c)
	if err != nil {
		return nil, err
	}
	if alone {
		defer l.leave()
		a := l.run(ctx, []housetable.Commit{c})[0]
		return a.verdict, a.err
	}
	select {
	case a := <-w.done:
		return a.verdict, a.err
	case <-ctx.Done():
		if l.withdraw(w) {
			return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "the commit waited too long for its turn")
		}
		return nil, fault.Wrap(fault.UnknownOutcome, ctx.Err(), "the caller left before the commit was answered")
	}
}

// enter takes a free slot, or a place in the queue.
func (l *Lane) enter(c housetable.Commit) (w *waiting, alone bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free > 0 {
		l.free--
		return nil, true, nil
	}
	if len(l.queue) >= l.limits.Queue {
		e := fault.New(fault.Overloaded, "too many commits wait already")
		e.RetryAfter = retryAfter
		return nil, false, e
	}
	w = &waiting{commit: c, claims: c.Claims(), done: make(chan answer, 1)}
	l.queue = append(l.queue, w)
	return w, false, nil
}

// withdraw takes a commit out of the queue, if it is there still.
func (l *Lane) withdraw(w *waiting) bool {
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
func (l *Lane) leave() {
	if batch := l.take(); batch != nil {
		go l.drain(batch)
	}
}

// drain runs batches until the queue is empty. It runs in as many goroutines
// as there are slots at most, each ending with its slot.
func (l *Lane) drain(batch []*waiting) {
	for ; batch != nil; batch = l.take() {
		commits := make([]housetable.Commit, len(batch))
		for i, w := range batch {
			commits[i] = w.commit
		}
		for i, a := range l.run(context.Background(), commits) {
			batch[i].done <- a
		}
	}
}

// take removes the next batch from the queue; when nothing waits it gives the
// slot back and returns nil. Commits that share a claim with one before them
// keep their place for the next batch.
func (l *Lane) take() []*waiting {
	l.mu.Lock()
	defer l.mu.Unlock()
	var batch []*waiting
	claimed := map[string]bool{}
	rest := l.queue[:0]
	for _, w := range l.queue {
		if len(batch) == l.limits.Batch || slices.ContainsFunc(w.claims, func(c string) bool { return claimed[c] }) {
			rest = append(rest, w)
		} else {
			batch = append(batch, w)
		}
		for _, c := range w.claims { // of those left behind too: rivals keep their order
			claimed[c] = true
		}
	}
	clear(l.queue[len(rest):])
	l.queue = rest
	if batch == nil {
		l.free++
	}
	return batch
}

// run is one call of the store that no caller can cut short.
func (l *Lane) run(ctx context.Context, commits []housetable.Commit) []answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.limits.Timeout)
	defer cancel()
	verdicts, err := l.store.Commit(ctx, commits)
	answers := make([]answer, len(commits))
	for i := range answers {
		answers[i].err = err
		if err == nil {
			answers[i].verdict = verdicts[i]
		}
	}
	return answers
}
