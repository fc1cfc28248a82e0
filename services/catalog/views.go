package catalog

import (
	"context"
	"encoding/json"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// ViewCreation is what a client says of a view to be.
type ViewCreation struct {
	Identifier TableIdentifier
	Schema     json.RawMessage
	Version    json.RawMessage
	Location   string
	Properties map[string]string
}

// ViewChange is a commit to one view as a client sent it: arrays of JSON.
type ViewChange struct {
	Identifier   TableIdentifier
	Requirements json.RawMessage
	Updates      json.RawMessage
}

// CreateView creates a view.
func (c *Catalog) CreateView(ctx context.Context, request Request, creation ViewCreation) (Loaded, error) {
	if err := creation.Identifier.Validate(); err != nil {
		return Loaded{}, err
	}
	create := c.to(authz.Create, namespaceObject(request.Warehouse, creation.Identifier.Namespace))
	outcome, err := c.mutate(ctx, request, create, func(ctx context.Context, m *mutation) (plan, error) {
		d, err := m.newView(ctx, creation)
		if err != nil {
			return plan{}, err
		}
		return m.creationPlan(ctx, creation.Identifier, ViewKind, d)
	})
	if err != nil {
		return Loaded{}, err
	}
	return c.render(ctx, request.Warehouse, creation.Identifier, ViewKind, outcome)
}

// newView is the metadata of a view to be.
func (m *mutation) newView(ctx context.Context, creation ViewCreation) (document, error) {
	at, err := m.vacant(ctx, m.request.Warehouse, creation.Identifier, ViewKind)
	if err != nil {
		return nil, err
	}
	id := derivedUUID(m.op)
	location, err := m.tableLocation(at.Warehouse, creation.Identifier, at.Properties, creation.Location, id)
	if err != nil {
		return nil, err
	}
	d, err := createView(at.Warehouse, creation, id, location)
	if err != nil {
		return nil, err
	}
	return d, m.checkMetadataFolder(at.Warehouse, d)
}

// LoadView returns the current metadata of a view. Of the options, ReferencedBy and
// Afresh are for views.
func (c *Catalog) LoadView(ctx context.Context, warehouse string, id TableIdentifier, options LoadOptions) (Loaded, error) {
	p, _, err := c.reached(ctx, authz.Describe, warehouse, id, ViewKind, options.ReferencedBy)
	if err != nil {
		return Loaded{}, err
	}
	d, err := c.metadata.loader(options)(ctx, warehouse, ViewKind, p.MetadataLocation)
	if err != nil {
		return Loaded{}, stored(p.MetadataLocation, err)
	}
	return Loaded{MetadataLocation: p.MetadataLocation, Metadata: d.Bytes()}, nil
}

// ReplaceView commits to one view.
func (c *Catalog) ReplaceView(ctx context.Context, request Request, change ViewChange) (Loaded, error) {
	revision, err := viewRevisionOf(change)
	if err != nil {
		return Loaded{}, err
	}
	m := &member{target: target{id: change.Identifier, kind: ViewKind}, revision: revision}
	return c.commitOne(ctx, request, m, len(change.Requirements)+len(change.Updates))
}

// DropView takes a view away.
func (c *Catalog) DropView(ctx context.Context, request Request, id TableIdentifier) error {
	return c.drop(ctx, request, id, ViewKind)
}
