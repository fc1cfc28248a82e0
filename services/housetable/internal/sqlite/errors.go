package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// retryAfter is when a busy or full store is worth another try.
const retryAfter = time.Second

// classify gives an error of SQLite its kind, by its code. Errors of package
// fault pass as they are.
func classify(err error, what string) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return unavailable(err, what)
	}
	switch primaryCode(err) {
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_FULL, codes.SQLITE_IOERR,
		codes.SQLITE_CANTOPEN, codes.SQLITE_INTERRUPT, codes.SQLITE_READONLY:
		return unavailable(err, what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func unavailable(err error, what string) error {
	e := fault.Wrap(fault.Unavailable, fmt.Errorf("%s: %w", what, err), "the store cannot answer now")
	e.RetryAfter = retryAfter
	return e
}

// violates reports whether err is a broken constraint: data that the commit's
// own checks did not foresee.
func violates(err error) bool { return primaryCode(err) == codes.SQLITE_CONSTRAINT }

func primaryCode(err error) int {
	var e *driver.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff // the upper bytes detail the primary code
}
