package postgres

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pause"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
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
	verdicts, lost, err := s.insist(ctx, compose, commits, false)
	if err != nil {
		if len(commits) > 1 && !lost && faulty(sqlState(err)) {
			return s.oneByOne(ctx, commits)
		}
		if !rival(sqlState(err)) {
			return nil, failure(err, lost)
		}
		verdicts = make([]housetable.Verdict, len(commits))
	}
	for i, c := range commits {
		if verdicts[i] != nil {
			continue
		}
		if verdicts[i], err = s.settle(ctx, c, lost); err != nil {
			if len(commits) == 1 {
				return nil, err
			}
			verdicts[i] = housetable.Refused{Err: err} // its neighbours' verdicts stand
		}
	}
	return verdicts, nil
}

// insist runs the statement. Once an answer was lost, it is sent again until
// one comes or ctx ends: the records of its operations see to it that it is
// applied once. lost tells that this happened, now or before.
func (s *Store) insist(ctx context.Context, by composer, commits []housetable.Commit, lostBefore bool) (verdicts []housetable.Verdict, lost bool, err error) {
	lost = lostBefore
	for n := 0; ; n++ {
		verdicts, err = s.attempt(ctx, by, commits)
		lost = lost || unanswered(err)
		if !lost || !passing(err) || rival(sqlState(err)) {
			return verdicts, lost, err
		}
		if pause.For(ctx, backoff(n)) != nil {
			return nil, lost, err
		}
	}
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

// settle brings one commit that was not applied to its verdict, by the statement
// that leaves nothing to another. lost tells that it may have been, unseen.
func (s *Store) settle(ctx context.Context, c housetable.Commit, lost bool) (housetable.Verdict, error) {
	var last error
	for n := range attempts {
		verdict, err := s.explain(ctx, c)
		if err == nil && verdict != nil {
			return verdict, nil
		}
		if pause.For(ctx, backoff(n)) != nil {
			break
		}
		var verdicts []housetable.Verdict
		verdicts, lost, last = s.insist(ctx, composeParts, []housetable.Commit{c}, lost)
		switch {
		case last == nil && verdicts[0] != nil:
			return verdicts[0], nil
		case last != nil && !rival(sqlState(last)):
			return nil, failure(last, lost)
		}
	}
	return nil, failure(last, lost)
}

func backoff(n int) time.Duration {
	d := firstPause << min(n, 7)
	return d/2 + rand.N(d) //nolint:gosec // jitter
}

// failure is what is said of a commit that came to no verdict.
func failure(err error, lost bool) error {
	if lost {
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
func (s *Store) attempt(ctx context.Context, by composer, commits []housetable.Commit) ([]housetable.Verdict, error) {
	ctx, span := telemetry.Part(ctx, "commit house tables", trace.SpanKindInternal)
	defer span.End()
	statement, args, err := by(commits)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the statement cannot be made")
	}
	verdicts := make([]housetable.Verdict, len(commits))
	results := make([]housetable.Committed, len(commits))
	var row resultRow
	targets := row.targets()
	_, err = alter(ctx, s.pool, func(r pgx.CollectableRow) (struct{}, error) {
		row.properties = nil // JSON is added to what is in a map
		if err := r.Scan(targets...); err != nil {
			return struct{}{}, err
		}
		row.note(commits, results, verdicts)
		return struct{}{}, nil
	}, statement, args...)
	if err != nil {
		telemetry.Fail(span, "no verdict")
		if state := sqlState(err); rival(state) {
			s.measures.again(ctx, state)
		}
		return nil, err
	}
	return verdicts, nil
}

// note takes down one row: a change of an applied commit, or a commit alone.
func (row *resultRow) note(commits []housetable.Commit, results []housetable.Committed, verdicts []housetable.Verdict) {
	if !row.applied {
		return
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
}
