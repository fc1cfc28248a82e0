// Package s3test gives tests a real S3 server, one private server a test, on a
// free loopback port, with its objects in a folder of the test.
//
// It promises that the server checks signatures, honours conditional writes and
// dies with the test, and that a missing versitygw is a failure under CI and a
// skip elsewhere.
package s3test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// What every server of a test is called by.
const (
	Region          = "us-east-1"
	Bucket          = "lake"
	AccessKeyID     = "test-root"
	SecretAccessKey = "test-root-secret"
)

// startTimeout bounds the wait for the first answer.
const startTimeout = 20 * time.Second

// Server is a running S3 server with one bucket.
type Server struct {
	port    int
	process *proctest.Process
	sts     string
	iam     *iam
}

// New starts a server that knows one key, which may do everything.
func New(t testing.TB) *Server {
	t.Helper()
	return start(t)
}

// NewKeepingConnections starts one that keeps connections alive, as stores of the
// world do. On those it takes the end of a multipart upload of pyarrow for the next
// request, so it is for measuring, and for clients of ours.
func NewKeepingConnections(t testing.TB) *Server {
	t.Helper()
	return start(t, "--keep-alive")
}

// NewWithSTS starts a server that keeps to the policies of temporary keys, and
// the service that gives them out.
func NewWithSTS(t testing.TB) *Server {
	t.Helper()
	iam := startIAM(t)
	s := start(t, "--iam-standalone-endpoint", iam.serveSessions(t), "--iam-cache-disable")
	s.sts, s.iam = iam.serveSTS(t), iam
	return s
}

func start(t testing.TB, flags ...string) *Server {
	t.Helper()
	s := &Server{port: proctest.Port(t)}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, Bucket), 0o755); err != nil { //nolint:gosec // a test's
		t.Fatal(err)
	}
	flags = append(append(flags, "posix"), attributes(t, folder)...)
	s.process = run(t, s.port, append(flags, folder)...)
	waitReady(t, s.Endpoint(), s.process)
	return s
}

// run starts the program.
func run(t testing.TB, port int, flags ...string) *proctest.Process {
	t.Helper()
	program := proctest.Program(t, "versitygw", "test")
	process, err := proctest.Start(proctest.Command{
		Path: program,
		Args: append([]string{
			"--port", "127.0.0.1:" + strconv.Itoa(port), "--region", Region,
			"--access", AccessKeyID, "--secret", SecretAccessKey, "--quiet", "--health", "/health",
		}, flags...),
		Dir: os.TempDir(),
	})
	if err != nil {
		t.Fatalf("start S3 server: %v", err)
	}
	t.Cleanup(func() { _ = process.Kill() })
	return process
}

// STS is the URL of the service that gives out temporary keys.
func (s *Server) STS() string { return s.sts }

// Endpoint is the server's URL.
func (s *Server) Endpoint() string { return fmt.Sprintf("http://127.0.0.1:%d", s.port) }

// PID is the process id of the server.
func (s *Server) PID() int { return s.process.PID() }

// Address is the server's host and port.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func waitReady(t testing.TB, url string, process *proctest.Process) {
	t.Helper()
	proctest.Await(t, process, startTimeout, func(ctx context.Context) error { return healthy(ctx, url) })
}

func healthy(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/health", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return nil
}
