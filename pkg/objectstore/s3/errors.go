package s3

import (
	"errors"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// said names the operation and turns what S3 says into our words: by the status,
// and by the code where one status says two things.
func said(operation, location string, err error) error {
	if err == nil {
		return nil
	}
	answer, answered := errors.AsType[*awshttp.ResponseError](err)
	if !answered {
		return objectstore.Unanswered(operation, err)
	}
	status := answer.HTTPStatusCode()
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case "NoSuchBucket":
			return objectstore.NoBucket(operation, location, err)
		case "KeyTooLongError":
			status = http.StatusBadRequest
		}
	}
	return objectstore.Answered(operation, location, status, err)
}
