package catalog

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// plan is what one attempt wants: the outcome, the changes that make it true,
// and the files written for it.
type plan struct {
	outcome Outcome
	changes []Change
	// from are the pointers that the changes change, in their order, where they are
	// known; nil for what they create.
	from []*Pointer
	// jobs to queue with the changes.
	jobs  []QueuedJob
	files []string
	// expired are old metadata files that nothing needs once the plan is applied.
	expired []string
	// lost says what a conflict means: nil to attempt again on what is now, or
	// the refusal.
	lost func([]Conflict) error
}

// mutation is one request on its way through the steps of the package comment.
type mutation struct {
	*Catalog
	request Request
	op      Operation
	// tries counts the attempts, from 0; their files are numbered from firstFile.
	tries, firstFile int
	// began is when it came, by this process's clock.
	began time.Time
	// holder tells it from others under the same key.
	holder uuid.UUID
	// epoch in which it was admitted; empty when that is not known.
	epoch string
	// lost is set once the answer to a sending of it was lost.
	lost bool
	// published is set once the outcome is known to all.
	published bool
}

// mutate carries a request through: attempt is called again as long as its
// plans lose against others, and must read what is anew each time.
func (c *Catalog) mutate(ctx context.Context, request Request, takes right, attempt func(context.Context, *mutation) (plan, error)) (Outcome, error) {
	return c.admitted(ctx, request, takes, func(m *mutation) (*Outcome, error) { return m.run(ctx, attempt) })
}

// admitted runs a request whose caller has the right to it, unless what its key
// did before is the answer.
func (c *Catalog) admitted(ctx context.Context, request Request, takes right, run func(*mutation) (*Outcome, error)) (Outcome, error) {
	refused := takes(ctx)
	_, denied := errors.AsType[denial](refused)
	switch {
	case refused == nil:
		return c.once(ctx, request, run)
	case !denied || !request.keyed():
		return Outcome{}, refused
	}
	outcome, err := c.once(ctx, request, func(m *mutation) (*Outcome, error) { return m.recall(ctx, refused) })
	if outcome.Status == 0 {
		return Outcome{}, err
	}
	return afterwards(&outcome, refused)
}

// once runs a request, unless what its key did before is the answer.
func (c *Catalog) once(ctx context.Context, request Request, run func(*mutation) (*Outcome, error)) (Outcome, error) {
	op, err := request.operation()
	if err != nil {
		return Outcome{}, err
	}
	m := &mutation{Catalog: c, request: request, op: op, firstFile: request.firstFile(), began: time.Now(), holder: uuid.New()}
	outcome, err := m.admit(ctx)
	if err == nil && outcome == nil {
		defer m.release(ctx)
		if outcome, err = m.remembered(ctx); err == nil && outcome == nil {
			outcome, err = run(m)
		}
	}
	if err != nil {
		return Outcome{}, err
	}
	return *outcome, outcome.err()
}

func (m *mutation) run(ctx context.Context, attempt func(context.Context, *mutation) (plan, error)) (*Outcome, error) {
	for ; m.tries < m.settings.Tries; m.tries++ {
		if m.tries > 0 {
			m.measures.rebases.Add(ctx, 1)
		}
		if err := giveWay(ctx, m.tries); err != nil {
			return nil, err
		}
		p, err := attempt(ctx, m)
		if err != nil {
			m.discard(ctx, p.files, nil) // never sent
			return m.refuse(ctx, err)
		}
		outcome, lost, err := m.try(ctx, p)
		switch {
		case err != nil:
			return nil, err
		case outcome != nil:
			return outcome, nil
		case lost != nil:
			return m.refuse(ctx, lost)
		}
	}
	return m.refuse(ctx, fault.New(fault.CommitFailed, "lost the race against other commits %d times in a row", m.settings.Tries))
}

// try sends a plan. Its result is an outcome, the reason why it was refused for
// good, or neither: attempt again.
func (m *mutation) try(ctx context.Context, p plan) (outcome *Outcome, lost, err error) {
	if len(p.changes) == 0 && len(p.jobs) == 0 && !m.request.keyed() {
		return &p.outcome, nil, nil
	}
	verdict, err := m.settle(ctx, p.outcome, p.changes, p.jobs...)
	switch {
	case err != nil:
		if neverApplied(err) {
			m.discard(ctx, p.files, nil)
		}
		m.heads.changed(m.request.Warehouse, p.changes)
		return nil, nil, m.inDoubt(err)
	case verdict.Replays != nil:
		replay := verdict.Replays[m.op.ID]
		m.replayed(ctx)
		m.discard(ctx, p.files, replay.MetadataLocations)
		m.publish(ctx, replay)
		return &replay, nil, nil
	case len(verdict.Conflicts) > 0:
		m.measures.conflict(ctx, verdict.Conflicts[0].Reason)
		m.discard(ctx, p.files, nil)
		return nil, p.lost(verdict.Conflicts), nil
	}
	m.publish(ctx, p.outcome)
	m.heads.applied(m.request, p.changes, p.from)
	m.discard(ctx, p.expired, nil)
	return &p.outcome, nil, nil
}

// refuse ends a request with an error. One that depends on state is recorded
// first, for a client that can send the request again: if an earlier sending
// was applied after all, its outcome is the answer.
func (m *mutation) refuse(ctx context.Context, cause error) (*Outcome, error) {
	if _, denied := errors.AsType[denial](cause); denied && m.request.keyed() {
		return m.recall(ctx, cause)
	}
	outcome, ok := refusalOutcome(cause)
	if !ok || !m.request.keyed() {
		return nil, cause
	}
	verdict, err := m.settle(ctx, outcome, nil)
	switch {
	case err != nil:
		return nil, m.inDoubt(err)
	case verdict.Replays != nil:
		m.replayed(ctx)
		outcome = verdict.Replays[m.op.ID]
		m.publish(ctx, outcome)
		return &outcome, nil
	}
	m.publish(ctx, outcome)
	return nil, cause
}

// settle commits what this request alone wants. It fails as insist does.
func (m *mutation) settle(ctx context.Context, outcome Outcome, changes []Change, jobs ...QueuedJob) (Verdict, error) {
	verdict, lost, err := m.insist(ctx, Commit{
		Warehouse: m.request.Warehouse, Records: []Record{{m.op, outcome}}, Changes: changes, Jobs: jobs,
		Principal: m.request.Principal, RequestID: m.request.ID,
	})
	m.lost = m.lost || lost
	return verdict, err
}

// inDoubt is what this request is told of a commit that came to no verdict.
func (m *mutation) inDoubt(err error) error {
	if lost, ok := errors.AsType[lostAnswerError](err); ok {
		return m.unknown(lost.cause)
	}
	return err
}

// replayed tells of an answer that the house tables had. Where one of this very
// request was lost, that is what they had: no client sent anything again.
func (m *mutation) replayed(ctx context.Context) {
	if !m.lost {
		m.measures.replayed(ctx, fromHouseTables)
	}
}

// unknown is the honest answer at the deadline: a client with a key shall ask
// again and learn the outcome, one without must not take it for a failure.
func (m *mutation) unknown(cause error) error {
	if m.request.keyed() {
		e := fault.Wrap(fault.Unavailable, cause, "the outcome of this request is not known yet: send it again with the same Idempotency-Key")
		e.RetryAfter = time.Second
		return e
	}
	return fault.Wrap(fault.UnknownOutcome, cause, "the commit was sent and its answer lost: it may or may not have been applied")
}

// discard deletes files that no pointer can ever name, but for those to keep.
func (m *mutation) discard(ctx context.Context, files, keep []string) {
	files = slices.DeleteFunc(slices.Clone(files), func(f string) bool { return slices.Contains(keep, f) })
	if len(files) == 0 {
		return
	}
	m.metadata.drop(m.request.Warehouse, files)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.settings.AttemptTimeout)
	defer cancel()
	if err := m.files.In(m.request.Warehouse).Delete(ctx, files...); err != nil {
		m.log.WarnContext(ctx, "metadata files of a lost commit stay behind", "locations", files, "error", err)
	}
}
