package heap

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"time"
)

func TestAnIdleProgramGivesItsMemoryBack(t *testing.T) {
	busy(64)
	before := held()
	go giveBack(t.Context(), 20*time.Millisecond)
	awaitHeld(t, before/2)
}

func TestWhatWasLeftWithoutACollectionIsGivenBack(t *testing.T) {
	busy(64)
	before := held()
	go giveBack(t.Context(), 20*time.Millisecond)
	awaitHeld(t, before/2)
	idle := held()
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	busy(16)
	awaitHeld(t, idle+16<<20)
}

// A pool keeps what is in it for one collection more.
func TestWhatPoolsKeepIsGivenBack(t *testing.T) {
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	before := held()
	var pool sync.Pool
	for range 16 {
		busy(4)
		piece := make([]byte, 4<<20)
		pool.Put(&piece)
	}
	go giveBack(t.Context(), 20*time.Millisecond)
	awaitHeld(t, before+16<<20)
	runtime.KeepAlive(&pool)
}

// busy works with so many pieces of memory, one after another.
func busy(pieces int) {
	for range pieces {
		kept = make([]byte, 4<<20)
		for i := 0; i < len(kept); i += 4096 {
			kept[i] = 1
		}
	}
	kept = nil
}

func awaitHeld(t *testing.T, most uint64) {
	t.Helper()
	for began := time.Now(); held() > most; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d bytes are held of an idle program, more than %d", held(), most)
		}
	}
}

// kept is what the program works with.
var kept []byte

// held is what the runtime has of the system, in bytes.
func held() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
