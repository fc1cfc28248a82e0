package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/slack"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestProgramsMayBeWokenLate: every thread of every program that serves, so that the
// runtime's monitor thread costs next to nothing; and they end in good order when asked.
func TestProgramsMayBeWokenLate(t *testing.T) {
	if slack.Linked(runtime.GOOS, runtime.GOARCH) == "" {
		t.Skip("needs Linux")
	}
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			ask(t, http.MethodGet, d.URL+"/v1/namespaces", "")
			for _, pid := range d.PIDs() {
				wokenLate(t, pid)
			}
			d.Stop(t)
		})
	}
}

func wokenLate(t *testing.T, pid int) {
	t.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil || len(threads) < 2 {
		t.Fatalf("%d threads: %v", len(threads), err)
	}
	for _, thread := range threads {
		nanoseconds, err := os.ReadFile("/proc/" + thread.Name() + "/timerslack_ns")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(nanoseconds)); got != "1000000" {
			t.Errorf("thread %s of %d: %s ns", thread.Name(), pid, got)
		}
	}
}
