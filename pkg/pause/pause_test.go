package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/igloo-catalog/igloo/pkg/pause"
)

func TestPauses(t *testing.T) {
	for name, test := range map[string]struct {
		pause  func(context.Context, time.Duration) error
		limit  time.Duration
		err    error
		lasted time.Duration
	}{
		"to its end":          {pause.For, time.Minute, nil, time.Second},
		"cut short":           {pause.For, time.Millisecond, context.DeadlineExceeded, time.Millisecond},
		"with time for it":    {pause.IfTime, time.Minute, nil, time.Second},
		"with no time for it": {pause.IfTime, time.Millisecond, pause.ErrNoTime, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.limit)
				defer cancel()
				began := time.Now()
				if err := test.pause(ctx, time.Second); !errors.Is(err, test.err) || time.Since(began) != test.lasted {
					t.Errorf("error %v after %s, want %v after %s", err, time.Since(began), test.err, test.lasted)
				}
			})
		})
	}
}
