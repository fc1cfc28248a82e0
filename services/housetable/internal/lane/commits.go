package lane

import (
	"context"
	"errors"
	"slices"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Lane is the way of commits to one store: group commit.
type Lane struct {
	line line[claimant, housetable.Verdict]
}

// claimant is a commit with what it lays claim to.
type claimant struct {
	commit housetable.Commit
	claims []string
}

// New makes a lane to store.
func New(store housetable.Committer, limits Limits) *Lane {
	return &Lane{line[claimant, housetable.Verdict]{
		what: "commits", limits: limits, free: limits.Slots, gather: ofOneSort,
		run: func(ctx context.Context, claimants []claimant) ([]housetable.Verdict, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limits.Timeout) // no caller can cut it short
			defer cancel()
			commits := make([]housetable.Commit, len(claimants))
			for i, c := range claimants {
				commits[i] = c.commit
			}
			return store.Commit(ctx, commits)
		},
	}}
}

// ofOneSort admits either single swaps alone, which are little work together, or
// all but those, as the first in the queue is; and of these what is apart from
// rivals.
func ofOneSort() func(claimant) bool {
	apart := apartFromRivals()
	var swaps, begun bool
	return func(c claimant) bool {
		swap := c.commit.SingleSwap()
		if !begun {
			swaps, begun = swap, true
		}
		return apart(c) && swap == swaps
	}
}

// apartFromRivals admits commits that share no claim with one before them, be
// that in the batch or left behind: rivals keep their order.
func apartFromRivals() func(claimant) bool {
	claimed := map[string]bool{}
	return func(c claimant) bool {
		rival := slices.ContainsFunc(c.claims, func(claim string) bool { return claimed[claim] })
		for _, claim := range c.claims {
			claimed[claim] = true
		}
		return !rival
	}
}

// Commit carries one commit to the store and returns its verdict. When ctx ends
// before the commit was handed to the store nothing was written (Unavailable);
// afterwards the outcome is unknown (UnknownOutcome).
func (l *Lane) Commit(ctx context.Context, c housetable.Commit) (housetable.Verdict, error) {
	verdict, err := l.line.do(ctx, claimant{commit: c, claims: c.Claims()})
	var left departure
	switch {
	case !errors.As(err, &left):
		return verdict, err
	case left.handed:
		return nil, fault.Wrap(fault.UnknownOutcome, left.cause, "the caller left before the commit was answered")
	default:
		return nil, fault.Wrap(fault.Unavailable, left.cause, "the commit waited too long for its turn")
	}
}
