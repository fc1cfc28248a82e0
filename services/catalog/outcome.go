package catalog

import (
	"encoding/json"
	"fmt"

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
