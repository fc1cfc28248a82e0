package report

import (
	"github.com/igloo-catalog/igloo/pkg/benchtest"
)

// Run is all that one run of the benchmark read.
type Run struct {
	Machine benchtest.Machine `json:"machine"`
	Series  []*Series         `json:"series"`
	Memory  []Memory          `json:"memory"`
	Starts  []Start           `json:"starts"`
	// LeftOut is who did not do what, and why.
	LeftOut []LeftOut `json:"left_out"`
}

// Series are the turns of one contestant in one operation.
type Series struct {
	Operation   string `json:"operation"`
	Connections int    `json:"connections"`
	Contestant  string `json:"contestant"`
	// Rate is operations a second, one number a turn, as in all that follows.
	Rate []float64 `json:"rate"`
	// Services, Postgres and Store are microseconds of CPU an operation: of the
	// catalog's own processes, of its database, and of its S3 server.
	Services []float64 `json:"services_cpu_us"`
	Postgres []float64 `json:"postgres_cpu_us"`
	Store    []float64 `json:"store_cpu_us"`
	// Bytes of answers, and Tries it took, an operation.
	Bytes []float64 `json:"bytes"`
	Tries []float64 `json:"tries"`
	// Errors are operations that failed, in all turns.
	Errors int64 `json:"errors"`
	// Open is a turn at a fixed rate.
	Open *Open `json:"open,omitempty"`
}

// Open are latencies, in milliseconds, of operations that are due at a fixed rate,
// each counted from when it was due.
type Open struct {
	Rate float64 `json:"rate"`
	P50  float64 `json:"p50_ms"`
	P90  float64 `json:"p90_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p999_ms"`
	Max  float64 `json:"max_ms"`
}

// Memory is what the processes of a contestant had in memory when all of it had ended,
// and when they had then been idle for half a minute.
type Memory struct {
	Contestant string  `json:"contestant"`
	BusyMB     float64 `json:"busy_mb"`
	MB         float64 `json:"mb"`
}

// Start is what starts of `igloo serve` took, medians of several.
type Start struct {
	Folder   string  `json:"folder"`
	First200 float64 `json:"to_first_200_ms"`
	CPU      float64 `json:"cpu_ms"`
	MB       float64 `json:"resident_mb"`
}

// LeftOut is an operation that a contestant does not do.
type LeftOut struct {
	Operation  string `json:"operation"`
	Contestant string `json:"contestant"`
	Why        string `json:"why"`
}

// find is the series of a contestant; nil where it has none.
func (r *Run) find(operation, contestant string, connections int) *Series {
	for _, s := range r.Series {
		if s.Operation == operation && s.Contestant == contestant && s.Connections == connections {
			return s
		}
	}
	return nil
}

// CPU is that of the catalog's processes and its database, a turn each.
func (s *Series) CPU() []float64 { return sum(s.Services, s.Postgres) }

// WholeCPU is that of all servers, a turn each.
func (s *Series) WholeCPU() []float64 { return sum(s.CPU(), s.Store) }

func sum(a, b []float64) []float64 {
	all := make([]float64, len(a))
	for i := range a {
		all[i] = a[i] + b[i]
	}
	return all
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return benchtest.Median(values)
}
