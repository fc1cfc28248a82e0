package postgres

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// attempts bound how often a commit is tried again after losing to rivals that
// leave no trace, and firstPause what lies between.
const (
	attempts   = 10
	firstPause = 2 * time.Millisecond
)

// Commit decides all commits in one statement. Those that it did not apply are
// explained by a read; where that read finds nothing in the way, a rival was
// there and is gone, and the commit is tried again.
func (s *Store) Commit(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, error) {
	verdicts, err := s.attempt(ctx, commits)
	if err != nil {
		if len(commits) > 1 && faulty(sqlState(err)) {
			return s.oneByOne(ctx, commits)
		}
		verdicts = make([]housetable.Verdict, len(commits))
		if len(commits) > 1 && !rival(sqlState(err)) && !unanswered(err) {
			return nil, classify(err, "commit")
		}
	}
	for i, c := range commits {
		if verdicts[i] != nil {
			continue
		}
		if verdicts[i], err = s.settle(ctx, c, err); err != nil {
			return nil, err
		}
		err = nil
	}
	return verdicts, nil
}

// oneByOne finds the commit whose data the database refuses without failing its
// neighbours. What was applied stays applied, so errors become verdicts.
func (s *Store) oneByOne(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, error) {
	verdicts := make([]housetable.Verdict, len(commits))
	for i := range commits {
		alone, err := s.Commit(ctx, commits[i:i+1])
		if err != nil {
			verdicts[i] = housetable.Refused{Err: err}
			continue
		}
		verdicts[i] = alone[0]
	}
	return verdicts, nil
}

// settle brings one commit that was not applied, or whose statement failed with
// last, to its verdict.
func (s *Store) settle(ctx context.Context, c housetable.Commit, last error) (housetable.Verdict, error) {
	lost := false
	for n := range attempts {
		switch {
		case last == nil || rival(sqlState(last)):
		case unanswered(last):
			lost = true
		default:
			return nil, failure(last, lost)
		}
		verdict, err := s.explain(ctx, c)
		if err == nil && verdict != nil {
			return verdict, nil
		}
		if err := pause(ctx, backoff(n)); err != nil {
			return nil, failure(err, lost)
		}
		verdicts, err := s.attempt(ctx, []housetable.Commit{c})
		if err == nil && verdicts[0] != nil {
			return verdicts[0], nil
		}
		last = err
	}
	return nil, failure(last, lost)
}

func backoff(n int) time.Duration {
	d := firstPause << min(n, 7)
	return d/2 + rand.N(d) //nolint:gosec // jitter
}

// failure is what is said of a commit that came to no verdict.
func failure(err error, lost bool) error {
	if lost || err != nil && unanswered(err) {
		return fault.Wrap(fault.UnknownOutcome, err, "the database did not answer the commit")
	}
	if err == nil || rival(sqlState(err)) {
		e := fault.Wrap(fault.Unavailable, err, "too many commits compete for the same names")
		e.RetryAfter = retryAfter
		return e
	}
	return classify(err, "commit")
}

// attempt runs the statement once. The verdict of a commit that was not applied
// is nil.
func (s *Store) attempt(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, error) {
	statement, args, err := compose(commits)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	verdicts := make([]housetable.Verdict, len(commits))
	results := make([]housetable.Committed, len(commits))
	_, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (struct{}, error) {
		return struct{}{}, collect(r, commits, results, verdicts)
	})
	if err != nil {
		return nil, err
	}
	return verdicts, nil
}

// collect reads one row: a change of an applied commit, or a commit alone.
func collect(r pgx.CollectableRow, commits []housetable.Commit, results []housetable.Committed, verdicts []housetable.Verdict) error {
	var row resultRow
	if err := r.Scan(row.targets()...); err != nil {
		return err
	}
	if !row.applied {
		return nil
	}
	committed := &results[row.request]
	if committed.Results == nil {
		committed.Results = make([]housetable.ChangeResult, len(commits[row.request].Changes))
		committed.CommittedAt = row.now.UTC()
	}
	if row.index != nil && *row.index >= 0 {
		committed.Results[*row.index] = row.result()
	}
	verdicts[row.request] = *committed
	return nil
}
