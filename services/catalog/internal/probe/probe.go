// Package probe owns the trial of a warehouse's storage: whether what a catalog
// does there can be done.
//
// It promises that a trial leaves nothing behind where it may delete, that its
// error says which right is missing and at which root, and that it writes
// nowhere but below a root, under a name that no table has.
package probe

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// folder is where objects of trials lie, below a root.
const folder = "/.igloo-probe/"

// content is what is written.
var content = []byte("Igloo tried whether it can write here. This object can be deleted.\n")

// Roots tries a store below each of the roots.
func Roots(ctx context.Context, store objectstore.Store, roots []string) error {
	for _, root := range roots {
		if err := try(ctx, store, root); err != nil {
			return err
		}
	}
	return nil
}

// try writes, reads, lists and deletes one object. What was written is deleted
// even where reading it fails.
func try(ctx context.Context, store objectstore.Store, root string) error {
	prefix := strings.TrimRight(root, "/") + folder
	object := prefix + uuid.NewString()
	if err := store.Create(ctx, object, content); err != nil {
		return missing("write objects", root, err)
	}
	tried := errors.Join(again(ctx, store, root, object), read(ctx, store, root, object), list(ctx, store, root, prefix, object))
	if err := store.Delete(ctx, object); err != nil {
		return errors.Join(tried, missing("delete objects", root, err))
	}
	if tried == nil {
		return gone(ctx, store, root, object)
	}
	return tried
}

// again makes sure that an object is never overwritten: commits rely on it.
func again(ctx context.Context, store objectstore.Store, root, object string) error {
	err := store.Create(ctx, object, append([]byte("again\n"), content...))
	switch {
	case errors.Is(err, objectstore.ErrExists):
		return nil
	case err == nil:
		return fault.New(fault.Invalid, "the store of root %s overwrites objects that are to be created: it does not honour conditions (If-None-Match)", root)
	}
	return missing("write objects on a condition", root, err)
}

func read(ctx context.Context, store objectstore.Store, root, object string) error {
	data, err := store.Read(ctx, object)
	if err == nil && !bytes.Equal(data, content) {
		return fault.New(fault.Invalid, "the store of root %s returns other bytes than were written", root)
	}
	return missing("read objects", root, err)
}

func list(ctx context.Context, store objectstore.Store, root, prefix, object string) error {
	for found, err := range store.List(ctx, prefix) {
		if err != nil {
			return missing("list objects", root, err)
		}
		if found.Location == object {
			return nil
		}
	}
	return fault.New(fault.Invalid, "the store of root %s does not list an object that was written", root)
}

func gone(ctx context.Context, store objectstore.Store, root, object string) error {
	_, err := store.Read(ctx, object)
	if err == nil {
		return fault.New(fault.Invalid, "the store of root %s keeps an object that was deleted", root)
	}
	return nil
}

// missing says which right is missing where the store refuses, and what was tried
// where it does not answer.
func missing(right, root string, err error) error {
	if err == nil {
		return nil
	}
	switch {
	case fault.Is(err, fault.Forbidden):
		return fault.Wrap(fault.Forbidden, err, "the right to %s is missing at root %s", right, root)
	case fault.Is(err, fault.Invalid):
		return fault.Wrap(fault.Invalid, err, "to %s at root %s cannot be done: %s", right, root, fault.Shown(err))
	}
	return fault.Wrap(fault.Unavailable, err, "to %s at root %s was tried, and the store does not answer as it should", right, root)
}
