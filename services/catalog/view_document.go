package catalog

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/iceberg"
)

// viewDocument is a view's metadata as a document.
type viewDocument struct{ *iceberg.ViewMetadata }

// Bytes implements document.
func (d viewDocument) Bytes() []byte { return d.Document() }

// previousFiles are none: a view's metadata keeps no log of its files.
func (d viewDocument) previousFiles() []string { return nil }

// validate has nothing left to do: reading a view looks at all of it.
func (d viewDocument) validate() error { return nil }

// viewRevision is a commit to a view.
type viewRevision struct {
	requirements iceberg.ViewRequirements
	updates      iceberg.ViewUpdates
}

func viewRevisionOf(change ViewChange) (revision, error) {
	var r viewRevision
	var err error
	if change.Requirements != nil {
		if r.requirements, err = iceberg.DecodeViewRequirements(change.Requirements); err != nil {
			return nil, refused(err)
		}
	}
	if r.updates, err = iceberg.DecodeViewUpdates(change.Updates); err != nil {
		return nil, refused(err)
	}
	return r, nil
}

func (r viewRevision) creates() bool { return false }

// trace finds nothing: a view's version gets its id here.
func (r viewRevision) trace(document) (trace, error) { return traceless, nil }

// rebases allows all: a view's versions do not build upon one another.
func (r viewRevision) rebases(_, _ document) error { return nil }

func (r viewRevision) guarded() bool { return false }

func (r viewRevision) apply(base document, baseLocation string) (document, error) {
	view := base.(viewDocument) //nolint:forcetypeassert // documents are of the member's kind
	if err := r.requirements.Check(view.ViewMetadata); err != nil {
		return nil, refused(err)
	}
	next, err := r.updates.Apply(view.ViewMetadata, iceberg.Application{Now: time.Now(), PreviousLocation: baseLocation})
	if err != nil {
		return nil, impossible(refused(err))
	}
	return viewDocument{next}, nil
}

// createView makes the first metadata of a view.
func createView(w Warehouse, creation ViewCreation, id uuid.UUID, location string) (document, error) {
	view, err := iceberg.NewViewMetadata(iceberg.ViewCreation{
		UUID: id.String(), Location: location, Schema: creation.Schema, ViewVersion: creation.Version,
		Properties: w.layered(viewDefaultPrefix, viewOverridePrefix, creation.Properties), Now: time.Now(),
	})
	return viewDocument{view}, impossible(refused(err))
}

// impossible gives a view that cannot be made the name by which Java's client
// knows it: for tables that client looks at the status alone.
func impossible(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		return err
	}
	named := *f
	named.Kind = fault.Impossible
	return &named
}
