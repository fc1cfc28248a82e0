package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/pkg/heap"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/redistest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// startTimeout bounds each step of getting ready.
const startTimeout = time.Minute

// settings of the server: commits are durable, and nothing runs by the clock that
// would be charged to whoever is at work then.
var settings = []string{
	"fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_wal_size=16GB", "checkpoint_timeout=1h", "autovacuum=off",
}

// world is the split services on one house table service: a catalog with a Redis,
// and one whose Redis is stopped.
type world struct {
	postgres *pgtest.Cluster
	// processes are the ids of all but Postgres.
	processes       []int
	whole, bereaved string // URLs of the catalogs
}

func newWorld(b *testing.B) *world {
	b.Helper()
	pgtest.Binaries(b)
	b.Cleanup(heap.Floor()) // as every program of Igloo has
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	postgres, err := pgtest.Start(ctx, settings...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = postgres.Stop() })
	w := &world{postgres: postgres, processes: []int{os.Getpid()}}
	database := postgres.URL("postgres")
	migrate(b, database)
	grpc, rest := iglootest.Address(b), iglootest.Address(b)
	w.start(b, "housetable", rest, "--grpc-listen", grpc, "--http-listen", rest, "--database-url", database)
	running, stopped := redistest.New(b), redistest.New(b)
	w.processes = append(w.processes, running.PID())
	root := "file://" + filepath.Join(b.TempDir(), "warehouse")
	w.whole = w.catalog(b, "--housetable", grpc, "--warehouse-root", root, "--redis-url", running.URL())
	w.bereaved = w.catalog(b, "--housetable", grpc, "--warehouse-root", root, "--redis-url", stopped.URL())
	if err := stopped.Kill(); err != nil {
		b.Fatal(err)
	}
	return w
}

func (w *world) catalog(b *testing.B, settings ...string) (url string) {
	b.Helper()
	listen := iglootest.Address(b)
	w.start(b, "catalog", listen, append([]string{"--listen", listen}, settings...)...)
	return "http://" + listen
}

// start runs a program until the benchmark ends, and waits until it is ready.
func (w *world) start(b *testing.B, name, listen string, settings ...string) {
	b.Helper()
	process, err := proctest.Start(proctest.Command{Path: iglootest.Program(b, name), Args: append([]string{"serve"}, settings...)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = process.Kill() })
	w.processes = append(w.processes, process.PID())
	for limit := time.Now().Add(startTimeout); !iglootest.Answers(b.Context(), fmt.Sprintf("http://%s/readyz", listen)); <-time.After(20 * time.Millisecond) {
		if time.Now().After(limit) {
			b.Fatalf("%s is not ready:\n%s", name, process.Output())
		}
	}
}

// cpu is what all processes have used so far.
func (w *world) cpu(b *testing.B) time.Duration {
	b.Helper()
	postgres, err := benchtest.FamilyCPU(w.postgres.PID())
	if err != nil {
		b.Fatal(err)
	}
	others, err := benchtest.CPU(w.processes...)
	if err != nil {
		b.Fatal(err)
	}
	return postgres + others
}

// migrate makes the tables of a database.
func migrate(b *testing.B, database string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	if out, err := exec.CommandContext(ctx, iglootest.Program(b, "housetable"), "migrate", "--database-url", database).CombinedOutput(); err != nil {
		b.Fatalf("housetable migrate: %v\n%s", err, out)
	}
}
