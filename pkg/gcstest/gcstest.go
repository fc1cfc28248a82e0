// Package gcstest gives tests a server that speaks the protocol of Google Cloud
// Storage, one private server a test, on a free loopback port, in memory.
//
// It promises that the server honours conditional writes and dies with the test,
// and that a missing fake-gcs-server is a failure under CI and a skip elsewhere.
// It checks no credentials, but for a server that NewWithSTS started.
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

// Bucket is there in every server of a test, and Project is what it is of.
const (
	Bucket  = "lake"
	Project = "test"
)

// startTimeout bounds the wait for the first answer.
const startTimeout = 20 * time.Second

// Server is a running server with one bucket.
type Server struct {
	address string
	process *proctest.Process
	tokens  *tokens
}

// New starts a server for the test, which asks nobody for credentials.
func New(t testing.TB) *Server {
	t.Helper()
	return start(t, "")
}

// NewWithSTS starts a server that keeps to what tokens are for, and the service
// that gives them out and narrows them: it understands the boundaries it is sent,
// and refuses those that it does not.
func NewWithSTS(t testing.TB) *Server {
	t.Helper()
	tokens := serveTokens(t)
	door := guard(t, tokens)
	s := start(t, door.URL())
	door.lead(t, s.Endpoint())
	s.address, s.tokens = strings.TrimPrefix(door.URL(), "http://"), tokens
	return s
}

// start starts a server that is known to the world by a URL, or its own.
func start(t testing.TB, url string) *Server {
	t.Helper()
	program := proctest.Program(t, "fake-gcs-server", "test")
	port := proctest.Port(t)
	s := &Server{address: fmt.Sprintf("127.0.0.1:%d", port)}
	if url == "" {
		url = s.Endpoint()
	}
	var err error
	s.process, err = proctest.Start(proctest.Command{
		Path: program,
		Args: []string{
			"-scheme", "http", "-host", "127.0.0.1", "-port", strconv.Itoa(port),
			"-public-host", strings.TrimPrefix(url, "http://"), "-external-url", url, "-backend", "memory", "-log-level", "error",
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
func (s *Server) Endpoint() string { return "http://" + s.address }

// Address is the server's host and port.
func (s *Server) Address() string { return s.address }

// STS is the URL of the service that narrows tokens.
func (s *Server) STS() string { return s.tokens.url }

// ServiceAccount is the key of a new service account, which may do everything.
func (s *Server) ServiceAccount(t testing.TB) []byte {
	t.Helper()
	return s.tokens.serviceAccount(t)
}

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
