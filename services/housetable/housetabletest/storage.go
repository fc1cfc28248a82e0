package housetabletest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

func storedAt(roots ...string) *housetable.Storage {
	return &housetable.Storage{Profile: `{"s3": {}}`, Sealed: map[string]string{"s3.x": "k:abc"}, Roots: roots}
}

// warehouseStorage: storage is kept and replaced as a whole, and no two warehouses
// have overlapping roots.
func warehouseStorage(t *testing.T, b *bench) {
	t.Helper()
	made, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "s1", Location: "s3://b/s1", Storage: storedAt("s3:b/s1", "s3:b/more")})
	if err != nil {
		t.Fatal(err)
	}
	read, err := b.Warehouse(t.Context(), "s1")
	if diff := cmp.Diff(made, read); err != nil || diff != "" || read.Storage == nil {
		t.Fatalf("read (-created +read):\n%s %v", diff, err)
	}
	if plain, err := b.Warehouse(t.Context(), house); err != nil || plain.Storage != nil {
		t.Errorf("the default one: %+v, %v", plain, err)
	}
	for _, root := range []string{"s3:b", "s3:b/s1", "s3:b/s1/in", "s3:b/more/in"} {
		_, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "s2", Storage: storedAt("s3:c", root)})
		wantKind(t, err, fault.AlreadyExists)
	}
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "s2", Storage: storedAt("s3:b/s1x", "s3:b/s")}); err != nil {
		t.Fatalf("beside: %v", err)
	}
	_, err = b.UpdateWarehouse(t.Context(), housetable.WarehouseUpdate{Name: "s2", Storage: storedAt("s3:b/s1/in")})
	wantKind(t, err, fault.AlreadyExists)
	kept, err := b.UpdateWarehouse(t.Context(), housetable.WarehouseUpdate{Name: "s1", Updates: map[string]string{"a": "1"}})
	if diff := cmp.Diff(made.Storage, kept.Storage); err != nil || diff != "" {
		t.Errorf("a change of properties (-before +after):\n%s %v", diff, err)
	}
	changed := housetable.WarehouseUpdate{Name: "s1", Storage: storedAt("s3:b/s1/deeper"), ExpectedVersion: 1}
	_, err = b.UpdateWarehouse(t.Context(), changed)
	wantKind(t, err, fault.CommitFailed)
	changed.ExpectedVersion = 2
	replaced, err := b.UpdateWarehouse(t.Context(), changed)
	if diff := cmp.Diff(changed.Storage, replaced.Storage); err != nil || diff != "" || replaced.Version != 3 || replaced.Properties["a"] != "1" {
		t.Errorf("replaced (-wanted +found):\n%s %+v %v", diff, replaced, err)
	}
	if err := b.DeleteWarehouse(t.Context(), "s1", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := b.UpdateWarehouse(t.Context(), housetable.WarehouseUpdate{Name: "s2", Storage: storedAt("s3:b/s1/deeper")}); err != nil {
		t.Errorf("a root that nobody has any more: %v", err)
	}
}

// warehouseRootsRace: of many who want one place, in and around each other, one
// gets it.
func warehouseRootsRace(t *testing.T, b *bench) {
	t.Helper()
	var won atomic.Int32
	var done sync.WaitGroup
	for n := range 12 {
		mine := "s3:b" + strings.Repeat("/x", n+1)
		done.Go(func() {
			_, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: fmt.Sprintf("r%d", n), Storage: storedAt(mine)})
			switch {
			case err == nil:
				won.Add(1)
			case !fault.Is(err, fault.AlreadyExists):
				t.Error(err)
			}
		})
	}
	done.Wait()
	if won.Load() != 1 {
		t.Errorf("%d warehouses got the place", won.Load())
	}
}
