package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// errNoPooler means that the machine has no PgBouncer.
var errNoPooler = errors.New("no PgBouncer found: looked for pgbouncer on PATH and in /usr/sbin")

// Pooler is a running PgBouncer in transaction mode in front of one server.
type Pooler struct {
	port    int
	dir     string
	process *proctest.Process
}

// NewPooler starts a PgBouncer in front of the server at url ("postgres://…"),
// which ends with the test. settings are lines of pgbouncer.ini, behind those
// of this package. The test is skipped, or fails under CI, where there is none.
func NewPooler(t testing.TB, url string, settings ...string) *Pooler {
	t.Helper()
	program, err := findPooler()
	if err != nil {
		proctest.Absent(t, err, "deps")
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	p, err := startPooler(ctx, program, url, settings)
	if err != nil {
		t.Fatalf("start PgBouncer: %v", err)
	}
	t.Cleanup(func() {
		_ = p.process.Kill()
		_ = os.RemoveAll(p.dir)
	})
	return p
}

// URL is url, of a database of the server, through the pooler.
func (p *Pooler) URL(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		return database
	}
	u.Host = fmt.Sprintf("127.0.0.1:%d", p.port)
	return u.String()
}

func startPooler(ctx context.Context, program, server string, settings []string) (*Pooler, error) {
	user, err := proctest.Unprivileged("postgres")
	if err != nil {
		return nil, err
	}
	port, err := proctest.FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-pooler-", folderPrefix, os.Getpid()))
	if err != nil {
		return nil, err
	}
	p := &Pooler{port: port, dir: dir}
	file, err := p.configure(server, settings)
	if err := errors.Join(err, user.Own(dir)); err != nil {
		return nil, err
	}
	p.process, err = proctest.Start(proctest.Command{Path: program, Args: []string{file}, User: user})
	if err != nil {
		return nil, err
	}
	return p, p.waitReady(ctx, p.URL(server))
}

// configure writes a pgbouncer.ini that leads every database to the server. Few
// connections go to it, so that sessions are shared, and are seen to be.
func (p *Pooler) configure(server string, settings []string) (string, error) {
	config, err := pgx.ParseConfig(server)
	if err != nil {
		return "", err
	}
	target := fmt.Sprintf("* = host=%s port=%d user=%s", config.Host, config.Port, config.User)
	if config.Password != "" {
		target += fmt.Sprintf(" password='%s'", config.Password)
	}
	lines := append([]string{
		"[databases]", target, "[pgbouncer]",
		"listen_addr = 127.0.0.1", fmt.Sprintf("listen_port = %d", p.port), "unix_socket_dir =",
		"auth_type = any", "pool_mode = transaction", "default_pool_size = 2", "max_client_conn = 500",
		"log_connections = 0", "log_disconnections = 0",
	}, settings...)
	file := filepath.Join(p.dir, "pgbouncer.ini")
	return file, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644) //nolint:gosec // another user reads it; the password is a test's
}

func (p *Pooler) waitReady(ctx context.Context, url string) error {
	var last error
	for ctx.Err() == nil {
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			return conn.Close(ctx)
		}
		last = err
		select {
		case <-ctx.Done():
		case <-p.process.Done():
			return fmt.Errorf("pgbouncer ended while starting:\n%s", p.process.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("pgbouncer did not answer: %w\n%s", last, p.process.Output())
}

func findPooler() (string, error) {
	if path, err := exec.LookPath("pgbouncer"); err == nil {
		return path, nil
	}
	const debian = "/usr/sbin/pgbouncer" // not on everyone's PATH
	if _, err := os.Stat(debian); err != nil {
		return "", errNoPooler
	}
	return debian, nil
}
