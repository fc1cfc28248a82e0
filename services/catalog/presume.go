package catalog

import (
	"context"
	"slices"
)

// presume attempts a fold on what this replica remembers of the table, at no reading.
// A swap bears it out: with it, all that was decided was decided on what is. Where
// none comes of it, or it is lost, everything is as if it had not been tried: what
// refuses anybody, or tells that nothing is to be done, is read since they came.
func (f *fold) presume(ctx context.Context) {
	if !f.presumable() {
		return
	}
	found := f.heads.likely(f.parties[0].key)
	if found == nil {
		return
	}
	if d, err := f.draft(ctx, found[0]); err == nil {
		d.presumed = true
		f.swapOn(ctx, d)
	}
}

// presumable tells whether it does not matter what the table was when those came of
// whom that is not known: what is remembered may be older.
func (f *fold) presumable() bool {
	return len(f.parties) > 0 && !slices.ContainsFunc(f.parties, func(p *party) bool {
		return p.member.first == nil && p.member.revision.guarded()
	})
}

// swapOn answers the parties by a swap of what was presumed, if one comes of it.
func (f *fold) swapOn(ctx context.Context, d *draft) {
	if f.apply(ctx, d); !d.changed() {
		return
	}
	err := f.write(ctx, d)
	_, refused := refusalOutcome(err)
	switch {
	case refused:
	case err != nil:
		f.refuseAll(ctx, err) // whatever the table is, it cannot be written
	default:
		f.explain(ctx, d)
		f.record(d)
		f.settle(ctx, d)
	}
}

// outdated notes what the table is instead of what was presumed.
func (f *fold) outdated(ctx context.Context, conflict Conflict) {
	f.measures.rebases.Add(ctx, 1)
	f.heads.lost(f.parties[0].key)
	if current := conflict.Current; conflict.Reason == PointerMoved && current != nil && !current.Dropped {
		f.found, f.foundBy = current, conflict.Winner
	}
}
