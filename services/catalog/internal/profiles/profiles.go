// Package profiles owns the opened storage of warehouses: which store each lies
// in, and what clients are given to reach it.
//
// It promises that a profile is opened once, however many ask for it; that a
// warehouse's change holds within Age; that what is replaced or put aside is
// closed, when nobody uses it any more; and that no more than Kept are open
// beside those in use.
package profiles

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// Age is how long it is relied upon what a warehouse's profile is.
const Age = 5 * time.Second

// Kept is how many profiles stay open.
const Kept = 256

// openTimeout bounds the looking up and opening of one profile.
const openTimeout = 15 * time.Second

// Opened is a profile in use.
type Opened struct {
	Store objectstore.Store
	// Delegation is nil when clients are given nothing.
	Delegation catalog.Delegation
	// Signer is nil when no requests are signed for clients.
	Signer catalog.Signer
	// Close, when set, lets go of what Store holds.
	Close func() error
}

// Settings are where profiles come from.
type Settings struct {
	// Find returns a warehouse.
	Find func(ctx context.Context, name string) (catalog.Warehouse, error)
	// Open opens a profile. It connects to nothing.
	Open func(ctx context.Context, w catalog.Warehouse) (Opened, error)
	// Default is that of warehouses without one. It stays the caller's.
	Default Opened
	// Age and Kept are those of this package when 0.
	Age  time.Duration
	Kept int
}

// Registry holds opened profiles. It is a catalog.Files, a catalog.Delegations and
// a catalog.Signers.
type Registry struct {
	settings Settings
	flight   singleflight.Group

	mu      sync.Mutex
	entries map[string]*list.Element // of *entry, by warehouse
	recent  *list.List               // the last that was used in front
}

var (
	_ catalog.Files       = (*Registry)(nil)
	_ catalog.Delegations = (*Registry)(nil)
	_ catalog.Signers     = (*Registry)(nil)
)

// entry is a warehouse's profile at one version of it.
type entry struct {
	name    string
	created time.Time // a name may come back
	version int64
	read    time.Time
	opened  Opened
	users   int
	retired bool
}

// New makes an empty registry.
func New(settings Settings) *Registry {
	if settings.Age <= 0 {
		settings.Age = Age
	}
	if settings.Kept <= 0 {
		settings.Kept = Kept
	}
	return &Registry{settings: settings, entries: map[string]*list.Element{}, recent: list.New()}
}

// In implements catalog.Files.
func (r *Registry) In(warehouse string) objectstore.Store { return &store{r, warehouse} }

// Of implements catalog.Delegations. What it returns may be used for one request.
func (r *Registry) Of(ctx context.Context, warehouse string) (catalog.Delegation, error) {
	e, err := r.take(ctx, warehouse)
	if err != nil {
		return nil, err
	}
	defer r.release(e)
	return e.opened.Delegation, nil
}

// SignerOf implements catalog.Signers. What it returns may be used for one request.
func (r *Registry) SignerOf(ctx context.Context, warehouse string) (catalog.Signer, error) {
	e, err := r.take(ctx, warehouse)
	if err != nil {
		return nil, err
	}
	defer r.release(e)
	return e.opened.Signer, nil
}

// Close closes what is not in use any more.
func (r *Registry) Close() error {
	r.mu.Lock()
	idle := make([]*entry, 0, len(r.entries))
	for _, element := range r.entries {
		idle = r.retire(element, idle)
	}
	r.mu.Unlock()
	return closeAll(idle)
}

// take is the profile of a warehouse as it is now, until release.
func (r *Registry) take(ctx context.Context, name string) (*entry, error) {
	for {
		if e := r.fresh(name); e != nil {
			return e, nil
		}
		refreshed := r.flight.DoChan(name, func() (any, error) {
			// Others wait for it too, so it does not end with the first of them.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), openTimeout)
			defer cancel()
			return r.refresh(ctx, name)
		})
		select {
		case result := <-refreshed:
			if result.Err != nil {
				return nil, result.Err
			}
			if e := result.Val.(*entry); r.use(e) { //nolint:forcetypeassert // of the call above
				return e, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// fresh is a profile that needs no look; nil when there is none.
func (r *Registry) fresh(name string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	element, known := r.entries[name]
	if !known {
		return nil
	}
	e := element.Value.(*entry) //nolint:forcetypeassert // the list holds nothing else
	if time.Since(e.read) >= r.settings.Age {
		return nil
	}
	r.recent.MoveToFront(element)
	e.users++
	return e
}

// use is false for what was replaced in the meantime.
func (r *Registry) use(e *entry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.retired {
		return false
	}
	e.users++
	return true
}

// refresh finds out which profile a warehouse has, and opens it if it is another one.
func (r *Registry) refresh(ctx context.Context, name string) (*entry, error) {
	began := time.Now()
	w, err := r.settings.Find(ctx, name)
	if err != nil {
		if fault.Is(err, fault.NoSuchWarehouse) {
			err = errors.Join(err, r.drop(name))
		}
		return nil, err
	}
	if e := r.confirm(name, w, began); e != nil {
		return e, nil
	}
	opened := r.settings.Default
	opened.Close = nil
	if w.Storage != nil {
		if opened, err = r.settings.Open(ctx, w); err != nil {
			return nil, err
		}
	}
	e := &entry{name: name, created: w.CreatedAt, version: w.Version, read: began, opened: opened}
	return e, r.put(e)
}

// confirm is what is open when that is what the warehouse has.
func (r *Registry) confirm(name string, w catalog.Warehouse, at time.Time) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	element, known := r.entries[name]
	if !known {
		return nil
	}
	e := element.Value.(*entry) //nolint:forcetypeassert // the list holds nothing else
	if e.version != w.Version || !e.created.Equal(w.CreatedAt) {
		return nil
	}
	e.read = at
	return e
}

// put keeps a profile in the place of what was there, and puts aside what is too much.
func (r *Registry) put(e *entry) error {
	r.mu.Lock()
	var idle []*entry
	if before, known := r.entries[e.name]; known {
		idle = r.retire(before, idle)
	}
	r.entries[e.name] = r.recent.PushFront(e)
	for len(r.entries) > r.settings.Kept {
		idle = r.retire(r.recent.Back(), idle)
	}
	r.mu.Unlock()
	return closeAll(idle)
}

func (r *Registry) drop(name string) error {
	r.mu.Lock()
	var idle []*entry
	if element, known := r.entries[name]; known {
		idle = r.retire(element, idle)
	}
	r.mu.Unlock()
	return closeAll(idle)
}

// retire takes a profile out, and adds it to those that nobody uses if so it is.
func (r *Registry) retire(element *list.Element, idle []*entry) []*entry {
	e := r.recent.Remove(element).(*entry) //nolint:forcetypeassert // the list holds nothing else
	delete(r.entries, e.name)
	if e.retired = true; e.users > 0 {
		return idle // the last who uses it closes it
	}
	return append(idle, e)
}

func (r *Registry) release(e *entry) {
	r.mu.Lock()
	e.users--
	last := e.retired && e.users == 0
	r.mu.Unlock()
	if last {
		_ = e.close() // it was only read from, or written whole
	}
}

func closeAll(entries []*entry) error {
	errs := make([]error, 0, len(entries))
	for _, e := range entries {
		errs = append(errs, e.close())
	}
	return errors.Join(errs...)
}

func (e *entry) close() error {
	if e.opened.Close == nil {
		return nil
	}
	return e.opened.Close()
}
