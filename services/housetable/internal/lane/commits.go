package lane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/line"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Lane is the way of commits to one store: group commit.
type Lane struct {
	line      line.Line[claimant, housetable.Verdict]
	conflicts *conflicts
}

// claimant is a commit with what it lays claim to.
type claimant struct {
	commit housetable.Commit
	claims []string
}

// New makes a lane to store, which tells of itself through meters.
func New(store housetable.Committer, limits line.Limits, meters metric.MeterProvider) (*Lane, error) {
	meter := meters.Meter(meterName)
	conflicts, err := newConflicts(meter)
	if err != nil {
		return nil, fmt.Errorf("measure conflicts: %w", err)
	}
	l := &Lane{conflicts: conflicts, line: line.Line[claimant, housetable.Verdict]{
		What: "commits", Limits: limits, Gather: ofOneSort, Run: throughTo(store, limits.Timeout),
	}}
	if l.line.Began, err = newFlow(meter, l.line.What); err != nil {
		return nil, fmt.Errorf("measure commits: %w", err)
	}
	return l, nil
}

// throughTo hands commits to the store, and no caller can cut that short.
func throughTo(store housetable.Committer, timeout time.Duration) func(context.Context, []claimant) ([]housetable.Verdict, error) {
	return func(ctx context.Context, claimants []claimant) ([]housetable.Verdict, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		commits := make([]housetable.Commit, len(claimants))
		for i, c := range claimants {
			commits[i] = c.commit
		}
		return store.Commit(ctx, commits)
	}
}

// ofOneSort admits single swaps alone, or single creations, which are little work
// together, or all but those, as the first in the queue is; and of these what is
// apart from rivals.
func ofOneSort() func(claimant) bool {
	apart := apartFromRivals()
	type sort struct{ swap, create bool }
	var first *sort
	return func(c claimant) bool {
		its := sort{swap: c.commit.SingleSwap(), create: c.commit.SingleCreate()}
		if first == nil {
			first = &its
		}
		return apart(c) && its == *first
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
	verdict, err := l.line.Do(ctx, claimantOf(c))
	return l.told(ctx, c, verdict, err)
}

// CommitAll carries commits that came together to the store, each as Commit does.
func (l *Lane) CommitAll(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, []error) {
	claimants := make([]claimant, len(commits))
	for i, c := range commits {
		claimants[i] = claimantOf(c)
	}
	verdicts, errs := l.line.DoAll(ctx, claimants)
	for i, c := range commits {
		verdicts[i], errs[i] = l.told(ctx, c, verdicts[i], errs[i])
	}
	return verdicts, errs
}

func claimantOf(c housetable.Commit) claimant { return claimant{commit: c, claims: c.Claims()} }

// told is what the caller is told of a commit.
func (l *Lane) told(ctx context.Context, c housetable.Commit, verdict housetable.Verdict, err error) (housetable.Verdict, error) {
	var left line.DepartureError
	switch {
	case err == nil:
		l.conflicts.decided(ctx, c.Warehouse, verdict)
		return verdict, nil
	case !errors.As(err, &left):
		return nil, err
	case left.Handed:
		return nil, fault.Wrap(fault.UnknownOutcome, left.Cause, "the caller left before the commit was answered")
	default:
		return nil, fault.Wrap(fault.Unavailable, left.Cause, "the commit waited too long for its turn")
	}
}
