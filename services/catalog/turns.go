package catalog

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// How long who lost a race for a table waits for the turn to try again.
const (
	// turnLasts is how long others go on winning before one is let go who lost.
	turnLasts = 40 * time.Millisecond
	// silence is how long nobody comes before that, and nextComes how long who is let
	// go has for coming back.
	silence   = 2 * time.Millisecond
	nextComes = 5 * time.Millisecond
	// prompt commits take no longer than that: who is let go before one is written can
	// wait until it is true.
	prompt = 5 * time.Millisecond
	// turnsLimit bounds the wait altogether.
	turnsLimit = time.Second
	// turnsWaiting is the most that wait for one table; more are told at once.
	turnsWaiting = 256
)

// turns tell those who lost a race for a table one after another. Of many writers
// who look at the same version one alone can win, and all who are told of it at once
// look at the same version again: the more of them, the more work is for nothing.
//
// Whoever wins knows the new version first, and can go on winning at no cost to
// anybody. Their turn ends when nobody comes for a while, or has lasted long enough:
// then the first goes who lost. In the latter case who won last is not told before the
// other had time to come back, or they would be ahead of them for ever. Where the last
// to be let go had no more to commit than what they lost with, the next turn ends with
// its first commit: there is nothing to be silent for.
//
// Where commits are prompt the first is let go while the last of the turn is written: by
// the time it is true they have come back to look what it made.
type turns struct {
	// busy reports whether commits to a table are under way.
	busy func(lineKey) bool
	// expect has who is let go before a commit is written wait for it.
	expect func(lineKey)

	mu     sync.Mutex
	losers map[lineKey]*losers       // of tables for which anybody waits
	next   map[lineKey]chan struct{} // closed when the next commit to a table begins
}

// losers of one table, in the order in which they lost.
type losers struct {
	waiting []chan struct{}
	began   time.Time // the turn
	// commits began in the turn. Where the one before had one alone, single tells that
	// it was.
	commits int
	single  bool
	// wrote is when the last commit began to be written, and took how long one took to
	// be true from there.
	wrote time.Time
	took  time.Duration
	// quiet ends the turn at the time until, when nothing is under way.
	quiet *time.Timer
	until time.Time
}

func newTurns(busy func(lineKey) bool, expect func(lineKey)) *turns {
	return &turns{busy: busy, expect: expect, losers: map[lineKey]*losers{}, next: map[lineKey]chan struct{}{}}
}

// before begins a commit to a table, for which somebody may wait.
func (t *turns) before(key lineKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if next := t.next[key]; next != nil {
		close(next)
		delete(t.next, key)
	}
	if l := t.losers[key]; l != nil {
		l.commits++
	}
}

// after ends a commit to a table: who lost waits for a turn, and who won for whoever
// has the next one.
func (t *turns) after(ctx context.Context, key lineKey, err error) {
	switch {
	case fault.Is(err, fault.CommitFailed):
		await(ctx, key, t.enter(key), turnsLimit, t.leave)
	case err == nil:
		await(ctx, key, t.ended(key), nextComes, t.forget)
	default:
		t.forget(key, t.ended(key))
	}
}

// await returns when what is awaited is closed, or there is nothing to wait for; or gives
// it up after so long, or when ctx ends.
func await(ctx context.Context, key lineKey, closed chan struct{}, limit time.Duration, giveUp func(lineKey, chan struct{})) {
	if closed == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-closed:
	case <-ctx.Done():
		giveUp(key, closed)
	}
}

// ended lets the first go when the turn has lasted long enough; next is closed when
// they are back, and nil where the turn goes on.
func (t *turns) ended(key lineKey) (next chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.losers[key]
	if l != nil {
		l.took = time.Since(l.wrote)
	}
	switch next := t.next[key]; {
	case l == nil:
		return next
	case next != nil:
		l.wait(nextComes)
		return next
	case !l.over():
		l.wait(silence)
		return nil
	}
	return t.pass(key, l)
}

// writing tells that a commit is about to be written. If it is prompt, and the turn ends
// with it, the first is let go, and it is expected before that: they look at once.
func (t *turns) writing(key lineKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.losers[key]
	if l == nil {
		return
	}
	l.wrote = time.Now()
	if l.took == 0 || l.took > prompt || t.next[key] != nil || !l.over() {
		return
	}
	t.expect(key)
	if t.pass(key, l); len(l.waiting) > 0 {
		l.wait(prompt + nextComes)
	}
}

// pass lets the first go, and returns what is closed when the next commit begins.
func (t *turns) pass(key lineKey, l *losers) (next chan struct{}) {
	t.letGo(key, l)
	if t.next[key] == nil {
		t.next[key] = make(chan struct{})
	}
	return t.next[key]
}

// silent lets the first go when nobody else commits.
func (t *turns) silent(key lineKey) {
	busy := t.busy(key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.losers[key]; l != nil && !busy {
		l.single = l.commits == 1
		t.letGo(key, l)
	}
}

// over reports whether a turn has lasted long enough, or ends with its first commit. A
// further one that has begun meanwhile may be of whoever had the turn before: they do come
// again.
func (l *losers) over() bool {
	if time.Since(l.began) >= turnLasts {
		return true
	}
	l.single = l.single && l.commits == 1
	return l.single
}

func (t *turns) letGo(key lineKey, l *losers) {
	l.began, l.commits = time.Now(), 0
	l.wait(nextComes)
	close(l.waiting[0])
	t.remove(key, l, 0)
}

// wait ends the turn so late, or later, if nothing is under way then.
func (l *losers) wait(quiet time.Duration) {
	if until := time.Now().Add(quiet); until.After(l.until) {
		l.until = until
		l.quiet.Reset(quiet)
	}
}

// forget stops waiting for the next commit.
func (t *turns) forget(key lineKey, next chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next[key] == next {
		delete(t.next, key)
	}
}

// enter takes the last place. There is none where too many wait.
func (t *turns) enter(key lineKey) (turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.losers[key]
	if l == nil {
		l = &losers{began: time.Now(), quiet: time.AfterFunc(silence, func() { t.silent(key) })}
		t.losers[key] = l
	}
	l.wait(silence)
	if len(l.waiting) >= turnsWaiting {
		return nil
	}
	turn = make(chan struct{})
	l.waiting = append(l.waiting, turn)
	return turn
}

// leave gives the place up.
func (t *turns) leave(key lineKey, turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.losers[key]
	if l == nil {
		return
	}
	if place := slices.Index(l.waiting, turn); place >= 0 {
		t.remove(key, l, place)
	}
}

func (t *turns) remove(key lineKey, l *losers, place int) {
	if l.waiting = slices.Delete(l.waiting, place, place+1); len(l.waiting) == 0 {
		l.quiet.Stop()
		delete(t.losers, key)
	}
}
