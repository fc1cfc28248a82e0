package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// said names the operation and turns what S3 says into our words.
func said(operation, location string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", operation, err)
	}
	answer, answered := errors.AsType[*awshttp.ResponseError](err)
	if !answered {
		return fault.Wrap(fault.Unavailable, err, "%s: storage cannot be reached", operation)
	}
	code := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	return classified(operation, location, answer.HTTPStatusCode(), code, err)
}

// classified goes by the status, and by the code where one status says two things.
func classified(operation, location string, status int, code string, err error) error {
	switch {
	case code == "NoSuchBucket":
		absent := fmt.Errorf("%w: %w", objectstore.ErrNotFound, err)
		return fault.Wrap(fault.Invalid, absent, "%s: the bucket of location %q does not exist", operation, location)
	case status == http.StatusNotFound:
		return fmt.Errorf("%s: %w: %w", operation, objectstore.ErrNotFound, err)
	case status == http.StatusPreconditionFailed:
		return fmt.Errorf("%s: %w", operation, objectstore.ErrExists)
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		return fault.Wrap(fault.Forbidden, err, "%s: storage refuses it at %s", operation, location)
	case status == http.StatusBadRequest, code == "KeyTooLongError":
		return fault.Wrap(fault.Invalid, err, "%s: storage refuses the location %s", operation, location)
	default:
		return fault.Wrap(fault.Unavailable, err, "%s: storage does not answer as it should", operation)
	}
}
