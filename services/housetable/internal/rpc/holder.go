package rpc

import (
	"context"
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// maxAsked bounds what one request asks for, and maxJobHolds what a job holds.
	maxAsked    = 1000
	maxJobHolds = 100
)

// ListHolders tells who holds what.
func (s *tableService) ListHolders(ctx context.Context, r *htsv1.ListHoldersRequest) (*htsv1.ListHoldersResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if n := len(r.GetMetadataUuids()); n > maxAsked {
		err = firstError(err, fault.Field("metadata_uuids", "has %d entries, %d are allowed", n, maxAsked))
	}
	holds, bad := fromLocations(r.GetLocations(), maxAsked)
	if err := firstError(err, bad); err != nil {
		return nil, err
	}
	for i, b := range r.GetMetadataUuids() {
		uuid, err := checkUUID(fmt.Sprintf("metadata_uuids[%d]", i), b)
		if err != nil {
			return nil, err
		}
		holds = append(holds, housetable.HoldOfUUID(uuid))
	}
	holders, err := s.store.Holders(ctx, warehouse, holds)
	if err != nil {
		return nil, err
	}
	return &htsv1.ListHoldersResponse{Holders: toHolders(holders)}, nil
}

// HoldForJob gives a running job holds.
func (s *jobService) HoldForJob(ctx context.Context, r *htsv1.HoldForJobRequest) (*htsv1.HoldForJobResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	version, bad := versionOf(r.Version) //nolint:protogetter // absent is not ""
	holds, unheld := fromLocations(r.GetLocations(), maxJobHolds)
	if err := firstError(err, bad, unheld, checkApart(holds), checkJobID("job_id", r.GetJobId())); err != nil {
		return nil, err
	}
	if len(r.GetMetadataUuid()) > 0 {
		uuid, err := checkUUID("metadata_uuid", r.GetMetadataUuid())
		if err != nil {
			return nil, err
		}
		holds = append(holds, housetable.HoldOfUUID(uuid))
	}
	others, err := s.store.HoldForJob(ctx, warehouse, housetable.JobHolds{
		JobID: r.GetJobId(), Version: version, Holds: holds, KeepUUID: r.GetKeepUuid(),
	})
	if err != nil {
		return nil, err
	}
	return &htsv1.HoldForJobResponse{InTheWay: toHolders(others)}, nil
}

func fromLocations(locations []string, limit int) ([]housetable.Hold, error) {
	if n := len(locations); n > limit {
		return nil, fault.Field("locations", "has %d entries, %d are allowed", n, limit)
	}
	holds := make([]housetable.Hold, len(locations))
	for i, location := range locations {
		field := fmt.Sprintf("locations[%d]", i)
		if err := firstError(checkLocation(field, location), checkHeld(field, location)); err != nil {
			return nil, err
		}
		holds[i] = housetable.HoldOfLocation(location)
	}
	return holds, nil
}

// checkApart refuses locations of one owner of which one lies in another.
func checkApart(holds []housetable.Hold) error {
	for i, hold := range holds {
		for _, other := range holds[:i] {
			if hold.Overlaps(other) {
				return fault.Field("locations", "%q and %q overlap", other.Location(), hold.Location())
			}
		}
	}
	return nil
}

func toHolders(holders []housetable.Holder) []*htsv1.Holder {
	var told []*htsv1.Holder
	for _, h := range holders {
		if h.Gone() {
			continue
		}
		holder := &htsv1.Holder{Location: h.Hold.Location(), Table: toTable(h.Table()), JobId: h.JobID}
		if uuid := h.Hold.UUID(); uuid != nil {
			holder.MetadataUuid = uuid[:]
		}
		told = append(told, holder)
	}
	return told
}
