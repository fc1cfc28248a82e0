// Package sqlite keeps house tables in one SQLite file: the store of the
// all-in-one process.
//
// It promises what every store does; acknowledged means durable, also when the
// process is killed or the machine loses power (WAL, synchronous=FULL). There
// is one writer connection, so a commit is decided by reading and then writing
// in one immediate transaction; readers have connections of their own and never
// wait for the writer. One process at a time owns the file.
package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver

	"github.com/igloo-catalog/igloo/services/housetable"
)

var _ housetable.Store = (*Store)(nil)

// readers is how many connections answer reads: they work from memory as a
// rule, so more than a few only compete for the processor.
const readers = 4

// Store is an open database.
type Store struct {
	read   *sql.DB
	write  *sql.DB
	writer *writer
	epoch  string
	// opened names this opening of the file.
	opened string
	now    func() time.Time
}

// Open opens or creates the database file and brings it to this build's schema.
func Open(ctx context.Context, path string) (*Store, error) {
	write, err := sql.Open("sqlite", dsn(path, "synchronous(FULL)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	s := &Store{write: write, opened: rand.Text(), now: time.Now}
	if err := s.start(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), s.Close())
	}
	return s, nil
}

func (s *Store) start(ctx context.Context, path string) error {
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	if err := s.write.QueryRowContext(ctx, "SELECT epoch FROM epoch").Scan(&s.epoch); err != nil {
		return fmt.Errorf("read epoch: %w", err)
	}
	read, err := sql.Open("sqlite", dsn(path, "query_only(1)"))
	if err != nil {
		return fmt.Errorf("open for reading: %w", err)
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	s.read = read
	s.writer, err = newWriter(ctx, s.write)
	return err
}

func dsn(path, pragma string) string {
	q := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "foreign_keys(1)", pragma}}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// Epoch never changes for a file; a file restored from a copy made while it was
// in use elsewhere is beyond what an embedded store can notice.
func (s *Store) Epoch(context.Context) (string, error) { return s.epoch, nil }

// Ready is nil while the file can be read.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	if err := s.read.QueryRowContext(ctx, "SELECT 1 FROM epoch").Scan(&one); err != nil {
		return classify(err, "check readiness")
	}
	return nil
}

// Close ends all connections; the last one folds the log into the file.
func (s *Store) Close() error {
	var errs []error
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	return errors.Join(append(errs, s.write.Close())...)
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
