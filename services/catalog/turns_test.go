package catalog

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

var (
	contended = lineKey{"w", "table\x00n\x00t"}
	errLost   = fault.New(fault.CommitFailed, "lost")
)

// race is who lost, waiting for their turns, in a bubble.
type race struct {
	*testing.T
	*turns

	answers  sync.Mutex
	answered []int // in order
}

// told are those who lost and were told so.
func (r *race) told() []int {
	synctest.Wait()
	r.answers.Lock()
	defer r.answers.Unlock()
	return slices.Clone(r.answered)
}

// lose has so many lose, one after another.
func (r *race) lose(ctx context.Context, many int) {
	for i := range many {
		go func() {
			r.after(ctx, contended, errLost)
			r.answers.Lock()
			defer r.answers.Unlock()
			r.answered = append(r.answered, i)
		}()
		synctest.Wait()
	}
}

func (r *race) succeed() {
	r.after(context.Background(), contended, nil)
	synctest.Wait()
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func raced(t *testing.T, test func(r *race)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &race{T: t, turns: newTurns()}
		test(r)
		pass(turnsLimit)
		if len(r.losers) > 0 {
			t.Errorf("nobody waits, and %v are kept", r.losers)
		}
	})
}

func TestEachSuccessLetsOneGoWhoLost(t *testing.T) {
	raced(t, func(r *race) {
		r.lose(r.Context(), 3)
		for i := range 3 {
			if len(r.told()) != i {
				r.Fatalf("after %d successes %v were told", i, r.told())
			}
			r.succeed()
		}
		if !slices.Equal(r.told(), []int{0, 1, 2}) {
			r.Error(r.told())
		}
	})
}

func TestOthersAreNoSuccess(t *testing.T) {
	raced(t, func(r *race) {
		r.lose(r.Context(), 1)
		r.after(r.Context(), lineKey{"w", "table\x00n\x00other"}, nil)
		r.after(r.Context(), contended, fault.New(fault.Unavailable, "not known"))
		if len(r.told()) > 0 {
			r.Error("it was told of a success that was none")
		}
	})
}

// Where nobody succeeds each goes when those before had their turns.
func TestTurnsPass(t *testing.T) {
	raced(t, func(r *race) {
		const many = 200
		r.lose(r.Context(), many)
		for i := range many {
			if limit := turnsLimit / turnAtLeast; i < int(limit) && len(r.told()) != i {
				r.Fatalf("after %d turns %d were told", i, len(r.told()))
			}
			pass(turnAtLeast)
		}
		if len(r.told()) != many {
			r.Errorf("%d were told within %s", len(r.told()), many*turnAtLeast)
		}
	})
}

// A turn lasts as long as two successes take: what is slow is not tried more often.
func TestTurnsLastAsCommitsDo(t *testing.T) {
	for _, c := range []struct{ took, lasts time.Duration }{{time.Millisecond, turnAtLeast}, {9 * time.Millisecond, 18 * time.Millisecond}} {
		raced(t, func(r *race) {
			r.lose(r.Context(), 3)
			time.Sleep(c.took)
			r.succeed()
			r.mu.Lock()
			defer r.mu.Unlock()
			if l := r.losers[contended]; l.turn != c.lasts {
				r.Errorf("%s: a turn lasts %s", c.took, l.turn)
			}
		})
	}
}

func TestWhoGoesKeepsNobodyWaiting(t *testing.T) {
	raced(t, func(r *race) {
		ctx, leave := context.WithCancel(r.Context())
		r.lose(ctx, 1)
		r.lose(r.Context(), 1)
		leave()
		if len(r.told()) != 1 {
			r.Fatal("who goes is not told")
		}
		if r.succeed(); len(r.told()) != 2 {
			r.Error("the next one waits for who has gone")
		}
	})
}

func TestTooManyWhoLostAreToldAtOnce(t *testing.T) {
	raced(t, func(r *race) {
		r.lose(r.Context(), turnsWaiting+5)
		if len(r.told()) != 5 {
			r.Errorf("%d of 5 were told", len(r.told()))
		}
	})
}
