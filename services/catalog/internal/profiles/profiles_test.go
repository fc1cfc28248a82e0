package profiles_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/profiles"
)

// told is a store that answers with what it was opened as, until it is closed.
type told struct {
	objectstore.Store

	name   string
	closed atomic.Bool
}

func (s *told) Read(context.Context, string) ([]byte, error) {
	if s.closed.Load() {
		return nil, errors.New("closed")
	}
	return []byte(s.name), nil
}

func (s *told) List(_ context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		for range 3 {
			var err error
			if s.closed.Load() {
				err = errors.New("closed")
			}
			if !yield(objectstore.Object{Location: prefix}, err) {
				return
			}
		}
	}
}

// world is the house tables and the stores of a test.
type world struct {
	*testing.T

	mu         sync.Mutex
	warehouses map[string]catalog.Warehouse
	opened     []*told
	finds      atomic.Int64
	hold       chan struct{}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{T: t, warehouses: map[string]catalog.Warehouse{}}
}

func (w *world) registry(change func(*profiles.Settings)) *profiles.Registry {
	w.Helper()
	settings := profiles.Settings{Find: w.find, Open: w.open, Default: profiles.Opened{Store: &told{name: "default"}}}
	change(&settings)
	r := profiles.New(settings)
	w.Cleanup(func() {
		if err := r.Close(); err != nil {
			w.Error(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, s := range w.opened {
			if !s.closed.Load() {
				w.Errorf("%s is left open", s.name)
			}
		}
	})
	return r
}

func (w *world) set(name string, version int64, profiled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := catalog.Warehouse{Name: name, Version: version}
	if profiled {
		found.Storage = &catalog.StorageProfile{}
	}
	w.warehouses[name] = found
}

func (w *world) find(_ context.Context, name string) (catalog.Warehouse, error) {
	w.finds.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	found, known := w.warehouses[name]
	if !known {
		return found, fault.New(fault.NoSuchWarehouse, "no such warehouse")
	}
	return found, nil
}

func (w *world) open(_ context.Context, found catalog.Warehouse) (profiles.Opened, error) {
	if w.hold != nil {
		<-w.hold
	}
	s := &told{name: fmt.Sprintf("%s@%d", found.Name, found.Version)}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened = append(w.opened, s)
	return profiles.Opened{Store: s, Close: func() error {
		if s.closed.Swap(true) {
			return fmt.Errorf("%s is closed twice", s.name)
		}
		return nil
	}}, nil
}

// reads checks which store a warehouse lies in.
func (w *world) reads(r *profiles.Registry, name, want string) {
	w.Helper()
	got, err := r.In(name).Read(w.Context(), "x")
	if err != nil || string(got) != want {
		w.Errorf("%s lies in %q, %v, want %q", name, got, err, want)
	}
}

func always(s *profiles.Settings) { s.Age = time.Nanosecond }
func seldom(s *profiles.Settings) { s.Age = time.Hour }

func TestEachWarehouseHasItsOwn(t *testing.T) {
	w := newWorld(t)
	w.set("a", 1, true)
	w.set("b", 7, true)
	w.set("plain", 1, false)
	r := w.registry(seldom)
	for range 3 {
		w.reads(r, "a", "a@1")
		w.reads(r, "b", "b@7")
		w.reads(r, "plain", "default")
	}
	if n := w.finds.Load(); n != 3 {
		t.Errorf("warehouses were looked up %d times", n)
	}
	if _, err := r.In("none").Read(t.Context(), "x"); !fault.Is(err, fault.NoSuchWarehouse) {
		t.Error(err)
	}
}

func TestAChangeReplacesWhatWasOpen(t *testing.T) {
	w := newWorld(t)
	w.set("a", 1, true)
	r := w.registry(always)
	w.reads(r, "a", "a@1")
	w.reads(r, "a", "a@1")
	w.set("a", 2, true)
	w.reads(r, "a", "a@2")
	if len(w.opened) != 2 || !w.opened[0].closed.Load() {
		t.Errorf("%d were opened", len(w.opened))
	}
	w.mu.Lock()
	delete(w.warehouses, "a")
	w.mu.Unlock()
	if _, err := r.In("a").Read(t.Context(), "x"); !fault.Is(err, fault.NoSuchWarehouse) || !w.opened[1].closed.Load() {
		t.Errorf("a warehouse that is gone: %v", err)
	}
}

func TestWhatIsInUseIsClosedByTheLast(t *testing.T) {
	w := newWorld(t)
	w.set("a", 1, true)
	r := w.registry(always)
	n := 0
	for _, err := range r.In("a").List(t.Context(), "x") {
		if err != nil {
			t.Fatal(err)
		}
		w.set("a", int64(n+2), true)
		w.reads(r, "a", fmt.Sprintf("a@%d", n+2))
		n++
	}
	if n != 3 || !w.opened[0].closed.Load() {
		t.Errorf("%d objects, closed: %t", n, w.opened[0].closed.Load())
	}
}

func TestNoMoreThanKeptStayOpen(t *testing.T) {
	w := newWorld(t)
	r := w.registry(func(s *profiles.Settings) { s.Kept = 2 })
	for n := range 5 {
		name := fmt.Sprint(n)
		w.set(name, 1, true)
		w.reads(r, name, name+"@1")
	}
	open := 0
	for _, s := range w.opened {
		if !s.closed.Load() {
			open++
		}
	}
	if open != 2 {
		t.Errorf("%d are open", open)
	}
}

func TestConcurrentCallersOpenOnce(t *testing.T) {
	w := newWorld(t)
	w.set("a", 1, true)
	w.hold = make(chan struct{})
	r := w.registry(seldom)
	gone, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { _, err := r.In("a").Read(gone, "x"); first <- err }()
	for w.finds.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel() // who came first does not take the others along
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var done sync.WaitGroup
	for range 20 {
		done.Go(func() { w.reads(r, "a", "a@1") })
	}
	close(w.hold)
	done.Wait()
	if len(w.opened) != 1 {
		t.Errorf("%d were opened", len(w.opened))
	}
}

func TestChangesAmongReads(t *testing.T) {
	w := newWorld(t)
	w.set("a", 1, true)
	r := w.registry(always)
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			for range 200 {
				if _, err := r.In("a").Read(t.Context(), "x"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for version := range 100 {
		w.set("a", int64(version+2), true)
		if _, err := r.In("a").Read(t.Context(), "x"); err != nil {
			t.Error(err)
		}
	}
	done.Wait()
	w.reads(r, "a", "a@101")
}
