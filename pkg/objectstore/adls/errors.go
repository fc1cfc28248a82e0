package adls

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// counter is how often an operation was tried.
type counter = atomic.Int32

func countTries(ctx context.Context) (context.Context, *counter) {
	count := &counter{}
	return context.WithValue(ctx, tries{}, count), count
}

// said names the operation and turns what Azure says into our words.
func said(operation, location string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", operation, err)
	}
	answer, answered := errors.AsType[*azcore.ResponseError](err)
	if !answered {
		return fault.Wrap(fault.Unavailable, err, "%s: storage cannot be reached", operation)
	}
	return classified(operation, location, answer, err)
}

// classified goes by the status, and by the code where one status says two things.
func classified(operation, location string, answer *azcore.ResponseError, err error) error {
	switch code := bloberror.Code(answer.ErrorCode); {
	case code == bloberror.ContainerNotFound:
		absent := fmt.Errorf("%w: %w", objectstore.ErrNotFound, err)
		return fault.Wrap(fault.Invalid, absent, "%s: the container of location %q does not exist", operation, location)
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: %w: %w", operation, objectstore.ErrNotFound, err)
	case code == bloberror.BlobAlreadyExists, code == bloberror.ConditionNotMet:
		return fmt.Errorf("%s: %w", operation, objectstore.ErrExists)
	case answer.StatusCode == http.StatusForbidden, answer.StatusCode == http.StatusUnauthorized:
		return fault.Wrap(fault.Forbidden, err, "%s: storage refuses it at %s", operation, location)
	case answer.StatusCode == http.StatusBadRequest:
		return fault.Wrap(fault.Invalid, err, "%s: storage refuses the location %s", operation, location)
	default:
		return fault.Wrap(fault.Unavailable, err, "%s: storage does not answer as it should", operation)
	}
}

// isAbsent tells an object that is not there from a container that is not.
func isAbsent(err error) bool {
	return errors.Is(err, objectstore.ErrNotFound) && !fault.Is(err, fault.Invalid)
}
