package command

import (
	"context"
	"encoding/json"
	"errors"
)

// streamed shows what a walk comes upon, as it does: by rows to people. The walk sends
// until its context ends.
func streamed[T any](ctx context.Context, p printer, head []string, row func(json.RawMessage) ([]string, error), walk func(context.Context, chan<- T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found, walked := make(chan T), make(chan error, 1)
	go func() {
		defer close(found)
		walked <- walk(ctx, found)
	}()
	err := p.many(func(yield func(json.RawMessage, error) bool) {
		for one := range found {
			text, err := json.Marshal(one)
			if !yield(text, err) || err != nil {
				return
			}
		}
	}, head, row)
	cancel()
	for range found {
		continue // whoever still sends is let go on, and ends
	}
	return errors.Join(err, unlessCancelled(err, <-walked))
}

// unlessCancelled is the error of the walk, but for its end that an error before caused.
func unlessCancelled(before, err error) error {
	if before != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
