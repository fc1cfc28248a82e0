package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// SQLSTATEs that mean something to a caller.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014"
	uniqueViolation      = "23505"
	foreignKeyViolation  = "23503"
	// divisionByZero is how the commit statement gives up when only some of one
	// commit's operations are new.
	divisionByZero = "22012"
	// checkViolation is that of a row on its way to the default partition while
	// another partition was made for it.
	checkViolation = "23514"
	undefinedTable = "42P01"
	duplicateTable = "42P07"
)

const retryAfter = time.Second

func sqlState(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// classify gives an error of a read, or of a statement that the database
// refused, its kind.
func classify(err error, what string) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	wrapped := fmt.Errorf("%s: %w", what, err)
	state := sqlState(err)
	switch {
	case state == undefinedTable:
		return fault.Wrap(fault.Unavailable, wrapped, "the database has not the schema of this build: run 'housetable migrate'")
	case state == "" || transient(state):
		e := fault.Wrap(fault.Unavailable, wrapped, "the database cannot answer now")
		e.RetryAfter = retryAfter
		return e
	}
	return wrapped
}

// transient are the states that pass by themselves: no connection, no room, a
// server that starts or stops, a rival.
func transient(state string) bool {
	switch state[:2] {
	case "08", "40", "53", "57", "58":
		return true
	}
	return state == lockNotAvailable
}

// rival reports that another commit came in between: the statement wrote
// nothing and may be decided differently now.
func rival(state string) bool {
	switch state {
	case serializationFailure, deadlockDetected, uniqueViolation, foreignKeyViolation, checkViolation, divisionByZero:
		return true
	}
	return false
}

// faulty reports that some data of a statement was refused.
func faulty(state string) bool {
	return strings.HasPrefix(state, "22") || strings.HasPrefix(state, "23")
}

// unanswered reports that a statement was sent and that its outcome is not known.
func unanswered(err error) bool {
	if pgconn.SafeToRetry(err) {
		return false
	}
	state := sqlState(err)
	if state == "" {
		return true
	}
	return state[:2] == "08" || state[:2] == "57" && state != queryCanceled
}

// pause waits a little longer each time, and is cut short by ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
