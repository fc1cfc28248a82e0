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
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby makes a copy of a running cluster that follows it by streaming
// replication, listens on port (0 picks a free one) and answers reads. From then
// on commits of the cluster wait for it. The caller ends it with Stop.
func (c *Cluster) Standby(ctx context.Context, port int) (*Cluster, error) {
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", folderPrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("start a standby: %w", err)
	}
	s := &Cluster{Port: port, bin: c.bin, dir: dir, user: c.user}
	if err := s.user.Own(dir); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "pg_basebackup"), //nolint:gosec // the machine's own pg_basebackup
		"-D", s.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(c.Port), "-U", "postgres", "-X", "stream", "-c", "fast", "--no-sync", "-R")
	s.user.Apply(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	if err := s.Restart(ctx); err != nil {
		return nil, err
	}
	return s, c.await(ctx)
}

// await makes commits wait for a standby, and waits until one is there.
func (c *Cluster) await(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return poll(ctx, conn, "SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync')")
}

// Promote makes a primary of a standby and returns when it takes writes.
func (c *Cluster) Promote(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	if _, err := conn.Exec(ctx, "SELECT pg_promote(false)"); err != nil {
		return err
	}
	return poll(ctx, conn, "SELECT NOT pg_is_in_recovery()")
}

// Signal sends a signal to the server and to all of its processes, each of which
// leads a group of its own: SIGSTOP makes it silent, SIGCONT lets it go on.
func (c *Cluster) Signal(signal syscall.Signal) error {
	pid := strconv.Itoa(c.PID())
	children, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children")) //nolint:gosec // the kernel's own file
	if err != nil {
		return fmt.Errorf("signal Postgres: %w", err)
	}
	for _, field := range append([]string{pid}, strings.Fields(string(children))...) {
		process, err := strconv.Atoi(field)
		if err != nil {
			return fmt.Errorf("signal Postgres: %w", err)
		}
		if err := syscall.Kill(process, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal Postgres: %w", err)
		}
	}
	return nil
}

// poll waits until a condition holds.
func poll(ctx context.Context, conn *pgx.Conn, condition string) error {
	for {
		var holds bool
		if err := conn.QueryRow(ctx, condition).Scan(&holds); err != nil {
			return fmt.Errorf("%s: %w", condition, err)
		}
		if holds {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", condition, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
