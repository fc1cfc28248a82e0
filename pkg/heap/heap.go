// Package heap owns how much garbage a program lets lie.
//
// It promises that a program which keeps little is not always collecting: with
// a floor, the collector starts when the heap has grown by as much again. And that
// a program with nothing to do keeps no memory that it only needed while it was
// busy. GOGC and GOMEMLIMIT mean what they always mean.
package heap

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// floor is the least that the heap is taken to be, in bytes. A house table
// service keeps a few megabytes and makes as many with each thousand commits;
// collecting them as often took a fifth of its time.
const floor = 32 << 20

// Floor holds the floor until release is called. It is addresses without memory
// behind them, since nothing ever writes there.
func Floor() (release func()) {
	reserved := make([]byte, floor)
	return func() { runtime.KeepAlive(reserved) }
}

// A program is idle that has made no more than little, in bytes, for as long as rest.
// Probes and metrics that are asked for make less.
const (
	rest   = 10 * time.Second
	little = 4 << 20
)

// GiveBack returns memory to the system each time that the program has become idle, and
// once more when it still is after as long again, until ctx ends. The runtime by itself keeps
// what the last collection left, which after a busy hour is as much again as is in use, and
// what was made since, and nobody collects it. The first time leaves what pools keep for one
// collection more, half of the stacks that have grown, and what connections have that are
// closed once they are idle.
func GiveBack(ctx context.Context) { giveBack(ctx, rest) }

func giveBack(ctx context.Context, rest time.Duration) {
	ticker := time.NewTicker(rest)
	defer ticker.Stop()
	again := false
	for last, given := uint64(0), uint64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := made()
		if idle := now-last <= little; idle && (again || now-given > little) {
			debug.FreeOSMemory()
			given, again = now, !again
		} else if !idle {
			again = false
		}
		last = now
	}
}

// made is how much the program has ever allocated, in bytes. Collections are no measure:
// a program may be busy for a moment, and leave much, without a need for one.
func made() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
