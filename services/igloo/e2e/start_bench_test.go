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
// first 200 of /v1/config, and the memory that is resident then.
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
	var took, resident []float64
	for b.Loop() {
		ms, mb := startOnce(b, folder())
		took, resident = append(took, ms), append(resident, mb)
	}
	slices.Sort(took)
	slices.Sort(resident)
	b.ReportMetric(took[len(took)/2], "ms-to-first-200")
	b.ReportMetric(resident[len(resident)/2], "MB-resident")
	b.ReportMetric(0, "ns/op")
}

func startOnce(b *testing.B, folder string) (ms, mb float64) {
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
	return float64(time.Since(started).Microseconds()) / 1000, residentMB(b, process.PID())
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
