package grpcclient_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// registry is a house table service that answers after a while: it has every
// namespace and warehouse but "absent", and each answer tells how many there were.
type registry struct {
	grpc.ClientConnInterface

	mu    sync.Mutex
	calls map[string]int
}

func (r *registry) Invoke(_ context.Context, _ string, request, answer any, _ ...grpc.CallOption) error {
	var name string
	switch asked := request.(type) {
	case *htsv1.GetNamespaceRequest:
		name = asked.GetWarehouse() + "." + asked.GetDatabaseId()
	case *htsv1.GetWarehouseRequest:
		name = asked.GetName()
	}
	r.mu.Lock()
	r.calls[name]++
	version := int64(r.calls[name])
	r.mu.Unlock()
	time.Sleep(whileAway)
	if name == "absent" {
		return status.Error(codes.NotFound, name)
	}
	switch answer := answer.(type) {
	case *htsv1.GetNamespaceResponse:
		answer.Namespace = &htsv1.Namespace{DatabaseId: name, Version: version}
	case *htsv1.GetWarehouseResponse:
		answer.Warehouse = &htsv1.Warehouse{Name: name, Version: version}
	}
	return nil
}

// TestReadsOfTheSameGoTogether: who comes while a read is under way gets the answer
// of one that began later, which is one for all who ask the same.
func TestReadsOfTheSameGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{calls: map[string]int{}}
		warehouses, namespaces := grpcclient.Warehouses(r), grpcclient.Namespaces(r)
		var wait sync.WaitGroup
		for n, name := range []string{"w", "w", "v", "absent", "w", "absent"} {
			wait.Go(func() {
				got, err := warehouses.GetWarehouse(t.Context(), &htsv1.GetWarehouseRequest{Name: name})
				switch want := min(int64(n), 1) + 1; {
				case name == "absent" && status.Code(err) != codes.NotFound:
					t.Errorf("%s: %v", name, err)
				case name == "absent":
				case err != nil || got.GetWarehouse().GetName() != name, name == "w" && got.GetWarehouse().GetVersion() != want:
					t.Errorf("%s: %v %v, want version %d", name, got, err, want)
				}
			})
			wait.Go(func() {
				got, err := namespaces.GetNamespace(t.Context(), &htsv1.GetNamespaceRequest{Warehouse: "w", DatabaseId: name})
				if err != nil || got.GetNamespace().GetDatabaseId() != "w."+name {
					t.Errorf("%s: %v %v", name, got, err)
				}
			})
			synctest.Wait()
		}
		wait.Wait()
		want := map[string]int{"w": 2, "v": 1, "absent": 1, "w.w": 2, "w.v": 1, "w.absent": 1}
		if !maps.Equal(r.calls, want) {
			t.Errorf("calls %v, want %v", r.calls, want)
		}
	})
}

// TestReadsOfWhatMayBeShownGoAlone: they are of whoever asks.
func TestReadsOfWhatMayBeShownGoAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{calls: map[string]int{}}
		namespaces := grpcclient.Namespaces(r)
		var wait sync.WaitGroup
		for range 3 {
			wait.Go(func() {
				_, err := namespaces.GetNamespace(t.Context(), &htsv1.GetNamespaceRequest{Warehouse: "w", DatabaseId: "n", Visibility: &htsv1.Visibility{}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if r.calls["w.n"] != 3 {
			t.Errorf("%d calls, want 3", r.calls["w.n"])
		}
	})
}

// TestWhoLeavesASharedReadGoes: the others are answered.
func TestWhoLeavesASharedReadGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		warehouses := grpcclient.Warehouses(&registry{calls: map[string]int{}})
		ask := func(ctx context.Context) error {
			_, err := warehouses.GetWarehouse(ctx, &htsv1.GetWarehouseRequest{Name: "w"})
			return err
		}
		leaving, leave := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { _ = ask(t.Context()) })
		synctest.Wait()
		wait.Go(func() {
			if err := ask(leaving); status.Code(err) != codes.Canceled {
				t.Errorf("who left got %v", err)
			}
		})
		wait.Go(func() {
			if err := ask(t.Context()); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		leave()
		wait.Wait()
	})
}
