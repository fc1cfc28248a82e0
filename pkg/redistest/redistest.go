// Package redistest gives tests a real Redis, one private server a test, on a
// free loopback port, without persistence, as Igloo runs it.
//
// It promises that the server dies with the test, and that a missing
// redis-server is a failure under CI and a skip elsewhere.
package redistest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// startTimeout bounds the wait for the first answer.
const startTimeout = 20 * time.Second

// Server is a running Redis.
type Server struct {
	port    int
	process *proctest.Process
}

// New starts a server for the test.
func New(t testing.TB) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		absent(t, err)
	}
	s := &Server{}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatalf("start Redis: %v", err)
	}
	t.Cleanup(func() { _ = s.Kill() })
	return s
}

// URL is the connection string of the server.
func (s *Server) URL() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", s.port) }

// Kill ends the server at once; what it held is lost.
func (s *Server) Kill() error { return s.process.Kill() }

// Restart starts the server anew, empty, on the port it had.
func (s *Server) Restart(ctx context.Context) error {
	if s.port == 0 {
		port, err := proctest.FreePort()
		if err != nil {
			return err
		}
		s.port = port
	}
	process, err := proctest.Start(proctest.Command{
		Path: "redis-server",
		Args: []string{
			"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port),
			"--save", "", "--appendonly", "no", "--maxmemory-policy", "volatile-ttl",
		},
		Dir: os.TempDir(),
	})
	if err != nil {
		return err
	}
	s.process = process
	return s.waitReady(ctx)
}

func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	options, err := redis.ParseURL(s.URL())
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close() //nolint:errcheck // nothing was written
	for {
		if err = client.Ping(ctx).Err(); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("redis did not answer: %w\n%s", err, s.process.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func absent(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%v; 'make deps' installs it", err)
	}
	t.Skipf("%v; 'make deps' installs it", err)
}
