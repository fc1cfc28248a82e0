package hts

import (
	"context"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// Holders implements catalog.Pointers.
func (p *Pointers) Holders(ctx context.Context, warehouse string, locations []string, metadata ...uuid.UUID) ([]catalog.Holder, error) {
	uuids := make([][]byte, len(metadata))
	for i, id := range metadata {
		uuids[i] = id[:]
	}
	answer, err := read(ctx, p.tables.ListHolders, &htsv1.ListHoldersRequest{Warehouse: warehouse, Locations: locations, MetadataUuids: uuids})
	if err != nil {
		return nil, missing(err, warehouse, fault.NoSuchWarehouse, nil)
	}
	return holdersOf(answer.GetHolders())
}

// Hold implements catalog.Jobs.
func (c *Jobs) Hold(ctx context.Context, j catalog.Job, holds catalog.JobHolds) ([]catalog.Holder, error) {
	answer, err := read(ctx, c.jobs.HoldForJob, &htsv1.HoldForJobRequest{
		Warehouse: j.Warehouse, JobId: j.ID, Version: &j.Version,
		Locations: holds.Locations, MetadataUuid: uuidOr(holds.MetadataUUID), KeepUuid: holds.KeepUUID,
	})
	if err != nil {
		return nil, err
	}
	return holdersOf(answer.GetInTheWay())
}

func holdersOf(holders []*htsv1.Holder) ([]catalog.Holder, error) {
	found := make([]catalog.Holder, len(holders))
	for i, h := range holders {
		found[i] = catalog.Holder{Location: h.GetLocation(), Job: h.GetJobId()}
		if h.GetTable() == nil {
			continue
		}
		pointer, err := pointerOf(h.GetTable())
		if err != nil {
			return nil, err
		}
		found[i].Pointer = &pointer
	}
	return found, nil
}
