package postgres

import (
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
	completionUnknown    = "40003"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	notInThisState       = "55000" // what asks for a primary, asked of a standby
	readOnlyTransaction  = "25006"
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
	switch {
	case sqlState(err) == undefinedTable:
		return fault.Wrap(fault.Unavailable, wrapped, "the database has not the schema of this build: run 'housetable migrate'")
	case passing(err):
		e := fault.Wrap(fault.Unavailable, wrapped, "the database cannot answer now")
		e.RetryAfter = retryAfter
		return e
	}
	return wrapped
}

// passing reports that an error may be gone the next time: no connection, no
// answer, or a server that said so.
func passing(err error) bool {
	if err == nil {
		return false
	}
	state := sqlState(err)
	return state == "" || isUnsent(err) || transient(state)
}

// transient are the states that pass by themselves: no connection, no room, a
// server that starts, stops, or is not the primary, a rival.
func transient(state string) bool {
	switch state[:min(2, len(state))] {
	case "08", "40", "53", "57", "58":
		return true
	}
	return state == lockNotAvailable || state == readOnlyTransaction || state == notInThisState
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

// unanswered reports that a statement was sent and that its outcome is not
// known. A connection that ends, for whatever reason, may do so after the commit.
func unanswered(err error) bool {
	var known *fault.Error // of this package, and not the server's silence
	if err == nil || isUnsent(err) || errors.As(err, &known) {
		return false
	}
	state := sqlState(err)
	switch state[:min(2, len(state))] {
	case "", "08":
		return true
	case "57":
		return state != queryCanceled
	}
	return state == completionUnknown
}

// undecided is the error of a change that is not sent again.
func undecided(err error) error {
	if unanswered(err) {
		return fault.Wrap(fault.UnknownOutcome, err, "the database did not answer the change")
	}
	return err
}
