package housetabletest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// readsTogether has many callers read at once, some what is not there, some from
// other warehouses: each gets what it asked for, in the order it asked.
func readsTogether(t *testing.T, b *bench) {
	t.Helper()
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "folded", CaseInsensitive: true}); err != nil {
		t.Fatal(err)
	}
	b.seed(t, 4)
	for _, change := range []housetable.Change{housetable.CreateNamespace{DatabaseID: "db"}, create("t2")} {
		c := b.request(change)
		c.Warehouse = "folded"
		b.send(t, c)
	}
	var wait sync.WaitGroup
	for caller := range 48 {
		wait.Go(func() {
			for n := range 8 {
				if err := readOne(t.Context(), b, caller+n); err != nil {
					t.Errorf("caller %d: %v", caller, err)
				}
			}
		})
	}
	wait.Wait()
	absent := key("absent")
	found, err := b.Tables(t.Context(), house, []housetable.TableKey{key("t3"), absent, key("t0"), key("t3")})
	if err != nil || len(found) != 4 || found[1] != nil || found[0].Key != key("t3") || found[2].Key != key("t0") || found[3].Key != key("t3") {
		t.Fatalf("found %v, %v", found, err)
	}
}

// readOne is one of five reads, picked by n.
func readOne(ctx context.Context, b *bench, n int) error {
	warehouse, wanted, want := house, key(fmt.Sprint("t", n%4)), true
	switch n % 5 {
	case 0:
		wanted, want = key("T1"), false
	case 1:
		warehouse, wanted = "folded", key("T2")
	case 2:
		warehouse = "nowhere"
	}
	found, err := b.Tables(ctx, warehouse, []housetable.TableKey{wanted})
	switch {
	case warehouse == "nowhere":
		if !fault.Is(err, fault.NoSuchWarehouse) {
			return fmt.Errorf("a warehouse that is not there: %w", err)
		}
		return nil
	case err != nil:
		return err
	case len(found) != 1 || (found[0] != nil) != want:
		return fmt.Errorf("%s %v: found %v", warehouse, wanted, found)
	case want && found[0].Key.Fold() != wanted.Fold():
		return fmt.Errorf("asked for %v, got %v", wanted, found[0].Key)
	}
	return nil
}
