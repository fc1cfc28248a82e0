package iceberg

import (
	"errors"
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/span"
)

// Kind tells a caller what an error is for.
type Kind int

const (
	// KindInvalid is a request or a document that cannot be right, whatever the
	// state of the table: 400.
	KindInvalid Kind = iota + 1
	// KindConflict is a request that was right for another state of the table, a
	// lost race: 409, and worth trying again from fresh metadata.
	KindConflict
)

// Error is what this package returns for every document and request that it
// refuses.
type Error struct {
	Kind Kind
	// Path leads to what is wrong: "updates[2] (add-snapshot): snapshot.sequence-number".
	Path string
	// Message says what was found and what is allowed.
	Message string
	// Requirement, Expected and Found are set for a requirement that failed.
	Requirement, Expected, Found string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Message
	}
	return e.Path + ": " + e.Message
}

func invalid(path, format string, args ...any) error {
	return &Error{Kind: KindInvalid, Path: path, Message: fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &Error{Kind: KindConflict, Message: fmt.Sprintf(format, args...)}
}

// stale is a conflict over a member of the request.
func stale(path, format string, args ...any) error {
	return &Error{Kind: KindConflict, Path: path, Message: fmt.Sprintf(format, args...)}
}

// within puts path before the path of err.
func within(path string, err error) error {
	found, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	inner := *found
	if inner.Path == "" {
		inner.Path = path
	} else {
		inner.Path = path + ": " + inner.Path
	}
	return &inner
}

// malformed makes the scanner's complaint one of ours.
func malformed(path string, err error) error {
	if syntax, ok := errors.AsType[*span.SyntaxError](err); ok {
		return invalid(path, "%s", syntax.Error())
	}
	return err
}
