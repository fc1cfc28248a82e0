package postgres

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// TestMarksEndWithTheirHistory: ids of transactions may come again after a crash,
// which does not end the server, and after another server has come in its place.
func TestMarksEndWithTheirHistory(t *testing.T) {
	t.Parallel()
	pgtest.Binaries(t)
	server, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	url := server.URL("postgres")
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	s := openOn(t, url, 2)
	for name, end := range map[string]func() error{
		"a crash":        func() error { return killBackend(t, url) },
		"another server": func() error { return errors.Join(server.Kill(), server.Restart(t.Context())) },
	} {
		before, _, err := s.ListMark(t.Context(), housetable.DefaultWarehouse, "db", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, same, err := s.ListMark(t.Context(), housetable.DefaultWarehouse, "db", before); err != nil || !same {
			t.Fatalf("nothing has happened, and %q is not the same: %v", before, err)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if !s.ends(t, before) {
			t.Errorf("after %s the mark %q is the same", name, before)
		}
	}
}

// ends reports whether a mark is not the same any more, once the server has seen
// what happened to it.
func (s *Store) ends(t *testing.T, mark string) bool {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, same, err := s.ListMark(t.Context(), housetable.DefaultWarehouse, "db", mark); err == nil && !same {
			return true
		}
	}
	return false
}

// killBackend has the server start anew from its log, without ending.
func killBackend(t *testing.T, url string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return err
	}
	defer conn.Close(t.Context())
	return syscall.Kill(int(conn.PgConn().PID()), syscall.SIGKILL)
}
