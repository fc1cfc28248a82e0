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

// rest is how long a program has needed no collection when it is taken to be idle.
const rest = 10 * time.Second

// GiveBack returns memory to the system each time that the program has become idle,
// until ctx ends. The runtime by itself keeps what the last collection left, which
// after a busy hour is as much again as is in use, and nobody collects it.
func GiveBack(ctx context.Context) { giveBack(ctx, rest) }

func giveBack(ctx context.Context, rest time.Duration) {
	ticker := time.NewTicker(rest)
	defer ticker.Stop()
	for last, given := collections(), uint64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := collections()
		if now == last && now != given {
			debug.FreeOSMemory()
			given = now
		}
		last = now
	}
}

// collections counts those that the runtime found necessary.
func collections() uint64 {
	sample := []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
