package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Statuses of successes, as the protocol has them.
const (
	statusOK        = 200
	statusNoContent = 204
)

// maxOutcomeBody is what the house table service keeps of a body.
const maxOutcomeBody = 4096

// refusal is the body of an outcome that is an error.
type refusal struct {
	Exception string `json:"exception"`
	Message   string `json:"message"`
}

// recordable are the kinds of errors that depend on request and state and on
// nothing else, so that the same request under the same key must get them again.
// Every 4xx that an attempt may end in is among them: an earlier sending may have
// been applied, and what is impossible now was not impossible then.
func recordable() []fault.Kind {
	return []fault.Kind{
		fault.NoSuchNamespace, fault.NoSuchTable, fault.NoSuchView, fault.NoSuchFunction,
		fault.AlreadyExists, fault.CommitFailed, fault.NotEmpty,
		fault.Unprocessable, fault.Invalid, fault.Impossible,
		fault.Unsupported, fault.TooLarge, fault.MissingFile, fault.Forbidden,
	}
}

// refusalOutcome is err as an outcome; false when it must not be recorded.
func refusalOutcome(err error) (Outcome, bool) {
	if _, denied := errors.AsType[denial](err); denied {
		return Outcome{}, false
	}
	kind := fault.KindOf(err)
	for _, known := range recordable() {
		if kind != known {
			continue
		}
		body, bad := json.Marshal(refusal{Exception: kind.Exception(), Message: clip(fault.Shown(err), maxOutcomeBody/2)})
		return Outcome{Status: kind.HTTPStatus(), Body: body}, bad == nil && len(body) <= maxOutcomeBody
	}
	return Outcome{}, false
}

// err is the error that a refusal's outcome holds; nil for a success.
func (o Outcome) err() error {
	if o.Status < 400 {
		return nil
	}
	var r refusal
	if err := json.Unmarshal(o.Body, &r); err != nil {
		return fmt.Errorf("read recorded refusal: %w", err)
	}
	for _, kind := range recordable() {
		if kind.Exception() == r.Exception && kind.HTTPStatus() == o.Status {
			return &fault.Error{Kind: kind, Message: r.Message}
		}
	}
	return fault.New(fault.Internal, "recorded refusal of unknown kind %q", r.Exception)
}

// Fence is the commit that gives up the operation which a metadata file was
// written for: once it is applied, nothing that comes under the operation's id
// ever is, and is told so. It has no fingerprint, because who gives up an
// operation does not know its request. A creation is not told of a conflict,
// which clients take for the name being taken.
func Fence(warehouse string, operation uuid.UUID, file string) Commit {
	kind := fault.CommitFailed
	if strings.HasPrefix(path.Base(file), firstVersion) {
		kind = fault.Invalid
	}
	body, _ := json.Marshal(refusal{ //nolint:errchkjson // two strings
		Exception: kind.Exception(),
		Message:   "the request was not heard of for so long that it was given up: send it anew, with a new Idempotency-Key",
	})
	return Commit{
		Warehouse: warehouse,
		Records: []Record{{
			Operation: Operation{ID: operation, Kind: "abandon"},
			Outcome:   Outcome{Status: kind.HTTPStatus(), Body: body},
		}},
	}
}

// clip shortens a text to at most limit bytes, at a rune's boundary.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && text[limit]&0xC0 == 0x80 {
		limit--
	}
	return text[:limit] + "…"
}
