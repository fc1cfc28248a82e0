package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// CheckKey refuses the key of a location, which is what follows its bucket, when
// it has segments that engines and stores do not read alike.
func CheckKey(location, key string) error {
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "." || segment == ".." {
			return fault.New(fault.Invalid, "location %q contains %q", location, segment)
		}
	}
	return nil
}

// deleters is how many objects DeleteEach deletes at a time.
const deleters = 16

// DeleteEach deletes objects where no request deletes many, several at a time.
// One that cannot be deleted does not keep the others: the errors of all come
// together, each naming its object. Nothing more is begun when ctx has ended.
func DeleteEach(ctx context.Context, locations []string, remove func(location string) error) error {
	errs := make([]error, len(locations))
	var group errgroup.Group
	group.SetLimit(deleters)
	for i, location := range locations {
		if ctx.Err() != nil {
			errs[i] = fmt.Errorf("delete object: %w", ctx.Err())
			break
		}
		group.Go(func() error {
			errs[i] = remove(location)
			return nil
		})
	}
	_ = group.Wait() // each error is in its place
	return errors.Join(errs...)
}

// Unanswered is what every store says of an operation that its server did not
// answer: the context's end when it has ended, else fault.Unavailable.
func Unanswered(operation string, err error) error {
	if ended(err) {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return fault.Wrap(fault.Unavailable, err, "%s: storage cannot be reached", operation)
}

func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// Answered is what every store says of an operation that its server answered
// with an HTTP status of failure; the context's end comes before that.
func Answered(operation, location string, status int, err error) error {
	if ended(err) {
		return Unanswered(operation, err)
	}
	switch status {
	case http.StatusNotFound:
		return fmt.Errorf("%s: %w: %w", operation, ErrNotFound, err)
	case http.StatusPreconditionFailed:
		return fmt.Errorf("%s: %w", operation, ErrExists)
	case http.StatusForbidden, http.StatusUnauthorized:
		return fault.Wrap(fault.Forbidden, err, "%s: storage refuses it at %s", operation, location)
	case http.StatusBadRequest:
		return fault.Wrap(fault.Invalid, err, "%s: storage refuses the location %s", operation, location)
	default:
		return fault.Wrap(fault.Unavailable, err, "%s: storage does not answer as it should", operation)
	}
}

// NoBucket is what every store says of a location in a bucket, or container,
// that does not exist. It is an ErrNotFound as well: nothing is in there.
func NoBucket(operation, location string, err error) error {
	absent := fmt.Errorf("%w: %w", ErrNotFound, err)
	return fault.Wrap(fault.Invalid, absent, "%s: the bucket or container of location %q does not exist", operation, location)
}

// Created is the result of a conditional create that was tried several times and
// ended with err. Where an object is in the way that holds the very data, an
// earlier try was carried out, and its answer lost.
func Created(ctx context.Context, s Store, location string, data []byte, tries int, err error) error {
	if tries <= 1 || !errors.Is(err, ErrExists) {
		return err
	}
	if found, unread := s.Read(ctx, location); unread == nil && bytes.Equal(found, data) {
		return nil
	}
	return err
}
