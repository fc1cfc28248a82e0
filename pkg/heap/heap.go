// Package heap owns how much garbage a program lets lie.
//
// It promises that a program which keeps little is not always collecting: with
// a floor, the collector starts when the heap has grown by as much again. GOGC
// and GOMEMLIMIT mean what they always mean.
package heap

import "runtime"

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
