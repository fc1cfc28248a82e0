package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

// The variables that make this program a server that does nothing else: listen is
// its address, sends the file whose bytes it sends over HTTP; without one it answers
// a call over gRPC.
const (
	listens = "IGLOO_BENCH_LISTEN"
	sends   = "IGLOO_BENCH_SEND"
)

// TestMain is a server where the variables are set.
func TestMain(m *testing.M) {
	if listen := os.Getenv(listens); listen != "" {
		fmt.Fprintln(os.Stderr, server()(listen))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func server() func(listen string) error {
	switch {
	case os.Getenv(creates) != "":
		return takeSteps
	case os.Getenv(changes) != "":
		return changeRows
	case os.Getenv(sends) != "":
		return send
	}
	return answer
}

// send answers every request with the bytes of a file, as JSON of a known length.
func send(listen string) error {
	body, err := os.ReadFile(filepath.Clean(os.Getenv(sends)))
	if err != nil {
		return err
	}
	server := &http.Server{Addr: listen, ReadHeaderTimeout: startTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})}
	return server.ListenAndServe()
}

// answer answers calls that do nothing.
func answer(listen string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	return server.Serve(listener)
}

// bare are what no catalog can be faster than.
type bare struct {
	echo, pgbench, files *contestant
	health               grpc_health_v1.HealthClient
	same                 map[string]*contestant // by operation, that send its bytes
	steps                *contestant            // once it is needed
}

func newBare(b *testing.B) *bare {
	b.Helper()
	all := bareServers(b)
	all.pgbench, all.files = newPgbench(b), &contestant{name: report.SyncedFiles}
	return all
}

// bareServers are those limits that this program serves.
func bareServers(b *testing.B) *bare {
	b.Helper()
	all := &bare{echo: &contestant{name: report.Echo}, same: map[string]*contestant{}}
	listen := iglootest.Address(b)
	conn, err := grpcclient.Dial(listen)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	all.health = grpc_health_v1.NewHealthClient(conn)
	all.echo.begin(b, proctest.Command{Path: os.Args[0], Env: []string{oneProcessor, listens + "=" + listen}}, func(ctx context.Context) error {
		_, err := all.health.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		return err
	})
	return all
}

// limits of an operation, where it has some; of those that are ready one is who
// tells what bytes the answer has.
func (l *bare) limits(b *testing.B, operation string, ready []*entry, connections int) []*entry {
	b.Helper()
	if len(ready) == 0 {
		return nil
	}
	var snapshots int
	switch _, err := fmt.Sscanf(operation, "loadTable, %d", &snapshots); {
	case operation == load.TableLoad(1):
		return []*entry{
			l.sending(b, operation, ready[0].contestant, 1, connections),
			l.echo.enter(operation, connections, looped(l.call)),
			l.pgbench.asking(b, operation, report.BareSelect, bareSelect, connections),
		}
	case err == nil && operation == load.TableLoad(snapshots):
		return []*entry{l.sending(b, operation, ready[0].contestant, snapshots, connections)}
	case operation == load.DistinctCommits:
		return []*entry{l.syncing(b, operation, connections), l.stepping(b, operation, ready[0].contestant, connections), l.pgbench.asking(b, operation, report.BareUpdate, bareUpdate, connections)}
	}
	return nil
}

func (l *bare) call(ctx context.Context, _, _ int) (load.Step, error) {
	_, err := l.health.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return load.Step{}, err
}

// sending is a server of the bytes that a contestant answers to a load.
func (l *bare) sending(b *testing.B, operation string, like *contestant, snapshots, connections int) *entry {
	b.Helper()
	c := l.same[operation]
	if c == nil {
		file, listen := like.answerFile(b, snapshots), iglootest.Address(b)
		c = &contestant{name: report.SameBytes}
		c.target.URL = "http://" + listen
		c.run(b, proctest.Command{Path: os.Args[0], Env: []string{oneProcessor, sends + "=" + file, listens + "=" + listen}}, c.target.URL)
		l.same[operation] = c
	}
	return c.enter(operation, connections, looped(load.Get(c.target.URL, connections)))
}

// answerFile has what the contestant answers.
func (c *contestant) answerFile(b *testing.B, snapshots int) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), "answer")
	if err := os.WriteFile(file, c.answer(b, snapshots), 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}

// answer is what the contestant answers to a load of a table of so many snapshots.
func (c *contestant) answer(b *testing.B, snapshots int) []byte {
	b.Helper()
	catalog, err := load.Open(b.Context(), c.target, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer catalog.Close()
	url, err := catalog.TableURL(b.Context(), snapshots)
	if err != nil {
		b.Fatal(err)
	}
	response, err := http.Get(url) //nolint:noctx // the benchmark's own; it has a limit
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s %v", url, response.Status, err)
	}
	return body
}

// syncing creates files of a small table's metadata and syncs each.
func (l *bare) syncing(b *testing.B, operation string, connections int) *entry {
	b.Helper()
	folder := b.TempDir()
	content := make([]byte, 4096)
	return l.files.enter(operation, connections, looped(func(_ context.Context, worker, turn int) (load.Step, error) {
		return load.Step{}, create(filepath.Join(folder, fmt.Sprintf("%d-%d-%d", time.Now().UnixNano(), worker, turn)), content)
	}))
}

func create(path string, content []byte) error {
	file, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
