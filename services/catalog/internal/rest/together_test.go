package rest_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// pairing is a store in which, once it is told to, a file is created only when another
// is being created as well; and then all but those of one folder are.
type pairing struct {
	objectstore.Store

	met    chan struct{} // nil: each for itself
	broken string
	failed atomic.Int32 // of those in the broken folder
}

var errAlone = errors.New("nobody else writes at the same time")

func (p *pairing) Create(ctx context.Context, location string, data []byte) error {
	if p.met != nil {
		select {
		case p.met <- struct{}{}:
		case <-p.met:
		case <-time.After(10 * time.Second):
			return errAlone
		}
	}
	if p.broken != "" && strings.HasPrefix(location, p.broken) {
		p.failed.Add(1)
		return errors.New("the disk is full")
	}
	return p.Store.Create(ctx, location, data) //nolint:wrapcheck // stands for it
}

func pairingWorld(t *testing.T) (*world, *pairing) {
	t.Helper()
	local, err := objectstore.OpenLocal()
	check(t, err)
	p := &pairing{Store: local}
	return withTables(t, func(c *choices) { c.stores = map[string]objectstore.Store{"file": p} }), p
}

// A transaction takes as long as its slowest file, not as long as all of them.
func TestFilesOfATransactionAreWrittenTogether(t *testing.T) {
	w, store := pairingWorld(t)
	store.met = make(chan struct{})
	w.must(t, "POST", transactions, transaction(change("t", setProperty("a", "1")), change("u", setProperty("a", "1"))))
}

// TX1: where one file cannot be written none of the others stays, and it is not tried
// again on what the tables are, where that was presumed.
func TestFilesOfATransactionThatCannotBeWritten(t *testing.T) {
	body := transaction(change("t", setProperty("a", "1")), change("u", setProperty("a", "1")))
	for name, remembered := range map[string]bool{"read": false, "remembered": true} {
		t.Run(name, func(t *testing.T) {
			w, store := pairingWorld(t)
			if remembered {
				w.must(t, "POST", transactions, body)
			}
			before := len(w.metadataFiles(t))
			store.broken = text(w.must(t, "GET", table, ""), "metadata", "location")
			w.refused(t, 503, "SlowDownException", "POST", transactions, body)
			if files := w.metadataFiles(t); len(files) != before || store.failed.Load() != 1 {
				t.Errorf("%d tries, files: %q", store.failed.Load(), files)
			}
		})
	}
}
