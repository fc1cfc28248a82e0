package objectstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// One object that cannot be deleted keeps no other, and each that stayed is named.
func TestDeleteEachGoesOn(t *testing.T) {
	locations := make([]string, 1000)
	for i := range locations {
		locations[i] = fmt.Sprint("object-", i)
	}
	var gone atomic.Int64
	err := objectstore.DeleteEach(t.Context(), locations, func(location string) error {
		if strings.HasSuffix(location, "-7") || strings.HasSuffix(location, "-500") {
			return fmt.Errorf("%s: %w", location, errStuck)
		}
		gone.Add(1)
		return nil
	})
	if gone.Load() != 998 || !errors.Is(err, errStuck) || !strings.Contains(err.Error(), "object-7:") || !strings.Contains(err.Error(), "object-500:") {
		t.Errorf("%d are gone: %v", gone.Load(), err)
	}
}

var errStuck = errors.New("stuck")

func TestDeleteEachEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var begun atomic.Int64
	err := objectstore.DeleteEach(ctx, make([]string, 1000), func(string) error {
		begun.Add(1)
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || begun.Load() > 100 {
		t.Errorf("%d were begun: %v", begun.Load(), err)
	}
}
