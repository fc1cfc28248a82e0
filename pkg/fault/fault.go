// Package fault owns the one error type that crosses Igloo's boundaries and the
// one table that says what each kind of error is called there: its gRPC code
// and reason, its HTTP status, and the Iceberg exception that clients know.
//
// It promises that a kind means the same everywhere, that an error which is not
// of this package surfaces as Internal with its text withheld, and that nothing
// is ever classified by the words of a message.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Kind is what went wrong, in terms a caller can act on.
type Kind uint8

// The kinds. The zero Kind is Internal: what nobody classified is our fault.
const (
	// Internal is anything unforeseen; its text is logged and not shown.
	Internal Kind = iota
	// Invalid is a malformed or impossible request; it changed nothing.
	Invalid
	// Impossible is a well-formed request that no state would let through; clients
	// of views tell it from Invalid by its name.
	Impossible
	// Unprocessable is a well-formed request that contradicts itself.
	Unprocessable
	// Unauthenticated means that the caller did not prove who they are.
	Unauthenticated
	// Forbidden means that the caller may not do this.
	Forbidden
	// NoSuchWarehouse means that the warehouse does not exist.
	NoSuchWarehouse
	// NoSuchNamespace means that the namespace does not exist.
	NoSuchNamespace
	// NoSuchTable means that the table does not exist.
	NoSuchTable
	// NoSuchView means that the view does not exist.
	NoSuchView
	// NoSuchFunction means that the function does not exist.
	NoSuchFunction
	// NoSuchJob means that the job does not exist.
	NoSuchJob
	// NoSuchOperation means that the operation was never recorded, or is forgotten.
	NoSuchOperation
	// NoSuchRole means that the role does not exist.
	NoSuchRole
	// NoSuchPlan means that the id is of no scan plan.
	NoSuchPlan
	// NoSuchPlanTask means that it is no task of a scan plan.
	NoSuchPlanTask
	// NoSuchRoute means that nothing is served at the path.
	NoSuchRoute
	// MissingFile means that a file which metadata names is not in storage.
	MissingFile
	// DamagedFile means that a file is in storage and not what it must be.
	DamagedFile
	// MethodNotAllowed means that the path exists and the method does not.
	MethodNotAllowed
	// Unsupported means that the request is understood and not served here.
	Unsupported
	// TooLarge means that the body is over the limit.
	TooLarge
	// AlreadyExists means that the name is taken.
	AlreadyExists
	// PositionExpired means that what was asked for is older than what is kept of
	// events or of history.
	PositionExpired
	// CommitFailed means that a requirement does not hold or the swap was lost:
	// certainly not applied, and worth trying again from fresh metadata.
	CommitFailed
	// NotEmpty means that a namespace or warehouse still holds something.
	NotEmpty
	// OperationReused means that an idempotency key came with another request.
	OperationReused
	// Overloaded means that too many requests wait; nothing was written.
	Overloaded
	// Unavailable means that a part is away; nothing was written.
	Unavailable
	// UnknownOutcome means that a commit was sent and its answer lost.
	UnknownOutcome
)

// row is what one kind is called at each boundary.
type row struct {
	kind      Kind
	exception string // Iceberg's name, the error body's "type"
	http      int
	grpc      codes.Code
	reason    htsv1.ErrorReason
}

// table is the whole mapping; its order is that of the kinds.
var table = [...]row{
	{Internal, "InternalServerError", http.StatusInternalServerError, codes.Internal, htsv1.ErrorReason_ERROR_REASON_UNSPECIFIED},
	{Invalid, "BadRequestException", http.StatusBadRequest, codes.InvalidArgument, htsv1.ErrorReason_ERROR_REASON_INVALID},
	{Impossible, "IllegalArgumentException", http.StatusBadRequest, codes.InvalidArgument, htsv1.ErrorReason_ERROR_REASON_IMPOSSIBLE},
	{Unprocessable, "UnprocessableEntityException", http.StatusUnprocessableEntity, codes.InvalidArgument, htsv1.ErrorReason_ERROR_REASON_UNPROCESSABLE},
	{Unauthenticated, "NotAuthorizedException", http.StatusUnauthorized, codes.Unauthenticated, htsv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED},
	{Forbidden, "ForbiddenException", http.StatusForbidden, codes.PermissionDenied, htsv1.ErrorReason_ERROR_REASON_FORBIDDEN},
	{NoSuchWarehouse, "NoSuchWarehouseException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_WAREHOUSE_NOT_FOUND},
	{NoSuchNamespace, "NoSuchNamespaceException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_NAMESPACE_NOT_FOUND},
	{NoSuchTable, "NoSuchTableException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_TABLE_NOT_FOUND},
	{NoSuchView, "NoSuchViewException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_VIEW_NOT_FOUND},
	{NoSuchFunction, "NoSuchFunctionException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_FUNCTION_NOT_FOUND},
	{NoSuchJob, "NoSuchJobException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_JOB_NOT_FOUND},
	{NoSuchOperation, "NoSuchOperationException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_OPERATION_NOT_FOUND},
	{NoSuchRole, "NoSuchRoleException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_ROLE_NOT_FOUND},
	{NoSuchPlan, "NoSuchPlanIdException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_PLAN_NOT_FOUND},
	{NoSuchPlanTask, "NoSuchPlanTaskException", http.StatusNotFound, codes.NotFound, htsv1.ErrorReason_ERROR_REASON_PLAN_TASK_NOT_FOUND},
	{NoSuchRoute, "NoSuchRouteException", http.StatusNotFound, codes.Unimplemented, htsv1.ErrorReason_ERROR_REASON_ROUTE_NOT_FOUND},
	{MissingFile, "NotFoundException", http.StatusNotFound, codes.DataLoss, htsv1.ErrorReason_ERROR_REASON_FILE_NOT_FOUND},
	{DamagedFile, "DamagedFileException", http.StatusInternalServerError, codes.DataLoss, htsv1.ErrorReason_ERROR_REASON_FILE_DAMAGED},
	{MethodNotAllowed, "MethodNotAllowedException", http.StatusMethodNotAllowed, codes.Unimplemented, htsv1.ErrorReason_ERROR_REASON_METHOD_NOT_ALLOWED},
	{Unsupported, "UnsupportedOperationException", http.StatusNotAcceptable, codes.Unimplemented, htsv1.ErrorReason_ERROR_REASON_UNSUPPORTED},
	{TooLarge, "RequestTooLargeException", http.StatusRequestEntityTooLarge, codes.OutOfRange, htsv1.ErrorReason_ERROR_REASON_TOO_LARGE},
	{AlreadyExists, "AlreadyExistsException", http.StatusConflict, codes.AlreadyExists, htsv1.ErrorReason_ERROR_REASON_ALREADY_EXISTS},
	{PositionExpired, "PositionExpiredException", http.StatusGone, codes.OutOfRange, htsv1.ErrorReason_ERROR_REASON_POSITION_EXPIRED},
	{CommitFailed, "CommitFailedException", http.StatusConflict, codes.Aborted, htsv1.ErrorReason_ERROR_REASON_VERSION_MISMATCH},
	{NotEmpty, "NamespaceNotEmptyException", http.StatusConflict, codes.FailedPrecondition, htsv1.ErrorReason_ERROR_REASON_NOT_EMPTY},
	{OperationReused, "BadRequestException", http.StatusBadRequest, codes.InvalidArgument, htsv1.ErrorReason_ERROR_REASON_OPERATION_REUSED},
	{Overloaded, "TooManyRequestsException", http.StatusTooManyRequests, codes.ResourceExhausted, htsv1.ErrorReason_ERROR_REASON_OVERLOADED},
	{Unavailable, "SlowDownException", http.StatusServiceUnavailable, codes.Unavailable, htsv1.ErrorReason_ERROR_REASON_UNAVAILABLE},
	{UnknownOutcome, "CommitStateUnknownException", http.StatusInternalServerError, codes.Unavailable, htsv1.ErrorReason_ERROR_REASON_UNKNOWN_OUTCOME},
}

// HTTPStatus is the status under which the kind is answered.
func (k Kind) HTTPStatus() int { return table[k].http }

// Exception is the Iceberg exception's name: the "type" of the error body.
func (k Kind) Exception() string { return table[k].exception }

// String is the exception's name, for logs.
func (k Kind) String() string { return table[k].exception }

// Violation is one field that is not as it must be.
type Violation struct {
	// Field is the path to the field, as the caller spelled it: "updates[2].schema.fields[0].type".
	Field string
	// Found and allowed, in a sentence.
	Description string
}

// Error is an error of a kind. Message is for people and is shown to the
// caller; Err is for the log and is not.
type Error struct {
	Kind       Kind
	Message    string
	Violations []Violation
	// RetryAfter, when positive, says when trying again makes sense; Never, that
	// it does not.
	RetryAfter time.Duration
	// Conflict, when set, is what a lost race met with, and who won it.
	Conflict *htsv1.ChangeConflict
	Err      error
}

// Never is when to send a request again that would fare no better.
const Never time.Duration = -1

// New makes an error of a kind with a message for the caller.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of a kind out of a cause that only the log shall see.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Err: cause}
}

// Field makes an Invalid error about one field.
func Field(field, format string, args ...any) *Error {
	description := fmt.Sprintf(format, args...)
	return &Error{
		Kind:       Invalid,
		Message:    field + ": " + description,
		Violations: []Violation{{Field: field, Description: description}},
	}
}

// Error implements error: the message, then the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error of the same kind, so that
// errors.Is(err, fault.New(fault.NoSuchTable, "")) works.
func (e *Error) Is(target error) bool {
	other, ok := errors.AsType[*Error](target)
	return ok && other.Kind == e.Kind && other.Message == ""
}

// KindOf is the kind of err; Internal when it is not of this package.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// Shown is what the caller may read of err: its message, or nothing but
// "internal error" when it is not of this package.
func Shown(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Message
	}
	return "internal error"
}
