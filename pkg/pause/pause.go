// Package pause owns waiting for a time that passes.
//
// It promises that a pause ends with its context, and keeps no timer then.
package pause

import (
	"context"
	"errors"
	"time"
)

// ErrNoTime is that of a pause that was not begun.
var ErrNoTime = errors.New("the deadline is too near to try again")

// For waits for d, or returns the error of a context that ends before.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// IfTime is For, but a pause that the deadline would cut short is not begun: its
// error is ErrNoTime.
func IfTime(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return ErrNoTime
	}
	return For(ctx, d)
}
