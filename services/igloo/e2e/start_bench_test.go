package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// startTimeout bounds the wait for the first answer.
const startTimeout = 30 * time.Second

// BenchmarkStart measures `igloo serve` as a newcomer meets it: from the start
// of the process on an empty folder, and on one that is there already, to the
// first 200 of /v1/config, what CPU that took, and the memory that is resident
// then. Others at work on the machine make it wait, and cost it little CPU.
func BenchmarkStart(b *testing.B) {
	b.Run("first", func(b *testing.B) {
		measureStart(b, func() string { return filepath.Join(b.TempDir(), "data") })
	})
	b.Run("again", func(b *testing.B) {
		folder := filepath.Join(b.TempDir(), "data")
		startOnce(b, folder)
		measureStart(b, func() string { return folder })
	})
}

func measureStart(b *testing.B, folder func() string) {
	b.Helper()
	var starts []start
	for b.Loop() {
		starts = append(starts, startOnce(b, folder()))
	}
	report(b, starts, "ms-to-first-200", func(s start) float64 { return s.took })
	report(b, starts, "ms-CPU", func(s start) float64 { return s.cpu })
	report(b, starts, "MB-resident", func(s start) float64 { return s.resident })
	b.ReportMetric(0, "ns/op")
}

// report tells the median of one measure.
func report(b *testing.B, starts []start, unit string, of func(start) float64) {
	b.Helper()
	values := make([]float64, len(starts))
	for i, s := range starts {
		values[i] = of(s)
	}
	slices.Sort(values)
	b.ReportMetric(values[len(values)/2], unit)
}

// start is what one start took: milliseconds, and megabytes.
type start struct{ took, cpu, resident float64 }

func startOnce(b *testing.B, folder string) start {
	b.Helper()
	listen := iglootest.Address(b)
	started := time.Now()
	process, err := proctest.Start(proctest.Command{
		Path: iglootest.Program(b, "igloo"), Args: []string{"serve", "--listen", listen, "--data-dir", folder},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer process.Stop(startTimeout)
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	for !iglootest.Answers(ctx, "http://"+listen+"/v1/config") {
		if ctx.Err() != nil {
			b.Fatalf("igloo did not answer:\n%s", process.Output())
		}
		time.Sleep(500 * time.Microsecond)
	}
	return start{
		took: float64(time.Since(started).Microseconds()) / 1000,
		cpu:  cpuMS(b, process.PID()), resident: residentMB(b, process.PID()),
	}
}

// cpuMS is what the threads of a process have used so far.
func cpuMS(b *testing.B, pid int) float64 {
	b.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		b.Fatal("no schedstat in /proc", err)
	}
	var total float64
	for _, thread := range threads {
		var nanoseconds float64
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended meanwhile
		}
		if _, err := fmt.Sscan(string(text), &nanoseconds); err != nil {
			b.Fatal(err)
		}
		total += nanoseconds
	}
	return total / 1e6
}

func residentMB(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		b.Fatal("no VmRSS in /proc")
	}
	kb, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}
