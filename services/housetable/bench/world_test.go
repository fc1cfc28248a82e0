package bench

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/heap"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

const (
	// many and few are how many tables the two databases hold.
	many = 1_000_000
	few  = 1_000
	// startTimeout bounds each step of getting ready.
	startTimeout = 5 * time.Minute
)

// settings of the server for both sides: commits are durable; and nothing runs
// by the clock that would be charged to whichever side is at work then.
var settings = []string{
	"fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=2GB", "max_wal_size=16GB",
	"checkpoint_timeout=1h", "autovacuum=off", "max_connections=300",
}

// world is a Postgres with a database of many tables and one of few, and a house
// table service of its own for each.
type world struct {
	cluster   *pgtest.Cluster
	many, few *service
	// services are the process ids of the house table services.
	services []int
	// next is the first table that nobody has changed yet.
	next int
}

// service is a running house table service.
type service struct {
	database string
	url      string // of its HTTP listener
	conn     *grpc.ClientConn
	tables   htsv1.TableServiceClient
	// next is how many tables were created since.
	next int
}

func newWorld(b *testing.B) *world {
	b.Helper()
	pgtest.Binaries(b)
	b.Cleanup(heap.Floor()) // as every program of Igloo has
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	cluster, err := pgtest.Start(ctx, settings...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cluster.Stop() })
	program := filepath.Join(b.TempDir(), "housetable")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "../cmd/housetable").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	w := &world{cluster: cluster, next: firstID}
	w.many = w.serve(b, program, "many", many)
	w.few = w.serve(b, program, "few", few)
	w.execute(b, "many", "CHECKPOINT")
	return w
}

// serve fills a database and starts a service on it.
func (w *world) serve(b *testing.B, program, database string, tables int) *service {
	b.Helper()
	w.execute(b, "postgres", "CREATE DATABASE "+database)
	fill(b, w.cluster.URL(database), tables)
	grpcAddress, httpAddress := address(b), address(b)
	process, err := proctest.Start(proctest.Command{Path: program, Args: []string{
		"serve", "--database-url", w.cluster.URL(database), "--grpc-listen", grpcAddress, "--http-listen", httpAddress,
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = process.Stop(time.Second) })
	w.services = append(w.services, process.PID())
	conn, err := grpcclient.Dial(grpcAddress)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	s := &service{database: database, url: "http://" + httpAddress, conn: conn, tables: grpcclient.Tables(conn)}
	s.wait(b, process)
	return s
}

func address(b *testing.B) string {
	b.Helper()
	port, err := proctest.FreePort()
	if err != nil {
		b.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func (s *service) wait(b *testing.B, process *proctest.Process) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	for {
		if _, err := s.get(ctx, "/readyz"); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			b.Fatalf("housetable is not ready:\n%s", process.Output())
		case <-process.Done():
			b.Fatalf("housetable ended:\n%s", process.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// get returns how long it took to get a 200.
func (s *service) get(ctx context.Context, path string) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	started := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var body [4096]byte
	for err == nil {
		_, err = response.Body.Read(body[:])
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s answered %s", path, response.Status)
	}
	return time.Since(started), nil
}
