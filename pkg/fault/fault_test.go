package fault_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// kinds are all there are: the last one is the last of the table.
func kinds() []fault.Kind {
	var all []fault.Kind
	for k := fault.Internal; k <= fault.UnknownOutcome; k++ {
		all = append(all, k)
	}
	return all
}

func TestEveryKindCrossesTheWireAsItself(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			sent := fault.New(kind, "what happened to %s", "t")
			got := fault.FromStatus(fault.Status(sent).Err(), fault.UnknownOutcome)
			if fault.KindOf(got) != kind {
				t.Errorf("kind = %s, want %s", fault.KindOf(got), kind)
			}
			want := "what happened to t"
			if kind == fault.Internal {
				want = "internal error"
			}
			if got.Error() != want {
				t.Errorf("message = %q, want %q", got.Error(), want)
			}
		})
	}
}

func TestEveryKindHasAnHTTPStatusAndAnException(t *testing.T) {
	for _, kind := range kinds() {
		if s := kind.HTTPStatus(); s < 400 || s > 599 {
			t.Errorf("%s: status %d", kind, s)
		}
		if kind.Exception() == "" {
			t.Errorf("kind %d has no exception", kind)
		}
	}
}

// A 4xx tells a client that its commit was not applied, so that it removes the
// files it wrote: an unknown outcome must never be one.
func TestUnknownOutcomeIsAServerError(t *testing.T) {
	for _, kind := range []fault.Kind{fault.UnknownOutcome, fault.Unavailable, fault.Internal} {
		if s := kind.HTTPStatus(); s < 500 {
			t.Errorf("%s is answered %d", kind, s)
		}
	}
}

func TestDetailsCrossTheWire(t *testing.T) {
	sent := fault.Field("table_id", "found %q, allowed are letters", "d-1")
	sent.RetryAfter = 3 * time.Second
	sent.Conflict = &htsv1.ChangeConflict{Winner: &htsv1.TableVersion{Version: 7}}
	got, ok := errors.AsType[*fault.Error](fault.FromStatus(fault.Status(fmt.Errorf("put: %w", sent)).Err(), fault.Unavailable))
	if !ok {
		t.Fatal("not a *fault.Error")
	}
	if diff := cmp.Diff(sent, got, protocmp.Transform()); diff != "" {
		t.Errorf("(-sent +got)\n%s", diff)
	}
}

func TestForeignErrorsAreWithheld(t *testing.T) {
	err := errors.New("password=hunter2")
	if s := fault.Status(err); s.Code() != codes.Internal || s.Message() != "internal error" {
		t.Errorf("status = %s %q", s.Code(), s.Message())
	}
	if fault.KindOf(err) != fault.Internal || fault.Shown(err) != "internal error" {
		t.Errorf("kind %s, shown %q", fault.KindOf(err), fault.Shown(err))
	}
}

func TestLostAnswersAreWhatTheCallerSays(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown} {
		for _, lost := range []fault.Kind{fault.Unavailable, fault.UnknownOutcome} {
			if got := fault.KindOf(fault.FromStatus(status.Error(code, "x"), lost)); got != lost {
				t.Errorf("%s: kind = %s, want %s", code, got, lost)
			}
		}
	}
	if got := fault.KindOf(fault.FromStatus(status.Error(codes.NotFound, "x"), fault.UnknownOutcome)); got != fault.Internal {
		t.Errorf("a foreign NOT_FOUND became %s", got)
	}
}

func TestIs(t *testing.T) {
	err := fmt.Errorf("load: %w", fault.Wrap(fault.NoSuchTable, context.Canceled, "Table does not exist: a.b"))
	if !fault.Is(err, fault.NoSuchTable) || fault.Is(err, fault.NoSuchView) {
		t.Error("Is does not tell the kind")
	}
	if !errors.Is(err, context.Canceled) {
		t.Error("the cause is lost")
	}
	if fault.Is(errors.New("x"), fault.Internal) {
		t.Error("a foreign error is of a kind")
	}
}

// TestEndedContextsSayNothingOfTheOutcome: whoever answers for one whose time is over
// does not know what became of the work.
func TestEndedContextsSayNothingOfTheOutcome(t *testing.T) {
	for _, ended := range []error{context.DeadlineExceeded, context.Canceled} {
		sent := fault.Status(fmt.Errorf("read /secret: %w", ended))
		if got := fault.KindOf(fault.FromStatus(sent.Err(), fault.UnknownOutcome)); got != fault.UnknownOutcome || strings.Contains(sent.Message(), "secret") {
			t.Errorf("%v: %v, said as %q", ended, got, sent.Message())
		}
	}
}
