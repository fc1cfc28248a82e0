package benchtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of CPU time in /proc, the same on every Linux.
const tick = 10 * time.Millisecond

// The fields of /proc/PID/stat behind the program's name, from 0.
const (
	fieldParent        = 1
	fieldUserOfEnded   = 13
	fieldSystemOfEnded = 14
)

// CPU is what processes have used so far, to the nanosecond, with the children of each
// that have ended, to some ticks of the kernel's.
func CPU(pids ...int) (time.Duration, error) {
	var all time.Duration
	for _, pid := range pids {
		fields, err := readStat(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, fmt.Errorf("CPU of process %d: %w", pid, err)
		}
		own, err := ownCPU(pid)
		if err != nil {
			return 0, fmt.Errorf("CPU of process %d: %w", pid, err)
		}
		all += own + time.Duration(fields[fieldUserOfEnded]+fields[fieldSystemOfEnded])*tick
	}
	return all, nil
}

// ownCPU is the process' clock, which counts threads that have ended; see
// clock_getcpuclockid(3) for how it is named.
func ownCPU(pid int) (time.Duration, error) {
	const ofScheduler, bits = 2, 3
	var used unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<bits|ofScheduler), &used); err != nil {
		return 0, fmt.Errorf("read its clock: %w", err)
	}
	return time.Duration(used.Nano()), nil
}

// FamilyCPU is what a process and its children have used so far, such as a
// Postgres with its backends.
func FamilyCPU(pid int) (time.Duration, error) {
	const tries = 20
	for try := 1; ; try++ {
		before, err := children(pid)
		if err != nil {
			return 0, err
		}
		all, err := CPU(pid)
		if err != nil {
			return 0, err
		}
		for _, child := range before {
			used, _ := ownCPU(child) // without one it has ended
			all += used
		}
		// A child that ended meanwhile is in both or neither: its CPU is its parent's by now.
		after, err := children(pid)
		if err != nil || try == tries || slices.Equal(before, after) {
			return all, err
		}
	}
}

// children are the ids of a process' children.
func children(of int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []int
	for _, path := range stats {
		fields, err := readStat(path)
		if err != nil || fields[fieldParent] != of { // with an error it has ended meanwhile
			continue
		}
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return nil, fmt.Errorf("list processes: %w", err)
		}
		all = append(all, child)
	}
	return all, nil
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
