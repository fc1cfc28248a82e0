package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestRounds: full rounds are followed soon, failed ones are told and tried again.
func TestRounds(t *testing.T) {
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	for _, c := range []struct {
		done int64
		err  error
		want time.Duration
		says string
	}{
		{0, nil, time.Hour, ""},
		{9, nil, time.Hour, "things done"},
		{10, nil, fullPause, "count=10"},
		{3, errors.New("away"), failedPause, "away"},
	} {
		logged.Reset()
		got := chore{"things done", time.Hour, 10, func(_ context.Context, limit int) (int64, error) {
			if limit != 10 {
				t.Errorf("a round of %d", limit)
			}
			return c.done, c.err
		}}.run(t.Context(), log)
		if got != c.want || !strings.Contains(logged.String(), c.says) || c.says == "" && logged.Len() > 0 {
			t.Errorf("%d, %v: wait %s, want %s; logged %s", c.done, c.err, got, c.want, &logged)
		}
	}
	for range 1000 {
		if d := jittered(time.Second); d < 900*time.Millisecond || d > 1100*time.Millisecond {
			t.Fatalf("jittered: %s", d)
		}
	}
}

// TestStopEndsRounds: a round in the middle of its work ends with the sweeper,
// and its end is no failure to tell.
func TestStopEndsRounds(t *testing.T) {
	var logged bytes.Buffer
	begun := make(chan struct{}, 1)
	s := startSweeper(t.Context(), []chore{{"work", 10 * time.Millisecond, 1, func(ctx context.Context, _ int) (int64, error) {
		begun <- struct{}{}
		<-ctx.Done()
		return 0, ctx.Err()
	}}}, slog.New(slog.NewTextHandler(&logged, nil)))
	<-begun
	s.stop()
	if logged.Len() > 0 {
		t.Errorf("logged %s", &logged)
	}
}
