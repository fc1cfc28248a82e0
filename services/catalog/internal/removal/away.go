package removal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/services/catalog"
)

const (
	// maxAway bounds how long a warehouse is left alone whose storage fails.
	maxAway = 10 * time.Minute
	// lookTimeout bounds the reading of one metadata file of another warehouse.
	lookTimeout = 30 * time.Second
)

// away are the warehouses where something failed, and until when they are left
// alone: each time twice as long, so that what does not answer in one warehouse
// costs the others little.
type away struct {
	first time.Duration

	mu    sync.Mutex
	known map[string]absence
}

type absence struct {
	until time.Time
	lasts time.Duration
	err   error
}

// failed leaves a warehouse alone for a while; it reports whether it was not before.
func (a *away) failed(warehouse string, err error) (isNew bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, known := a.known[warehouse]
	lasts := a.first
	if known {
		lasts = min(before.lasts*2, maxAway)
	}
	a.known[warehouse] = absence{until: time.Now().Add(lasts), lasts: lasts, err: err}
	return !known
}

// answered ends it.
func (a *away) answered(warehouse string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, warehouse)
}

// why a warehouse is left alone; nil when it is not.
func (a *away) why(warehouse string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at, known := a.known[warehouse]; known && time.Now().Before(at.until) {
		return at.err
	}
	return nil
}

// over reports whether a warehouse is not left alone.
func (a *away) over(warehouse string) bool { return a.why(warehouse) == nil }

// keep forgets all but those that there are.
func (a *away) keep(warehouses []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := map[string]absence{}
	for _, name := range warehouses {
		if at, is := a.known[name]; is {
			known[name] = at
		}
	}
	a.known = known
}

func (a *away) count() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return int64(len(a.known))
}

// putOff leaves a warehouse alone after something failed there.
func (r *Remover) putOff(ctx context.Context, warehouse string, err error) {
	if ctx.Err() == nil && r.away.failed(warehouse, err) {
		r.log.WarnContext(ctx, "files of a warehouse cannot be deleted now, others' are", "warehouse", warehouse, "error", err)
	}
}

// look reads a metadata file of any warehouse, but of one that is left alone. What
// fails for want of an answer is unseen.
func (r *Remover) look(ctx context.Context, warehouse, location string) (*document, error) {
	if err := r.away.why(warehouse); err != nil {
		return nil, unseen{err}
	}
	limited, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	d, err := r.read(limited, warehouse, location)
	if err == nil || illegible(err) || ctx.Err() != nil {
		return d, err
	}
	r.putOff(ctx, warehouse, err)
	return nil, unseen{err}
}

// unseen is the error of a file that may be there and may be metadata.
type unseen struct{ error }

func (u unseen) Unwrap() error { return u.error }

// blind are the warehouses of which not all was seen.
type blind struct {
	// own are those with storage of their own.
	own map[string]bool
	why map[string]error
}

func newBlind() blind { return blind{own: map[string]bool{}, why: map[string]error{}} }

// miss notes what was not seen in a warehouse; any other error is handed back.
func (b blind) miss(warehouse string, err error) error {
	if _, is := errors.AsType[unseen](err); !is {
		return err
	}
	b.why[warehouse] = err
	return nil
}

// to is why nothing can be deleted in a warehouse: it was not seen itself, or one
// was not that lies in the same store. Warehouses with storage of their own share
// no place with any other.
func (b blind) to(warehouse string) error {
	for name, err := range b.why {
		if name == warehouse || !b.own[name] && !b.own[warehouse] {
			return fmt.Errorf("look where the tables of warehouse %s lie: %w", name, err)
		}
	}
	return nil
}

// roots of a warehouse with storage of its own.
func roots(w catalog.Warehouse) []string {
	if w.Storage == nil {
		return nil
	}
	return append([]string{w.Location}, w.Storage.AllowedRoots...)
}

// defaultPlace is where a table lies whose metadata file is in the place that such
// a file has by default.
func defaultPlace(p catalog.Pointer) string { return parent(parent(p.MetadataLocation)) }
