package benchtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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

// CPU is what processes have used so far, with the children of each that have ended.
func CPU(pids ...int) (time.Duration, error) {
	var ticks int
	for _, pid := range pids {
		fields, err := readStat(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, fmt.Errorf("CPU of process %d: %w", pid, err)
		}
		ticks += fields[fieldUser] + fields[fieldSystem] + fields[fieldUserOfEnded] + fields[fieldSystemOfEnded]
	}
	return time.Duration(ticks) * tick, nil
}

// FamilyCPU is what a process and its children have used so far, such as a
// Postgres with its backends.
func FamilyCPU(pid int) (time.Duration, error) {
	const tries = 20
	for try := 1; ; try++ {
		before, err := CPU(pid)
		if err != nil {
			return 0, err
		}
		children, err := childrenCPU(pid)
		if err != nil {
			return 0, err
		}
		after, err := CPU(pid)
		// A child that ended meanwhile is in neither: its CPU is its parent's by now.
		if err != nil || after == before || try == tries {
			return after + children, err
		}
	}
}

func childrenCPU(pid int) (time.Duration, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	var ticks int
	for _, path := range stats {
		fields, err := readStat(path)
		if err == nil && fields[fieldParent] == pid { // else it has ended meanwhile
			ticks += fields[fieldUser] + fields[fieldSystem]
		}
	}
	return time.Duration(ticks) * tick, nil
}

// readStat returns the first numbers behind the program's name, its state as 0.
func readStat(path string) ([]int, error) {
	text, err := os.ReadFile(path) //nolint:gosec // a file of the kernel's
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
