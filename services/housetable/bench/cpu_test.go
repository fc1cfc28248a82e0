package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// tick is the unit of CPU time in /proc, the same on every Linux.
const tick = 10 * time.Millisecond

// The fields of /proc/PID/stat behind the program's name, from 0.
const (
	fieldParent        = 1
	fieldUser          = 11
	fieldSystem        = 12
	fieldUserOfEnded   = 13
	fieldSystemOfEnded = 14
)

// postgresCPU is what all processes of Postgres have used so far, those that
// have ended included.
func (w *world) postgresCPU(b *testing.B) time.Duration {
	b.Helper()
	postmaster := w.cluster.PID()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	var ticks int
	for _, path := range stats {
		fields, err := readStat(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		switch {
		case path == fmt.Sprintf("/proc/%d/stat", postmaster):
			ticks += fields[fieldUser] + fields[fieldSystem] + fields[fieldUserOfEnded] + fields[fieldSystemOfEnded]
		case fields[fieldParent] == postmaster:
			ticks += fields[fieldUser] + fields[fieldSystem]
		}
	}
	return time.Duration(ticks) * tick
}

// allCPU is what all that take part have used so far: Postgres, the services,
// this process with its callers, and the pgbenches that it ran.
func (w *world) allCPU(b *testing.B) time.Duration {
	b.Helper()
	ticks := 0
	for _, pid := range append(w.services, os.Getpid()) {
		fields, err := readStat(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			b.Fatal(err)
		}
		ticks += fields[fieldUser] + fields[fieldSystem] + fields[fieldUserOfEnded] + fields[fieldSystemOfEnded]
	}
	return w.postgresCPU(b) + time.Duration(ticks)*tick
}

// cost is CPU time for each operation, in microseconds.
type cost struct{ postgres, all float64 }

// spent is the cost of n operations, which do does.
func (w *world) spent(b *testing.B, n int, do func()) cost {
	b.Helper()
	postgres, all := w.postgresCPU(b), w.allCPU(b)
	do()
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(n) }
	return cost{postgres: each(w.postgresCPU(b) - postgres), all: each(w.allCPU(b) - all)}
}

// readStat returns the first numbers behind the program's name, its state as 0.
func readStat(path string) ([]int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	words := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	fields := make([]int, fieldSystemOfEnded+1)
	for i := 1; i < len(fields); i++ {
		if fields[i], err = strconv.Atoi(string(words[i])); err != nil {
			return nil, err
		}
	}
	return fields, nil
}
