package lane

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/line"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Store is a store whose point reads go together, those of one warehouse in one
// statement.
type Store struct {
	housetable.Store
	line line.Line[point, *housetable.Table]
}

// point is a read of one house table.
type point struct {
	warehouse string
	key       housetable.TableKey
}

// of is the warehouse, whose reads go together.
func (p point) of() string { return p.warehouse }

// Coalesce makes the point reads of a store go together, and tells of them
// through meters.
func Coalesce(store housetable.Store, limits line.Limits, meters metric.MeterProvider) (*Store, error) {
	s := &Store{Store: store, line: line.Line[point, *housetable.Table]{
		What: "reads", Limits: limits, Gather: line.Sharing(point.of), Run: readFrom(store, limits.Timeout),
	}}
	var err error
	if s.line.Began, err = newFlow(meters.Meter(meterName), s.line.What); err != nil {
		return nil, fmt.Errorf("measure reads: %w", err)
	}
	return s, nil
}

func readFrom(store housetable.Reader, timeout time.Duration) func(context.Context, []point) ([]*housetable.Table, error) {
	return func(ctx context.Context, points []point) ([]*housetable.Table, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		keys := make([]housetable.TableKey, len(points))
		for i, p := range points {
			keys[i] = p.key
		}
		return store.Tables(ctx, points[0].warehouse, keys)
	}
}

// Tables returns the house table of each key. A read of several is a batch
// already, and goes by itself.
func (s *Store) Tables(ctx context.Context, warehouse string, keys []housetable.TableKey) ([]*housetable.Table, error) {
	if len(keys) != 1 {
		return s.Store.Tables(ctx, warehouse, keys)
	}
	table, err := s.line.Do(ctx, point{warehouse: warehouse, key: keys[0]})
	if left, ok := errors.AsType[line.DepartureError](err); ok {
		return nil, fault.Wrap(fault.Unavailable, left.Cause, "the read was not answered in time")
	}
	if err != nil {
		return nil, err
	}
	return []*housetable.Table{table}, nil
}
