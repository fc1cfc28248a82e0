package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// TestNoWarehouseHasNoLatestPosition: that is said at once, and not only when
// those are done who may have drawn an earlier position.
func TestNoWarehouseHasNoLatestPosition(t *testing.T) {
	s := openStore(t)
	err := s.pool.transact(t.Context(), func(tx pgx.Tx) error {
		if err := run(t.Context(), tx, drawTransaction); err != nil {
			return err
		}
		if _, fence, err := s.LatestPosition(t.Context(), "nowhere", nil); !fault.Is(err, fault.NoSuchWarehouse) {
			t.Errorf("fence %v, error %v", fence, err)
		}
		_, fence, err := s.LatestPosition(t.Context(), housetable.DefaultWarehouse, nil)
		if fence == nil {
			t.Error("the transaction under way is passed over")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
