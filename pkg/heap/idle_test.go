package heap

import (
	"context"
	"runtime/metrics"
	"testing"
	"time"
)

func TestAnIdleProgramGivesItsMemoryBack(t *testing.T) {
	busy := func() {
		for range 64 {
			kept = make([]byte, 4<<20)
			for i := 0; i < len(kept); i += 4096 {
				kept[i] = 1
			}
		}
		kept = nil
	}
	busy()
	before := held()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	go giveBack(ctx, 20*time.Millisecond)
	for held() > before/2 {
		if ctx.Err() != nil {
			t.Fatalf("%d bytes are held, and were %d when the program was busy", held(), before)
		}
		time.Sleep(10 * time.Millisecond)
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
