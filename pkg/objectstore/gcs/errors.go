package gcs

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// An operation is tried so often, with a random pause between that is at most
// minBackoff at first and maxBackoff in the end.
const (
	maxTries   = 4
	minBackoff = 50 * time.Millisecond
	maxBackoff = time.Second
)

// try does it again while that may help: every operation here may be repeated,
// since creates are conditional.
func try(ctx context.Context, do func() error) (tries int, err error) {
	for tries = 1; ; tries++ {
		if err = do(); tries == maxTries || !passing(ctx, err) {
			return tries, err
		}
		select {
		case <-ctx.Done():
			return tries, ctx.Err()
		case <-time.After(rand.N(min(minBackoff<<tries, maxBackoff))): //nolint:gosec // jitter is no secret
		}
	}
}

// passing reports whether a failure may pass: a lost connection, throttling, a
// fault of the server.
func passing(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || fault.Is(err, fault.TooLarge) {
		return false
	}
	answer, answered := errors.AsType[*googleapi.Error](err)
	return !answered || answer.Code == http.StatusTooManyRequests || answer.Code == http.StatusRequestTimeout || answer.Code >= http.StatusInternalServerError
}

// split is the bucket and the object's name that a location names. Nothing in it
// is unescaped: engines take the characters as they are.
func split(location string) (bucket, name string, err error) {
	if objectstore.StoreOf(location) != "gs" {
		return "", "", fault.New(fault.Invalid, "location %q is not of Google's storage: allowed is gs://", location)
	}
	_, rest, _ := strings.Cut(location, "://")
	bucket, name, _ = strings.Cut(rest, "/")
	if bucket == "" {
		return "", "", fault.New(fault.Invalid, "location %q names no bucket, like gs://bucket/name", location)
	}
	return bucket, name, objectstore.CheckKey(location, name)
}

// said names the operation and turns what Google says into our words.
func said(operation, location string, err error) error {
	if err == nil || fault.Is(err, fault.TooLarge) {
		return err
	}
	answer, answered := errors.AsType[*googleapi.Error](err)
	if !answered {
		return objectstore.Unanswered(operation, err)
	}
	return objectstore.Answered(operation, location, answer.Code, err)
}

// inBucket is err of an operation that only a missing bucket can make "not found".
func inBucket(operation, location string, err error) error {
	if isAbsent(err) {
		return objectstore.NoBucket(operation, location, err)
	}
	return err
}

func isAbsent(err error) bool { return errors.Is(err, objectstore.ErrNotFound) }
