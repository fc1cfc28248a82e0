package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

// BenchmarkStart measures `igloo serve` as a newcomer meets it.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		for _, s := range starts(b) {
			b.ReportMetric(s.First200, s.Folder+"-ms-to-first-200")
			b.ReportMetric(s.CPU, s.Folder+"-ms-CPU")
			b.ReportMetric(s.MB, s.Folder+"-MB-resident")
		}
	}
	b.ReportMetric(0, "ns/op")
}

// starts are medians of starts on an empty folder, and on one that is there already:
// from the start of the process to the first 200 of /v1/config, what CPU that took,
// and the memory that is resident then.
func starts(b *testing.B) []report.Start {
	b.Helper()
	folder := filepath.Join(b.TempDir(), "data")
	startOnce(b, folder)
	return []report.Start{
		medianStart(b, "empty", func() string { return filepath.Join(b.TempDir(), "data") }),
		medianStart(b, "there", func() string { return folder }),
	}
}

func medianStart(b *testing.B, name string, folder func() string) report.Start {
	b.Helper()
	const times = 15
	took, cpu, resident := make([]float64, times), make([]float64, times), make([]float64, times)
	for i := range times {
		s := startOnce(b, folder())
		took[i], cpu[i], resident[i] = s.First200, s.CPU, s.MB
	}
	median := func(values []float64) float64 { return benchtest.Rounded(benchtest.Median(values)) }
	return report.Start{Folder: name, First200: median(took), CPU: median(cpu), MB: median(resident)}
}

func startOnce(b *testing.B, folder string) report.Start {
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
	took := time.Since(started)
	memory, err := benchtest.Resident(process.PID())
	if err != nil {
		b.Fatal(err)
	}
	return report.Start{First200: float64(took.Microseconds()) / 1000, CPU: cpuMS(b, process.PID()), MB: float64(memory) / 1e6}
}

// cpuMS is what the threads of a process have used so far, more finely than the
// kernel counts for a process.
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
