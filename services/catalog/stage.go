package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// staging is what a staged table is made of beside the request: kept, so that
// the request sent again is answered with the same.
type staging struct {
	Location string    `json:"location"`
	At       time.Time `json:"at"`
}

// StageTable makes the metadata of a table and reserves nothing: a commit with
// assert-create may create it later, or lose the name to somebody. Sent again
// under its key it is the same table at the same location, whatever stands
// there by then.
func (c *Catalog) StageTable(ctx context.Context, request Request, creation TableCreation) (Loaded, error) {
	if err := creation.Identifier.Validate(); err != nil {
		return Loaded{}, err
	}
	var d document
	var mine []byte
	create := c.to(authz.Create, namespaceObject(request.Warehouse, creation.Identifier.Namespace))
	outcome, err := c.mutate(ctx, request, create, func(ctx context.Context, m *mutation) (p plan, err error) {
		if d, err = m.newTable(ctx, creation); err != nil {
			return plan{}, err
		}
		mine, err = json.Marshal(staging{Location: d.Location(), At: m.began})
		if err != nil {
			return plan{}, err
		}
		jobs, err := m.abandonment(creation.Identifier, d, m.began)
		return plan{outcome: Outcome{Status: statusOK, Body: mine}, jobs: jobs}, err
	})
	if err == nil && !bytes.Equal(outcome.Body, mine) {
		d, err = c.stagedBefore(ctx, request, creation, outcome)
	}
	if err != nil {
		return Loaded{}, err
	}
	return Loaded{Metadata: d.Bytes(), of: d}, nil
}

// stagedBefore makes a staged table's metadata again.
func (c *Catalog) stagedBefore(ctx context.Context, request Request, creation TableCreation, outcome Outcome) (document, error) {
	var was staging
	if err := unmarshalOutcome(outcome, &was); err != nil {
		return nil, err
	}
	op, err := request.operation()
	if err != nil {
		return nil, err
	}
	w, err := c.pointers.Warehouse(ctx, request.Warehouse)
	if err != nil {
		return nil, err
	}
	return createTable(w, creation, derivedUUID(op), was.Location, was.At)
}
