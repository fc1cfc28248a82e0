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
	"os/exec"
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
	folder  string
	process *proctest.Process
}

// New starts a server for the test.
func New(t testing.TB) *Server {
	t.Helper()
	program, err := exec.LookPath("versitygw")
	if err != nil {
		absent(t, err)
	}
	port, err := proctest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{port: port, folder: t.TempDir()}
	if err := os.Mkdir(filepath.Join(s.folder, Bucket), 0o755); err != nil { //nolint:gosec // a test's
		t.Fatal(err)
	}
	// It keeps no connections: on one that it keeps, it takes the end of a
	// multipart upload of pyarrow for the next request.
	s.process, err = proctest.Start(proctest.Command{
		Path: program,
		Args: []string{
			"--port", "127.0.0.1:" + strconv.Itoa(port), "--region", Region,
			"--access", AccessKeyID, "--secret", SecretAccessKey, "--quiet", "--health", "/health",
			"posix", "--sidecar", t.TempDir(), s.folder,
		},
		Dir: os.TempDir(),
	})
	if err != nil {
		t.Fatalf("start S3 server: %v", err)
	}
	t.Cleanup(func() { _ = s.process.Kill() })
	s.waitReady(t)
	return s
}

// Endpoint is the server's URL.
func (s *Server) Endpoint() string { return fmt.Sprintf("http://127.0.0.1:%d", s.port) }

// Address is the server's host and port.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func (s *Server) waitReady(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	for {
		err := s.healthy(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("S3 server did not answer: %v\n%s", err, s.process.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) healthy(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint()+"/health", nil)
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

func absent(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%v; 'make test' installs it", err)
	}
	t.Skipf("%v; 'make test' installs it", err)
}
