package catalog

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pause"
)

// lostAnswerError means that a commit was sent and nobody knows what became of it.
type lostAnswerError struct{ cause error }

func (l lostAnswerError) Error() string { return "the answer to a commit was lost: " + l.cause.Error() }
func (l lostAnswerError) Unwrap() error { return l.cause }

// insist sends a commit until its answer is known, though the client may be
// gone: to drop it halfway would leave everybody guessing. lost tells that an
// answer was lost on the way. It fails with a lostAnswerError at the deadline;
// any other error means that nothing was written.
func (c *Catalog) insist(ctx context.Context, commit Commit) (verdict Verdict, lost bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.settings.CommitDeadline)
	defer cancel()
	for n := 0; ; n++ {
		if n > 0 {
			c.measures.resends.Add(ctx, 1)
		}
		verdict, err = c.send(ctx, commit)
		lost = lost || fault.Is(err, fault.UnknownOutcome)
		switch {
		case err == nil:
			if lost {
				c.measures.unknown(ctx, true)
			}
			return verdict, lost, nil
		case fault.Is(err, fault.OperationReused):
			return Verdict{}, lost, errKeyReused()
		case !lost:
			return Verdict{}, false, err // nothing was written
		case pause.IfTime(ctx, backoff(n)) != nil:
			c.measures.unknown(ctx, false)
			return Verdict{}, true, lostAnswerError{err}
		}
	}
}

// neverApplied reports whether an error of insist tells that the commit was turned
// away: nothing of it is anywhere, nor can it arrive any more. What nobody
// foresaw tells nothing.
func neverApplied(err error) bool {
	if _, lost := errors.AsType[lostAnswerError](err); lost {
		return false
	}
	return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Overloaded) || fault.Is(err, fault.NoSuchWarehouse)
}

func (c *Catalog) send(ctx context.Context, commit Commit) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settings.AttemptTimeout)
	defer cancel()
	return c.pointers.Commit(ctx, commit)
}

// giveWay spreads the attempts of rivals by a little chance.
func giveWay(ctx context.Context, tries int) error {
	if tries == 0 {
		return nil
	}
	limit := min(time.Duration(tries)*2*time.Millisecond, 20*time.Millisecond)
	return pause.IfTime(ctx, rand.N(limit)) //nolint:gosec // no secret
}

func backoff(n int) time.Duration {
	limit := min(20*time.Millisecond<<min(n, 6), time.Second)
	return limit/2 + rand.N(limit/2) //nolint:gosec // no secret
}
