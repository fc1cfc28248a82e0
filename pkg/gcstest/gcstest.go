// Package gcstest gives tests a server that speaks the protocol of Google Cloud
// Storage, one private server a test, on a free loopback port, in memory.
//
// It promises that the server honours conditional writes and dies with the test,
// and that a missing fake-gcs-server is a failure under CI and a skip elsewhere.
// It checks no credentials.
package gcstest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// Bucket is there in every server of a test.
const Bucket = "lake"

// startTimeout bounds the wait for the first answer.
const startTimeout = 20 * time.Second

// Server is a running server with one bucket.
type Server struct {
	port    int
	process *proctest.Process
}

// New starts a server for the test.
func New(t testing.TB) *Server {
	t.Helper()
	program := proctest.Program(t, "fake-gcs-server", "test")
	s := &Server{port: proctest.Port(t)}
	var err error
	s.process, err = proctest.Start(proctest.Command{
		Path: program,
		Args: []string{
			"-scheme", "http", "-host", "127.0.0.1", "-port", strconv.Itoa(s.port),
			"-public-host", s.Address(), "-backend", "memory", "-log-level", "error",
		},
		Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatalf("start GCS server: %v", err)
	}
	t.Cleanup(func() { _ = s.process.Kill() })
	s.createBucket(t)
	return s
}

// Endpoint is the server's URL.
func (s *Server) Endpoint() string { return "http://" + s.Address() }

// Address is the server's host and port.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// createBucket tries until the server answers.
func (s *Server) createBucket(t testing.TB) {
	t.Helper()
	proctest.Await(t, s.process, startTimeout, func(ctx context.Context) error {
		return s.post(ctx, "/storage/v1/b?project=test", `{"name":"`+Bucket+`"}`)
	})
}

func (s *Server) post(ctx context.Context, path, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Endpoint()+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
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
