package catalog

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A load that comes before a swap is sent is told what it made; one that comes later may
// come after what others made of that, and asks.
func TestLoadsAwaitSwaps(t *testing.T) {
	id, made := TableIdentifier{Namespace: Namespace{"n"}, Name: "t"}, &Pointer{Version: 7}
	const answeredAfter = time.Millisecond
	for name, c := range map[string]struct {
		sent   bool          // before the load
		after  time.Duration // the answer
		answer *Pointer
		leaves time.Duration // of whoever loads
		want   *Pointer
		within time.Duration
	}{
		"before":    {after: answeredAfter, answer: made, want: made, within: answeredAfter},
		"sent":      {sent: true, after: answeredAfter, answer: made},
		"failed":    {after: answeredAfter, within: answeredAfter},
		"slow":      {after: time.Hour, answer: made, within: comingLimit},
		"impatient": {after: time.Hour, answer: made, leaves: answeredAfter, within: answeredAfter},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				swaps, key := newComing(), keyOf("w", TableKind, id)
				swaps.expect(key)
				if c.sent {
					swaps.send(key)
				}
				time.AfterFunc(c.after, func() { swaps.answer(key, c.answer) })
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				if c.leaves > 0 {
					ctx, cancel = context.WithTimeout(t.Context(), c.leaves)
				}
				defer cancel()
				began := time.Now()
				if got := swaps.pointer(ctx, "w", id, TableKind); got != c.want || time.Since(began) != c.within {
					t.Errorf("got %v after %s, want %v after %s", got, time.Since(began), c.want, c.within)
				}
				if swaps.pointer(ctx, "w", id, ViewKind) != nil {
					t.Error("a view was told of a table's swap")
				}
				time.Sleep(c.after + 1)
				if left := swaps.many.Load(); left != 0 || len(swaps.swaps) != 0 || swaps.pointer(ctx, "w", id, TableKind) != nil {
					t.Errorf("%d swaps are awaited that were answered", left)
				}
			})
		})
	}
}
