package catalog

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// unasked is all that is not read.
type unasked interface{ Pointers }

// meeting answers no read before three of them are on their way.
type meeting struct {
	unasked

	mu                         sync.Mutex
	asked                      int
	all                        chan struct{}
	namespace, name, warehouse error
}

func (m *meeting) meet() {
	m.mu.Lock()
	if m.asked++; m.asked == 3 {
		close(m.all)
	}
	m.mu.Unlock()
	<-m.all
}

func (m *meeting) Namespace(context.Context, string, Namespace) (map[string]string, error) {
	m.meet()
	return map[string]string{"a": "b"}, m.namespace
}

func (m *meeting) Pointer(context.Context, string, TableIdentifier) (Pointer, error) {
	m.meet()
	return Pointer{Kind: ViewKind}, m.name
}

func (m *meeting) Warehouse(_ context.Context, name string) (Warehouse, error) {
	m.meet()
	return Warehouse{Name: name}, m.warehouse
}

// TestVacantAsksAtOnce: what a creation has to know is asked for at once, and what is
// wrong with it is told in one order, whatever comes first.
func TestVacantAsksAtOnce(t *testing.T) {
	free, away := fault.New(fault.NoSuchTable, "free"), fault.New(fault.Unavailable, "away")
	for name, c := range map[string]struct {
		reads *meeting
		want  fault.Kind
	}{
		"taken":          {&meeting{warehouse: away}, fault.AlreadyExists},
		"no namespace":   {&meeting{namespace: fault.New(fault.NoSuchNamespace, "gone"), name: away}, fault.NoSuchNamespace},
		"name not known": {&meeting{name: away, warehouse: free}, fault.Unavailable},
		"no warehouse":   {&meeting{name: free, warehouse: fault.New(fault.NoSuchWarehouse, "gone")}, fault.NoSuchWarehouse},
	} {
		if _, err := c.reads.vacant(t); !fault.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if at, err := (&meeting{name: free}).vacant(t); err != nil || at.warehouse.Name != "w" || at.properties["a"] != "b" {
		t.Errorf("%+v, %v", at, err)
	}
}

// vacant fails the test when one read waits for the answer to another.
func (m *meeting) vacant(t *testing.T) (at site, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m.all = make(chan struct{})
		at, err = (&Catalog{pointers: m}).vacant(t.Context(), "w", TableIdentifier{Namespace{"n"}, "t"}, TableKind)
	})
	return at, err
}
