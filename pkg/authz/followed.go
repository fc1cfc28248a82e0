package authz

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// followed is a warehouse whose grants are kept.
type followed struct {
	warehouse string
	source    Source
	// last is what was read last, nil before anything was.
	last atomic.Pointer[dated]
	// busy is whether now is set.
	busy atomic.Bool
	// now is the refresh that is under way; the follower's lock guards it.
	now *refresh

	// grants and position are the refresh's that is under way: how far it came.
	grants   *builder
	position string
	changed  bool
}

// dated is a snapshot with when the question began that it answers.
type dated struct {
	snapshot *Snapshot
	began    time.Time
	// gone is of a warehouse that there is not.
	gone bool
}

// sooner reports whether it is let go before another one: what there is not, and
// what was asked about least lately.
func (d *dated) sooner(other *dated) bool {
	if d.gone != other.gone {
		return d.gone
	}
	return d.began.Before(other.began)
}

// nothing is granted where there is no warehouse.
var nothing = newBuilder().snapshot()

// refresh is one reading of what is new; but for done, its fields are read after
// done is closed.
type refresh struct {
	done chan struct{}
	// began is when its last question was asked, after which nothing was left to
	// ask for; ended is when that was answered.
	began, ended time.Time
	err          error
}

// read asks until there is nothing new. What a failure interrupts is gone on with
// by the next one.
func (of *followed) read(ctx context.Context, r *refresh) {
	if of.grants == nil {
		of.grants, of.changed = newBuilder(), true
	}
	for more := true; more; {
		r.began = time.Now()
		changes, err := of.ask(ctx)
		r.ended = time.Now()
		switch {
		case fault.Is(err, fault.NoSuchWarehouse):
			of.grants, of.position = nil, ""
			of.last.Store(&dated{snapshot: nothing, began: r.began, gone: true})
			return
		case err != nil:
			r.err = away(err, "who may do what cannot be found out now")
			return
		}
		of.take(changes)
		more = changes.More
	}
	of.last.Store(&dated{snapshot: of.snapshot(), began: r.began})
}

func (of *followed) ask(ctx context.Context) (Changes, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	return of.source.FollowAccess(ctx, of.warehouse, of.position)
}

func (of *followed) take(changes Changes) {
	if changes.Restart {
		of.grants = newBuilder()
	}
	of.changed = of.changed || changes.Restart || len(changes.Entries) > 0 || of.grants.folded != changes.CaseInsensitive
	of.grants.apply(changes)
	of.position = changes.Position
}

// snapshot is the one before where nothing has changed.
func (of *followed) snapshot() *Snapshot {
	if !of.changed {
		return of.last.Load().snapshot
	}
	of.changed = false
	return of.grants.snapshot()
}
