package heap_test

import (
	"os"
	"regexp"
	"runtime"
	"strconv"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/heap"
)

func TestFloorDelaysTheCollectorAndTakesNoMemory(t *testing.T) {
	before := goal()
	takesMemory := func() bool {
		resident := residentKB(t)
		release := heap.Floor()
		t.Cleanup(release)
		return residentKB(t) > resident+8<<10
	}
	// Addresses that were in use before have to be cleared, which takes memory. Those
	// that nobody has used, as at the start of a program, come when they are used up.
	tries := 1
	for ; takesMemory(); tries++ {
		if tries == 4 {
			t.Fatal("a floor takes memory")
		}
	}
	if after := goal(); after < before+48<<20 {
		t.Errorf("the next collection is at %d bytes, and was at %d", after, before)
	}
}

// goal is the size of the heap at which the next collection starts, in bytes.
func goal() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.NextGC
}

func residentKB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("needs /proc")
	}
	kb, err := strconv.Atoi(string(regexp.MustCompile(`VmRSS:\s+(\d+)`).FindSubmatch(status)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kb
}
