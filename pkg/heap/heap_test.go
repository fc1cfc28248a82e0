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
	if !heap.Alone(t) {
		return
	}
	before, resident := goal(), residentKB(t)
	release := heap.Floor()
	defer release()
	if now := residentKB(t); now > resident+8<<10 {
		t.Errorf("resident are %d KB, and were %d", now, resident)
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
