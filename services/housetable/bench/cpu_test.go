package bench

import (
	"os"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
)

// postgresCPU is what all processes of Postgres have used so far, those that
// have ended included.
func (w *world) postgresCPU(b *testing.B) time.Duration {
	b.Helper()
	used, err := benchtest.FamilyCPU(w.cluster.PID())
	if err != nil {
		b.Fatal(err)
	}
	return used
}

// allCPU is what all that take part have used so far: Postgres, the services,
// this process with its callers, and the pgbenches that it ran.
func (w *world) allCPU(b *testing.B) time.Duration {
	b.Helper()
	used, err := benchtest.CPU(append(w.services, os.Getpid())...)
	if err != nil {
		b.Fatal(err)
	}
	return w.postgresCPU(b) + used
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
