package catalog

import "context"

// StageTable makes the metadata of a table and reserves nothing: a commit with
// assert-create may create it later, or lose the name to somebody. Sent again
// under its key it is the same table at the same location, whatever stands
// there by then.
func (c *Catalog) StageTable(ctx context.Context, request Request, creation TableCreation) (Loaded, error) {
	if err := creation.Identifier.Validate(); err != nil {
		return Loaded{}, err
	}
	var d document
	outcome, err := c.mutate(ctx, request, func(ctx context.Context, m *mutation) (p plan, err error) {
		if d, err = m.newTable(ctx, creation); err != nil {
			return plan{}, err
		}
		// All else of a staged table follows from the request.
		return plan{outcome: Outcome{Status: statusOK, Body: []byte(d.Location())}}, nil
	})
	if err != nil {
		return Loaded{}, err
	}
	if location := string(outcome.Body); d == nil || d.Location() != location {
		d, err = c.stagedBefore(ctx, request, creation, location)
	}
	if err != nil {
		return Loaded{}, err
	}
	return Loaded{Metadata: d.Bytes()}, nil
}

// stagedBefore makes a staged table's metadata again.
func (c *Catalog) stagedBefore(ctx context.Context, request Request, creation TableCreation, location string) (document, error) {
	op, err := request.operation()
	if err != nil {
		return nil, err
	}
	w, err := c.pointers.Warehouse(ctx, request.Warehouse)
	if err != nil {
		return nil, err
	}
	return createTable(w, creation, derivedUUID(op), location)
}
