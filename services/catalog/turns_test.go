package catalog

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
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

	under    atomic.Int32 // commits under way
	expected []int        // how many were told when a commit was expected
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

// commit takes so long, and succeeds; then it is told within the time that is returned.
func (r *race) commit(takes time.Duration) (told time.Duration) {
	r.before(contended)
	return r.end(takes)
}

// end carries a commit through that has begun.
func (r *race) end(takes time.Duration) (told time.Duration) {
	r.under.Add(1)
	time.Sleep(takes)
	r.under.Add(-1)
	began := time.Now()
	r.after(context.Background(), contended, nil)
	return time.Since(began)
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func raced(t *testing.T, test func(r *race)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &race{T: t}
		r.turns = newTurns(func(lineKey) bool { return r.under.Load() > 0 },
			func(lineKey) { r.expected = append(r.expected, len(r.told())) })
		test(r)
		pass(turnsLimit)
		if len(r.losers)+len(r.next) > 0 {
			t.Errorf("nobody waits, and %v and %v are kept", r.losers, r.next)
		}
	})
}

// Whoever wins goes on for a turn, and then waits for who is let go.
func TestTurnsEnd(t *testing.T) {
	raced(t, func(r *race) {
		const takes = 4 * time.Millisecond
		r.lose(r.Context(), 2)
		for passed := takes; passed < turnLasts; passed += takes {
			if waited := r.commit(takes); waited > 0 || len(r.told()) > 0 {
				r.Fatalf("after %s who won waited for %s, and %v were told", passed, waited, r.told())
			}
		}
		const comes = time.Millisecond
		time.AfterFunc(takes+comes, func() { r.before(contended) })
		if waited := r.commit(takes); waited != comes || !slices.Equal(r.told(), []int{0}) {
			r.Errorf("at the end of a turn who won waited for %s, and %v were told", waited, r.told())
		}
		if waited := r.commit(turnLasts); waited != nextComes || !slices.Equal(r.told(), []int{0, 1}) {
			r.Errorf("who won waited for %s for somebody who does not come, and %v were told", waited, r.told())
		}
	})
}

// Where commits are prompt the next is let go before the last of a turn is written, and
// who won waits for them all the same.
func TestPromptTurnsEndEarly(t *testing.T) {
	for takes, early := range map[time.Duration]int{prompt: 1, prompt + 1: 0} {
		raced(t, func(r *race) {
			r.lose(r.Context(), 2)
			r.before(contended)
			if r.writing(contended); len(r.told())+len(r.expected) > 0 {
				r.Fatal("a turn ended before its time")
			}
			r.end(takes)
			r.before(contended)
			r.under.Add(1)
			pass(turnLasts) // until it is written
			r.under.Add(-1)
			r.writing(contended)
			r.writing(contended)
			if len(r.told()) != early || !slices.Equal(r.expected, make([]int, early)) {
				r.Fatalf("commits take %s, and at the end of a turn %v were told before one was written, expected when so many were: %d",
					takes, r.told(), r.expected)
			}
			time.AfterFunc(takes+time.Millisecond, func() { r.before(contended) })
			if waited := r.end(takes); waited != time.Millisecond || !slices.Equal(r.told(), []int{0}) {
				r.Errorf("who won waited for %s for who was let go: %v", waited, r.told())
			}
			if pass(nextComes); len(r.told()) != 2 {
				r.Errorf("%v were told when it was silent", r.told())
			}
		})
	}
}

// Where nobody commits, each goes when the one before had time to come back.
func TestSilenceEndsTurns(t *testing.T) {
	raced(t, func(r *race) {
		r.lose(r.Context(), 3)
		for i, passes := range []time.Duration{silence, nextComes, nextComes} {
			pass(passes - 1)
			if len(r.told()) != i {
				r.Fatalf("%v were told before it was silent for %s", r.told(), passes)
			}
			pass(1)
		}
		if !slices.Equal(r.told(), []int{0, 1, 2}) {
			r.Error(r.told())
		}
	})
}

// Where who was let go commits once and no more, the next is let go with the commit; until
// somebody comes again.
func TestSingleCommitsAreTurns(t *testing.T) {
	raced(t, func(r *race) {
		const takes = 4 * time.Millisecond
		r.lose(r.Context(), 5)
		pass(silence)
		told := func(many int, why string) {
			if got := len(r.told()); got != many {
				r.Fatalf("%s %d were told, wanted %d", why, got, many)
			}
		}
		r.commit(takes)
		told(1, "when the first had committed")
		pass(silence)
		told(2, "when they had not come again")
		time.AfterFunc(takes+time.Millisecond, func() { r.before(contended) })
		if waited := r.commit(takes); waited != time.Millisecond {
			r.Errorf("the second waited for %s until the third was back", waited)
		}
		told(3, "when the second had committed")
		r.before(contended)
		r.end(takes / 2) // not as long as the third has for coming back
		told(3, "when the third had, and the second was there again")
		pass(silence)
		told(4, "when they were not there any more")
	})
}

// While somebody commits it is not silent, and then it takes as long again.
func TestCommitsAreNoSilence(t *testing.T) {
	for name, err := range map[string]error{"won": nil, "lost": errLost, "failed": fault.New(fault.Unavailable, "not known")} {
		raced(t, func(r *race) {
			r.lose(r.Context(), 1)
			r.under.Add(1)
			pass(turnLasts - silence)
			r.under.Add(-1)
			go r.after(r.Context(), contended, err)
			if pass(silence - 1); len(r.told()) > 0 {
				r.Errorf("%s: somebody was told beside a commit", name)
			}
			if pass(1); len(r.told()) != 1 {
				r.Errorf("%s: nobody was told after it", name)
			}
		})
	}
}

func TestOthersAreNoTurn(t *testing.T) {
	raced(t, func(r *race) {
		r.lose(r.Context(), 1)
		r.under.Add(1)
		pass(turnLasts)
		r.after(r.Context(), lineKey{"w", "table\x00n\x00other"}, nil)
		if len(r.told()) > 0 {
			r.Error("it was told of a turn that was another table's")
		}
		r.under.Add(-1)
		r.after(r.Context(), contended, fault.New(fault.Unavailable, "not known"))
		if len(r.told()) != 1 {
			r.Error("a commit that failed kept the turn")
		}
	})
}

func TestNobodyWaitsForEver(t *testing.T) {
	raced(t, func(r *race) {
		r.lose(r.Context(), 3)
		r.under.Add(1)
		pass(turnsLimit)
		if len(r.told()) != 3 {
			r.Errorf("%v were told within %s", r.told(), turnsLimit)
		}
	})
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
		if pass(silence); len(r.told()) != 2 {
			r.Error("the next one waits for who has gone")
		}
	})
}

// Who finds no place to wait ends a commit as others do.
func TestTooManyEndCommitsToo(t *testing.T) {
	raced(t, func(r *race) {
		r.lose(r.Context(), turnsWaiting)
		r.under.Add(1)
		pass(silence)
		r.under.Add(-1)
		r.lose(r.Context(), 1)
		if pass(silence); len(r.told()) != 2 {
			r.Errorf("%d were told, the one too many and one after the silence are due", len(r.told()))
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
