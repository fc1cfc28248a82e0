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
	// turnAtLeast and turnAtMost bound how long one turn lasts that comes to nothing.
	turnAtLeast = 10 * time.Millisecond
	turnAtMost  = 100 * time.Millisecond
	// turnsLimit bounds the wait altogether.
	turnsLimit = time.Second
	// turnsWaiting is the most that wait for one table; more are told at once.
	turnsWaiting = 256
)

// turns tell those who lost a race for a table one after another. Of many writers
// who look at the same version one alone can win, and all who are told of it at once
// look at the same version again: the more of them, the more work is for nothing.
// So each success lets one go who lost; and when none comes, time does.
type turns struct {
	mu     sync.Mutex
	losers map[lineKey]*losers // of tables for which anybody waits
}

// losers of one table, in the order in which they lost.
type losers struct {
	waiting []chan struct{}
	won     time.Time     // when the last commit succeeded, or the first lost
	turn    time.Duration // how long a turn may last
}

func newTurns() *turns { return &turns{losers: map[lineKey]*losers{}} }

// after ends a commit to a table: success lets the first go who waits, and who
// lost waits.
func (t *turns) after(ctx context.Context, key lineKey, err error) {
	switch {
	case err == nil:
		t.won(key)
	case fault.Is(err, fault.CommitFailed):
		t.wait(ctx, key)
	}
}

func (t *turns) won(key lineKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.losers[key]
	if l == nil {
		return
	}
	now := time.Now()
	l.turn = min(max(2*now.Sub(l.won), turnAtLeast), turnAtMost)
	l.won = now
	close(l.waiting[0])
	t.remove(key, l, 0)
}

// wait returns when it is the caller's turn, at the latest when all before had
// theirs, or when ctx ends.
func (t *turns) wait(ctx context.Context, key lineKey) {
	turn, limit := t.enter(key)
	if turn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-turn:
	case <-ctx.Done():
		t.leave(key, turn)
	}
}

// enter takes the last place. There is none where too many wait.
func (t *turns) enter(key lineKey) (turn chan struct{}, limit time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.losers[key]
	if l == nil {
		l = &losers{won: time.Now(), turn: turnAtLeast}
		t.losers[key] = l
	}
	if len(l.waiting) >= turnsWaiting {
		return nil, 0
	}
	turn = make(chan struct{})
	l.waiting = append(l.waiting, turn)
	return turn, min(time.Duration(len(l.waiting))*l.turn, turnsLimit)
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
		delete(t.losers, key)
	}
}
