// Package redistest gives tests real Redis servers, private ones a test, on free
// loopback ports, without persistence, as Igloo runs them: one server, one behind
// Sentinels, a Cluster.
//
// It promises that the servers die with the test, and that a missing
// redis-server is a failure under CI and a skip elsewhere.
package redistest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
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
	dir     string
	lines   []string
	user    *url.Userinfo
	certs   *Certificates
	flags   []string
	process *proctest.Process
}

// Option changes a server before it starts.
type Option func(*Server)

// Config adds lines to the server's configuration file.
func Config(lines ...string) Option {
	return func(s *Server) { s.lines = append(s.lines, lines...) }
}

// User lets only this user in, who may do what the rules of an ACL say.
func User(name, password, rules string) Option {
	return func(s *Server) {
		s.user = url.UserPassword(name, password)
		s.lines = append(s.lines, "user default off", fmt.Sprintf("user %s on >%s %s", name, password, rules))
	}
}

// Encrypted lets the server speak TLS alone, to clients that have a certificate.
func Encrypted(c *Certificates) Option {
	return func(s *Server) { s.certs = c }
}

// New starts a server for the test.
func New(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := prepare(t, options...)
	if err := s.Restart(t.Context()); err != nil {
		t.Fatalf("start Redis: %v", err)
	}
	return s
}

func prepare(t testing.TB, options ...Option) *Server {
	t.Helper()
	proctest.Program(t, "redis-server", "deps")
	s := &Server{dir: t.TempDir(), port: proctest.Port(t)}
	for _, option := range options {
		option(s)
	}
	t.Cleanup(func() {
		if s.process != nil {
			_ = s.Kill()
		}
	})
	return s
}

// Addr is where the server listens: "127.0.0.1:41234".
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// URL is the connection string of the server.
func (s *Server) URL() string {
	u := url.URL{Scheme: "redis", User: s.user, Host: s.Addr(), Path: "/0"}
	if s.certs != nil {
		u.Scheme, u.RawQuery = "rediss", s.certs.query()
	}
	return u.String()
}

// Client is a connection to the server, for the test's own use.
func (s *Server) Client(t testing.TB) *redis.Client {
	t.Helper()
	client := s.client()
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (s *Server) client() *redis.Client {
	options := &redis.Options{Addr: s.Addr()}
	if s.user != nil {
		options.Username = s.user.Username()
		options.Password, _ = s.user.Password()
	}
	if s.certs != nil {
		options.TLSConfig = s.certs.client.Clone()
	}
	return redis.NewClient(options)
}

// PID is the server's process id.
func (s *Server) PID() int { return s.process.PID() }

// Kill ends the server at once; what it held is lost.
func (s *Server) Kill() error { return s.process.Kill() }

// Restart starts the server anew, empty, on the port it had.
func (s *Server) Restart(ctx context.Context) error {
	file := filepath.Join(s.dir, "redis.conf")
	// What Sentinels and Clusters have written into their files is theirs to find again.
	if _, err := os.Stat(file); err != nil {
		if err := os.WriteFile(file, []byte(s.config()), 0o600); err != nil {
			return err
		}
	}
	process, err := proctest.Start(proctest.Command{Path: "redis-server", Args: append([]string{file}, s.flags...), Dir: s.dir})
	if err != nil {
		return err
	}
	s.process = process
	return s.waitReady(ctx)
}

func (s *Server) config() string {
	lines := []string{"bind 127.0.0.1", "protected-mode no", `save ""`, "appendonly no", "maxmemory-policy volatile-ttl", "dir " + s.dir}
	if s.certs == nil {
		lines = append(lines, fmt.Sprintf("port %d", s.port))
	} else {
		lines = append(lines, "port 0", fmt.Sprintf("tls-port %d", s.port),
			"tls-cert-file "+s.certs.Cert, "tls-key-file "+s.certs.Key, "tls-ca-cert-file "+s.certs.CA, "tls-auth-clients yes")
	}
	return strings.Join(append(lines, s.lines...), "\n") + "\n"
}

func (s *Server) waitReady(ctx context.Context) error {
	client := s.client()
	defer client.Close() //nolint:errcheck // nothing was written
	return s.wait(ctx, "does not answer", func(ctx context.Context) bool { return client.Ping(ctx).Err() == nil })
}

// wait waits until something holds.
func (s *Server) wait(ctx context.Context, what string, holds func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for !holds(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("redis at %s %s:\n%s", s.Addr(), what, s.process.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
