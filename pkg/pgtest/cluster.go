// Package pgtest gives tests a real Postgres. It starts one private cluster a
// process, as an unprivileged user, on a Unix socket and a free loopback port,
// and clones a fresh database for every test from a template that was migrated
// once: full isolation for about a tenth of a second.
//
// It promises that the cluster dies with the test process, that nothing listens
// on other than loopback, and that a missing Postgres is a failure under CI and
// a skip elsewhere. TEST_POSTGRES_URL names a running cluster to use instead.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// errNotInstalled means that the machine has no Postgres server.
var errNotInstalled = errors.New("no Postgres server found: looked for initdb on PATH and in /usr/lib/postgresql/*/bin")

// startTimeout bounds initdb and the first answer together.
const startTimeout = 90 * time.Second

// folderPrefix begins the name of every cluster's folder; the pid of the process
// that owns it follows.
const folderPrefix = "igloo-pg-"

// Cluster is a running Postgres server of its own.
type Cluster struct {
	// Port on 127.0.0.1.
	Port int

	bin     string
	dir     string
	user    *proctest.User
	process *proctest.Process
}

// shared is the one cluster of the process, started by the first test that asks.
var shared = sync.OnceValues(func() (*Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return start(ctx, proctest.ScratchDir(), nil)
})

// Start runs initdb in a folder of the cluster's own and the server on a free
// loopback port. settings are lines of postgresql.conf. The caller ends it with
// Stop; should the caller die, the kernel does, and the next Start removes its files.
func Start(ctx context.Context, settings ...string) (*Cluster, error) {
	return start(ctx, os.TempDir(), settings)
}

func start(ctx context.Context, parent string, settings []string) (*Cluster, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	user, err := proctest.Unprivileged("postgres")
	if err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	removeAbandoned()
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("%s%d-", folderPrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	c := &Cluster{bin: bin, dir: dir, user: user}
	if err := c.initialise(ctx, settings); err != nil {
		return nil, err
	}
	if err := c.Restart(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Adopt starts a server on the folder "data" in dir, which is there already, as one
// that was restored is. The caller ends it with Stop, which removes dir.
func Adopt(ctx context.Context, dir string) (*Cluster, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	user, err := proctest.Unprivileged("postgres")
	if err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	c := &Cluster{bin: bin, dir: dir, user: user}
	return c, c.Restart(ctx)
}

// Restart starts the server of a cluster that is stopped or was killed, on the
// port it had.
func (c *Cluster) Restart(ctx context.Context) error {
	if c.Port == 0 {
		port, err := proctest.FreePort()
		if err != nil {
			return err
		}
		c.Port = port
	}
	process, err := proctest.Start(proctest.Command{
		Path: filepath.Join(c.bin, "postgres"),
		Args: []string{"-D", c.data(), "-p", strconv.Itoa(c.Port), "-k", c.dir},
		User: c.user,
	})
	if err != nil {
		return err
	}
	c.process = process
	return c.waitReady(ctx)
}

// URL is the connection string of one database of the cluster.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.Port, database)
}

// PID is the process id of the server, the parent of all its backends.
func (c *Cluster) PID() int { return c.process.PID() }

// Kill ends the server and all of its backends at once, as a crash would.
func (c *Cluster) Kill() error { return c.process.Kill() }

// Stop ends the server and removes its files.
func (c *Cluster) Stop() error {
	return errors.Join(c.process.Kill(), os.RemoveAll(c.dir))
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) initialise(ctx context.Context, settings []string) error {
	if err := c.user.Own(c.dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), //nolint:gosec // the machine's own initdb
		"-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	c.user.Apply(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return c.configure(settings)
}

// configure trades the durability of the cluster for speed: a test that needs
// it back says fsync=on in its own settings, and later lines win.
func (c *Cluster) configure(settings []string) error {
	lines := append([]string{
		"listen_addresses='127.0.0.1'", "fsync=off", "max_connections=200",
		"max_prepared_transactions=10", "shared_buffers=64MB", "log_min_messages=fatal",
	}, settings...)
	f, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(f, line); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

func (c *Cluster) waitReady(ctx context.Context) error {
	var last error
	for ctx.Err() == nil {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		last = err
		select {
		case <-ctx.Done():
		case <-c.process.Done():
			return fmt.Errorf("postgres ended while starting:\n%s", c.process.Output())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("postgres did not answer: %w\n%s", last, c.process.Output())
}

// Binaries is the folder of the Postgres programs; the test is skipped, or
// fails under CI, where there is none.
func Binaries(t testing.TB) string {
	t.Helper()
	bin, err := findBinaries()
	if err != nil {
		proctest.Absent(t, err, "deps")
	}
	return bin
}

func findBinaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		// A link on PATH may stand alone; the other programs are where it leads.
		path, err = filepath.EvalSymlinks(path)
		return filepath.Dir(path), err
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errNotInstalled
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// removeAbandoned deletes the folders of clusters whose processes are gone.
func removeAbandoned() {
	for _, parent := range []string{os.TempDir(), proctest.ScratchDir()} {
		folders, err := filepath.Glob(filepath.Join(parent, folderPrefix+"*"))
		if err != nil {
			return
		}
		for _, folder := range folders {
			owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), folderPrefix), "-")
			pid, err := strconv.Atoi(owner)
			if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				_ = os.RemoveAll(folder)
			}
		}
	}
}
