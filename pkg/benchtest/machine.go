package benchtest

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine is where and when something was measured.
type Machine struct {
	Date  string `json:"date"`
	Go    string `json:"go"`
	Cores int    `json:"cores"`
	Model string `json:"model"`
	// Load is how many processes wanted to run in the minute before.
	Load string `json:"load"`
}

// ThisMachine describes the machine as it is now; what it does not tell is empty.
func ThisMachine() Machine {
	load, _ := os.ReadFile("/proc/loadavg")
	before, _, _ := strings.Cut(string(load), " ")
	return Machine{
		Date: time.Now().UTC().Format(time.DateOnly), Go: strings.TrimPrefix(runtime.Version(), "go"),
		Cores: runtime.NumCPU(), Model: model(), Load: before,
	}
}

// model is what the first processor calls itself.
func model() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// String is a sentence for people.
func (m Machine) String() string {
	return fmt.Sprintf("Measured on %s with Go %s on %d cores (%s), where %s processes had wanted to run before.", m.Date, m.Go, m.Cores, m.Model, m.Load)
}

// Resident is the memory of a process that is in memory now, in bytes.
func Resident(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	_, rest, found := bytes.Cut(status, []byte("VmRSS:"))
	words := bytes.Fields(rest)
	if !found || len(words) == 0 {
		return 0, fmt.Errorf("memory of process %d: the kernel does not tell", pid)
	}
	kilobytes, err := strconv.ParseInt(string(words[0]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	const kilobyte = 1024
	return kilobytes * kilobyte, nil
}
