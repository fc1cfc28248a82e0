package rpc

import (
	"fmt"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// lost is the error of a lost race. It names who won where that is known: typed,
// and in words for REST, unless the words are those of OpenHouse's that its
// clients may look for.
func lost(kind fault.Kind, c housetable.ChangeConflict, format string, args ...any) error {
	e := fault.New(kind, format, args...)
	if kind == fault.CommitFailed {
		e.Message += wonBy(c.Winner)
	}
	e.Conflict = toChangeConflict(c)
	return e
}

// wonBy tells what made the current version, when, and on whose request.
func wonBy(v *housetable.TableVersion) string {
	if v == nil {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "; version %d is a %s at %s", v.Version, v.Action, v.CommittedAt.Format(time.RFC3339Nano))
	if v.Principal != "" {
		fmt.Fprintf(&text, " by %s", v.Principal)
	}
	if v.RequestID != "" {
		fmt.Fprintf(&text, ", request %s", v.RequestID)
	}
	return text.String()
}
