package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// fold is commits to one table or view that are applied one after another to
// what it is, each on what those before it made, and become true by one metadata
// file and one swap, with a record of each. A commit alone is a fold as well.
type fold struct {
	*Catalog
	// parties without an answer, in the order in which they came.
	parties []*party
	// observe is told of each state that the table is known to be in.
	observe func(document)
	tries   int
	// found is the pointer as a lost swap found it, and foundBy who made it: neither
	// is there where it is to be read.
	found   *Pointer
	foundBy *Winner
}

// draft is what one attempt of a fold makes of its table.
type draft struct {
	pointer Pointer
	// presumed tells that nobody has looked whether the pointer is still so.
	presumed bool
	base     document
	next     document // base when nothing changes
	// lead is the first party that is not refused: the file bears its operation.
	lead *party
	// location of next; until it is written, the base's.
	location string
	// holds is what the pointer takes with next.
	holds  Holds
	commit Commit
}

func (d *draft) changed() bool { return d.next != d.base }

// run answers all parties. It begins again, on what is then, as long as their
// swap loses against others.
func (f *fold) run(ctx context.Context) {
	f.presume(ctx)
	for ; len(f.parties) > 0; f.tries++ {
		if f.tries == f.settings.Tries {
			f.refuseAll(ctx, fault.New(fault.CommitFailed, "lost the race against other commits %d times in a row", f.tries))
			return
		}
		if err := giveWay(ctx, f.tries); err != nil {
			f.refuseAll(ctx, errWaited(err))
			return
		}
		if f.tries > 0 {
			f.measures.rebases.Add(ctx, 1)
		}
		f.attempt(ctx)
	}
}

// attempt answers those parties whose answer it finds, all of them as a rule.
func (f *fold) attempt(ctx context.Context) {
	d, err := f.read(ctx)
	if err == nil {
		f.apply(ctx, d)
		err = f.write(ctx, d)
	}
	_, refused := refusalOutcome(err)
	switch {
	case refused && d != nil && len(f.parties) > 1:
		f.apart(ctx) // the document of one of them cannot be stored
	case err != nil:
		f.refuseAll(ctx, err)
	default:
		f.explain(ctx, d)
		f.record(d)
		f.settle(ctx, d)
	}
}

// read finds out what the table is.
func (f *fold) read(ctx context.Context) (*draft, error) {
	pointer, err := f.pointer(ctx)
	if err != nil {
		return nil, err
	}
	d, err := f.draft(ctx, pointer)
	if err != nil {
		return nil, err
	}
	for _, p := range f.parties {
		if p.member.first == nil {
			p.member.first = d.base
		}
	}
	return d, nil
}

// pointer is the table's, as a lost swap has just found it or else as it is read.
func (f *fold) pointer(ctx context.Context) (*Pointer, error) {
	if found := f.found; found != nil {
		f.found = nil
		return found, nil
	}
	f.foundBy = nil
	first := f.parties[0]
	pointers, err := first.current(ctx, []*member{first.member})
	if err != nil {
		return nil, err
	}
	return pointers[0], nil
}

// draft begins with what is at a pointer; nil where there is none.
func (f *fold) draft(ctx context.Context, pointer *Pointer) (*draft, error) {
	first := f.parties[0]
	base, err := first.document(ctx, first.member, pointer)
	if err != nil {
		return nil, err
	}
	f.observe(base)
	return &draft{pointer: *pointer, base: base, next: base, location: pointer.MetadataLocation}, nil
}

// apply applies each party to what those before it made.
func (f *fold) apply(ctx context.Context, d *draft) {
	for _, p := range f.parties {
		p.late = d.changed()
		next, err := p.step(ctx, d)
		if p.refusal = err; err != nil {
			continue
		}
		d.next = next
		if d.lead == nil {
			d.lead = p
		}
	}
}

// step is the document after one party: the same as before when it was applied
// already, or changes nothing.
func (p *party) step(ctx context.Context, d *draft) (document, error) {
	if err := p.member.fits(d.pointer); err != nil {
		return nil, err
	}
	switch found, err := p.member.revision.trace(d.next); {
	case err != nil:
		return nil, err
	case found == present:
		return d.next, nil
	}
	next, err := p.member.apply(applied{base: d.next, pointer: d.stored()})
	if err != nil || next == d.next {
		return next, err
	}
	if _, err := zipped(next); err != nil {
		return nil, err
	}
	if err := p.keepsLending(ctx, p.request, d.pointer, d.next, next); err != nil {
		return nil, err
	}
	return next, p.checkDocument(ctx, d.next, next)
}

// stored is the pointer to what the next party builds on; what is only in memory
// has no location, and leaves no trace in the log of files.
func (d *draft) stored() *Pointer {
	if d.changed() {
		return &Pointer{}
	}
	return &d.pointer
}

// write stores the document, if it is a new one.
func (f *fold) write(ctx context.Context, d *draft) error {
	if !d.changed() {
		return nil
	}
	var err error
	if d.holds, err = f.holds(d.lead.member.kind, d.base, d.next); err != nil {
		return err
	}
	d.lead.tries = f.tries
	f.lines.turns.writing(d.lead.key)
	location, err := d.lead.writeMetadata(ctx, d.lead.member.kind, d.next, d.pointer.MetadataLocation, d.pointer.Version)
	if err == nil {
		d.location = location
	}
	return err
}

// explain adds to lost races who won them: others, or a party before.
func (f *fold) explain(ctx context.Context, d *draft) {
	others := sync.OnceValue(func() Winner { return f.rival(ctx, d.pointer) })
	for _, p := range f.parties {
		switch {
		case p.refusal == nil:
		case p.late:
			p.refusal = withStanding(p.refusal, func() Winner { return f.winner(d) })
		default:
			p.refusal = withStanding(p.refusal, others)
		}
	}
}

// rival is who made what the fold begins with.
func (f *fold) rival(ctx context.Context, p Pointer) Winner {
	if f.foundBy != nil {
		return *f.foundBy
	}
	return f.parties[0].winner(ctx, f.parties[0].key, p)
}

// winner is this fold itself.
func (f *fold) winner(d *draft) Winner {
	return swapped(d.pointer, d.location, d.lead.request.Principal, f.requestID(d))
}

// requestID of the version that the fold makes: the lead's, and how many more.
func (f *fold) requestID(d *draft) string {
	more := -1
	for _, p := range f.parties {
		if p.refusal == nil {
			more++
		}
	}
	if more == 0 {
		return d.lead.request.ID
	}
	return fmt.Sprintf("%s and %d more", d.lead.request.ID, more)
}

// record makes the commit: the swap, if anything changes, and a record of each
// party that could ask for its answer again, or that the change is made of.
func (f *fold) record(d *draft) {
	first := f.parties[0]
	d.commit = Commit{Warehouse: first.request.Warehouse, Principal: first.request.Principal, RequestID: first.request.ID}
	if d.changed() {
		d.commit.Changes = []Change{swap(first.member, &d.pointer, d.location, d.holds)}
		d.commit.RequestID = f.requestID(d)
	}
	var refusals []Record
	for _, p := range f.parties {
		p.recorded = false
		switch outcome, known := refusalOutcome(p.refusal); {
		case p.refusal == nil && (d.changed() || p.request.keyed()):
			d.commit.Records = append(d.commit.Records, Record{p.op, d.outcome()})
			p.recorded = true
		case p.refusal != nil && known && p.request.keyed():
			refusals = append(refusals, Record{p.op, outcome})
			p.recorded = true
		}
	}
	d.commit.Records = append(d.commit.Records, refusals...)
}

// outcome of all parties that are not refused: a state that has their changes.
func (d *draft) outcome() Outcome {
	return Outcome{Status: statusOK, MetadataLocations: []string{d.location}}
}

// settle sends the commit and answers by its verdict. Those without an answer
// after that are for the next attempt.
func (f *fold) settle(ctx context.Context, d *draft) {
	verdict, err := f.carry(ctx, d)
	switch {
	case fault.Is(err, fault.OperationReused) && len(f.parties) > 1:
		f.discardNew(ctx, d, nil)
		f.apart(ctx) // it is not said whose
	case err != nil:
		f.unsettled(ctx, d, err)
	case verdict.Replays != nil:
		f.replayed(ctx, d, verdict)
	case len(verdict.Conflicts) > 0:
		f.measures.conflict(ctx, verdict.Conflicts[0].Reason)
		f.discardNew(ctx, d, nil)
		f.lost(ctx, d, verdict.Conflicts[0])
	default:
		f.settled(ctx, d)
	}
}

func (f *fold) carry(ctx context.Context, d *draft) (Verdict, error) {
	if len(d.commit.Records) == 0 {
		return Verdict{}, nil
	}
	key := f.parties[0].key
	f.lines.coming.send(key)
	verdict, lost, err := f.insist(ctx, d.commit)
	f.lines.coming.answer(key, f.made(d, verdict, err))
	for _, p := range f.parties {
		p.lost = p.lost || lost
	}
	return verdict, err
}

// made is the pointer that a commit is known to have made; nil where it did not.
func (f *fold) made(d *draft, verdict Verdict, err error) *Pointer {
	if err != nil || !d.changed() || verdict.Replays != nil || len(verdict.Conflicts) > 0 {
		return nil
	}
	return d.pointer.swappedBy(f.winner(d))
}

// lost ends a fold that wants what another table holds: whoever does not want it
// can go without the others. Whatever else was lost is tried again.
func (f *fold) lost(ctx context.Context, d *draft, over Conflict) {
	held := heldRefusal(over, d.holds)
	switch {
	case d.presumed:
		f.outdated(ctx, over)
	case held == nil:
	case len(f.parties) > 1:
		f.apart(ctx)
	default:
		f.refuseAll(ctx, held)
	}
}

// discardNew deletes the file of a lost attempt, but for what is to keep. What is
// written after it has another name: a deletion that arrives late finds nobody's file.
func (f *fold) discardNew(ctx context.Context, d *draft, keep []string) {
	if d.changed() {
		f.parties[0].discard(ctx, []string{d.location}, keep)
		d.lead.firstFile++
	}
}

// settled answers all parties: what the attempt came to is true now.
func (f *fold) settled(ctx context.Context, d *draft) {
	for _, p := range f.parties {
		p.conclude(d)
		if p.recorded {
			p.publish(ctx, p.ending(d))
		}
	}
	if d.changed() {
		f.observe(d.next)
		f.heads.won(f.parties[0].key, d.pointer, f.winner(d))
		f.parties[0].discard(ctx, expiredFiles(d.base, d.next), nil)
	}
	f.parties = nil
}

// conclude gives a party the answer of an attempt.
func (p *party) conclude(d *draft) {
	if p.refusal != nil {
		p.err = p.refusal
		return
	}
	outcome := d.outcome()
	p.outcome = &outcome
}

// ending is that answer as it is recorded.
func (p *party) ending(d *draft) Outcome {
	if refusal, known := refusalOutcome(p.refusal); known {
		return refusal
	}
	return d.outcome()
}

// unsettled answers all parties of a commit that came to no verdict. Its file
// stays, unless it is known that nothing became of it.
func (f *fold) unsettled(ctx context.Context, d *draft, err error) {
	if neverApplied(err) {
		f.discardNew(ctx, d, nil)
	}
	f.heads.forget(f.parties[0].key)
	for _, p := range f.parties {
		switch {
		case p.recorded:
			p.err = p.inDoubt(err)
		case p.late, d.presumed: // refused on a state that may never be
			p.err = errUndecided(err)
		default:
			p.conclude(d)
		}
	}
	f.parties = nil
}

func errUndecided(cause error) error {
	e := fault.Wrap(fault.Unavailable, cause, "nothing was changed, and what others change at the same time is not known yet: send this request again")
	e.RetryAfter = time.Second
	return e
}

// replayed answers the parties that were recorded before; nothing was changed
// for the others. Where the answer to an earlier sending was lost that is all
// of them, and the file is the table's.
func (f *fold) replayed(ctx context.Context, d *draft, verdict Verdict) {
	var kept []string
	for _, outcome := range verdict.Replays {
		kept = append(kept, outcome.MetadataLocations...)
	}
	f.discardNew(ctx, d, kept)
	f.parties = slices.DeleteFunc(f.parties, func(p *party) bool {
		outcome, known := verdict.Replays[p.op.ID]
		if known {
			p.outcome = &outcome
			p.replayed(ctx)
			p.publish(ctx, outcome)
		}
		return known
	})
}

// apart lets each party go by itself, where they cannot go together.
func (f *fold) apart(ctx context.Context) {
	for _, p := range f.parties {
		alone := &fold{Catalog: f.Catalog, parties: []*party{p}, observe: f.observe}
		alone.run(ctx)
	}
	f.parties = nil
}

// refuseAll ends all parties with an error, each by its own record.
func (f *fold) refuseAll(ctx context.Context, cause error) {
	var group sync.WaitGroup
	for _, p := range f.parties {
		group.Go(func() { p.outcome, p.err = p.refuse(ctx, cause) })
	}
	group.Wait()
	f.parties = nil
}

// winner is who made the newest version of a pointer.
func (m *mutation) winner(ctx context.Context, key lineKey, p Pointer) Winner {
	if winner, known := m.heads.winner(key, p); known {
		return winner
	}
	winner, err := m.pointers.LastChange(ctx, m.request.Warehouse, p)
	if err != nil { // the time is known without it
		return Winner{Version: p.Version, MetadataLocation: p.MetadataLocation, CommittedAt: p.UpdatedAt}
	}
	return winner
}

// withStanding adds to a failed requirement who won, and when.
func withStanding(err error, winner func() Winner) error {
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.CommitFailed {
		return err
	}
	return fault.Wrap(fault.CommitFailed, e.Err, "%s; %s", e.Message, winner().standing())
}
