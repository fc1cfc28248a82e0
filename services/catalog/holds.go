package catalog

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// maxDepth of a location, in folders, is below what the house table service keeps.
const maxDepth = 90

// holds are what the pointer to a document takes: all of it for a new one, and
// nothing where the document stays where it was. Functions have no place of
// their own.
func (c *Catalog) holds(kind Kind, base, next document) (Holds, error) {
	if kind == FunctionKind || base != nil && base.Location() == next.Location() {
		return Holds{}, nil
	}
	held := Holds{MetadataUUID: heldUUID(next.UUID())}
	if c.settings.OverlappingLocations {
		return held, nil
	}
	var err error
	held.Location, err = heldLocation(next.Location())
	return held, err
}

// holdsOf are what a change takes.
func holdsOf(change Change) Holds {
	switch c := change.(type) {
	case CreatePointer:
		return c.Holds
	case SwapPointer:
		return c.Holds
	default:
		return Holds{}
	}
}

// heldByJob refuses what files are being deleted from. The place is free again
// when they are gone; the metadata they belong to is not.
func heldByJob(conflict Conflict, wanted Holds) error {
	if conflict.Reason == UUIDTaken {
		return fault.New(fault.Invalid, "the files of the metadata of UUID %s are being deleted, or were: job %s", wanted.MetadataUUID, conflict.Job)
	}
	e := fault.New(fault.Unavailable, "location %q cannot be had yet: files at %q are being deleted by job %s", wanted.Location, conflict.Location, conflict.Job)
	e.RetryAfter = time.Second
	return e
}

// holding names a pointer that holds something.
func (p Pointer) holding() string {
	name := strings.ToLower(p.Kind.word()) + " " + p.Identifier.String()
	if p.Dropped {
		name += ", which was dropped and can be restored"
	}
	return name
}

// HeldUUID is a document's UUID as it is held.
func HeldUUID(text string) uuid.UUID { return heldUUID(text) }

// HeldLocation is a place as it is held: one spelling for all names of it.
func HeldLocation(location string) (string, error) { return heldLocation(location) }

// heldUUID is a document's UUID; one that is not spelled as a UUID is still one
// of its own.
func heldUUID(text string) uuid.UUID {
	if id, err := uuid.Parse(text); err == nil || text == "" {
		return id
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.ToLower(text)))
}

// heldLocation is one spelling for all names of a place: without the links of
// the file system, under one scheme for each store.
func heldLocation(location string) (string, error) {
	canonical, err := canonicalLocation(trimSlashes(location))
	if err != nil {
		return "", err
	}
	_, place, _ := strings.Cut(canonical, ":")
	store := objectstore.StoreOf(location)
	if store == "file" {
		place = objectstore.RealPath(place)
	}
	switch {
	case strings.HasSuffix(place, "/"):
		return "", fault.New(fault.Invalid, "location %q is the root of a store, a folder below it is allowed", location)
	case strings.Count(place, "/") > maxDepth:
		return "", fault.New(fault.Invalid, "location %q is %d folders deep, %d are allowed", location, strings.Count(place, "/"), maxDepth)
	}
	return store + ":" + place, nil
}

// Settling is the commit that gives a pointer from before there were holds what
// it would have taken: a swap to the metadata that it has.
func Settling(warehouse string, p Pointer, holds Holds) Commit {
	id := uuid.Must(uuid.NewV7())
	return Commit{
		Warehouse: warehouse,
		Records: []Record{{
			Operation: Operation{ID: id, Fingerprint: id[:], Kind: "settle"},
			Outcome:   Outcome{Status: statusOK, MetadataLocations: []string{p.MetadataLocation}},
		}},
		Changes: []Change{SwapPointer{
			Identifier: p.Identifier, Expect: Expectation{UUID: p.UUID, Version: p.Version, Kind: p.Kind},
			MetadataLocation: p.MetadataLocation, Holds: holds,
		}},
	}
}

// heldRefusal is what a conflict over what a change takes means; nil for any
// other conflict. A location is the request's own mistake and no name that is
// taken: engines pass over that when they create what is not there yet.
func heldRefusal(conflict Conflict, wanted Holds) error {
	holder := "another table of this request"
	if p := conflict.Current; p != nil {
		holder = p.holding()
	}
	if conflict.Job != "" {
		return heldByJob(conflict, wanted)
	}
	switch conflict.Reason {
	case LocationTaken:
		return fault.New(fault.Invalid, "location %q overlaps %q of %s", wanted.Location, conflict.Location, holder)
	case UUIDTaken:
		return fault.New(fault.AlreadyExists, "metadata of UUID %s already exists: it is that of %s", wanted.MetadataUUID, holder)
	default:
		return nil
	}
}
