package fault

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Domain is the domain of every ErrorInfo that Igloo sends.
const Domain = "housetable.igloo"

// Status is err as gRPC says it: the kind's code, the reason as ErrorInfo, the
// violations as BadRequest, the delay as RetryInfo, and the conflict. Errors that carry a gRPC
// status already keep it; those of an ended context say nothing of the outcome; others
// become Internal. The text of neither is told.
func Status(err error) *status.Status {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		if s, ok := status.FromError(err); ok {
			return s
		}
		return status.New(codeOf(err), Shown(err))
	}
	r := table[e.Kind]
	details := []protoadapt.MessageV1{
		protoadapt.MessageV1Of(&errdetails.ErrorInfo{Reason: r.reason.String(), Domain: Domain}),
	}
	if len(e.Violations) > 0 {
		details = append(details, protoadapt.MessageV1Of(badRequest(e.Violations)))
	}
	if e.RetryAfter > 0 {
		details = append(details, protoadapt.MessageV1Of(&errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)}))
	}
	if e.Conflict != nil {
		details = append(details, protoadapt.MessageV1Of(e.Conflict))
	}
	plain := status.New(r.grpc, Shown(e))
	full, err := plain.WithDetails(details...)
	if err != nil {
		return plain
	}
	return full
}

// codeOf an error that is nobody's.
func codeOf(err error) codes.Code {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	}
	return codes.Internal
}

// FromStatus is the inverse of Status. An error without our ErrorInfo was made
// by the transport: a code that says nothing of the outcome (UNAVAILABLE,
// DEADLINE_EXCEEDED, CANCELLED, UNKNOWN) becomes lost, what the caller of a
// read or of a write says it means; any other becomes Internal.
func FromStatus(err error, lost Kind) error {
	if err == nil {
		return nil
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	e := &Error{Kind: Internal, Message: s.Message()}
	answered := false
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			answered = d.GetDomain() == Domain
			e.Kind = kindOfReason(d.GetReason())
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				e.Violations = append(e.Violations, Violation{Field: v.GetField(), Description: v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		case *htsv1.ChangeConflict:
			e.Conflict = d
		}
	}
	if answered {
		return e
	}
	return transportError(s, err, lost)
}

func transportError(s *status.Status, cause error, lost Kind) error {
	switch s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown:
		e := Wrap(lost, cause, "the house table service did not answer")
		e.RetryAfter = time.Second
		return e
	default:
		return Wrap(Internal, cause, "the house table service failed")
	}
}

func badRequest(violations []Violation) *errdetails.BadRequest {
	b := &errdetails.BadRequest{}
	for _, v := range violations {
		b.FieldViolations = append(b.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: v.Field, Description: v.Description})
	}
	return b
}

func kindOfReason(reason string) Kind {
	number, known := htsv1.ErrorReason_value[reason]
	if !known {
		return Internal
	}
	for _, r := range table {
		if r.reason == htsv1.ErrorReason(number) {
			return r.kind
		}
	}
	return Internal
}
