package rest_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// slowly is a store in which creating a file takes a while.
type slowly struct{ objectstore.Store }

func (s slowly) Create(ctx context.Context, location string, data []byte) error {
	time.Sleep(time.Millisecond / 2)
	return s.Store.Create(ctx, location, data) //nolint:wrapcheck // stands for it
}

// Who lost, and is let go while another commit is written, looks at what that makes, and
// wins with it.
func TestWhoIsLetGoLooksAtWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local, err := objectstore.OpenLocal()
		check(t, err)
		w := newSilentWorld(t, func(c *choices) { c.stores = map[string]objectstore.Store{"file": slowly{local}} })
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
		w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":`+schema+`}`)
		var over atomic.Bool
		var winner sync.WaitGroup
		winner.Go(func() {
			for head := int64(0); !over.Load(); head++ {
				time.Sleep(1600 * time.Microsecond) // turns end while nobody writes
				if answer := w.do(t, "POST", table, appends(head+1, head, "file:///m")); answer.status != 200 && !over.Load() {
					t.Errorf("who wins lost: %d %s", answer.status, answer.body)
				}
			}
		})
		time.Sleep(7 * time.Millisecond / 4)
		w.refused(t, 409, "CommitFailedException", "POST", table, appends(1000, 999, "file:///m"))
		over.Store(true)
		began := time.Now()
		now := w.must(t, "GET", table, "")
		if waited := time.Since(began); waited == 0 {
			t.Error("the load did not wait for the commit that was written")
		}
		w.must(t, "POST", table, appends(1000, int64(at(now, "metadata", "current-snapshot-id").(float64)), "file:///m"))
		winner.Wait()
	})
}
