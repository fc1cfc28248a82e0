package catalog

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/iceberg"
)

// functionDocument is a function's metadata as a document.
type functionDocument struct{ *iceberg.FunctionMetadata }

// Bytes implements document.
func (d functionDocument) Bytes() []byte { return d.Document() }

// Property implements document: functions have none that steer anything here.
func (d functionDocument) Property(string) (string, bool) { return "", false }

// Size implements document.
func (d functionDocument) Size() int { return len(d.Document()) }

// previousFiles are none: whoever writes a function's metadata keeps its files.
func (d functionDocument) previousFiles() []string { return nil }

// validate has nothing left to do: reading a function looks at all of it.
func (d functionDocument) validate() error { return nil }

// LoadFunction returns the current metadata of a function, all of its overloads.
func (c *Catalog) LoadFunction(ctx context.Context, warehouse string, id TableIdentifier) (Loaded, error) {
	p, err := c.allowed(ctx, authz.Describe, warehouse, id, FunctionKind)
	if err != nil {
		return Loaded{}, c.orNamespace(ctx, warehouse, id, err)
	}
	d, err := c.metadata.load(ctx, warehouse, FunctionKind, p.MetadataLocation)
	if err != nil {
		return Loaded{}, stored(p.MetadataLocation, err)
	}
	return Loaded{MetadataLocation: p.MetadataLocation, Metadata: d.Bytes()}, nil
}

// orNamespace says of a function that is not there whether its namespace is.
func (c *Catalog) orNamespace(ctx context.Context, warehouse string, id TableIdentifier, err error) error {
	if !fault.Is(err, fault.NoSuchFunction) {
		return err
	}
	if _, missing := c.pointers.Namespace(ctx, warehouse, id.Namespace); fault.Is(missing, fault.NoSuchNamespace) {
		return missing
	}
	return err
}

// DropFunction takes a function away; its file stays.
func (c *Catalog) DropFunction(ctx context.Context, request Request, id TableIdentifier) error {
	return c.drop(ctx, request, id, FunctionKind)
}
