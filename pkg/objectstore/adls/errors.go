package adls

import (
	"context"
	"errors"
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

// said names the operation and turns what Azure says into our words: by the
// status, and by the code where one status says two things.
func said(operation, location string, err error) error {
	if err == nil {
		return nil
	}
	answer, answered := errors.AsType[*azcore.ResponseError](err)
	if !answered {
		return objectstore.Unanswered(operation, err)
	}
	status := answer.StatusCode
	switch code := bloberror.Code(answer.ErrorCode); {
	case code == bloberror.ContainerNotFound:
		return objectstore.NoBucket(operation, location, err)
	case code == bloberror.BlobAlreadyExists, code == bloberror.ConditionNotMet:
		status = http.StatusPreconditionFailed
	case status == http.StatusPreconditionFailed: // of a lease, not of ours
		status = http.StatusServiceUnavailable
	}
	return objectstore.Answered(operation, location, status, err)
}

// isAbsent tells an object that is not there from a container that is not.
func isAbsent(err error) bool {
	return errors.Is(err, objectstore.ErrNotFound) && !fault.Is(err, fault.Invalid)
}
