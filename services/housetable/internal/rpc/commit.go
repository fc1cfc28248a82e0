package rpc

import (
	"context"
	"fmt"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// epochWait is how long the answer to a decided commit waits for the epoch.
const epochWait = time.Second

type commitService struct {
	htsv1.UnimplementedCommitServiceServer
	store   housetable.Store
	commits Committers
	options Options
	epoch   recentEpoch
}

// Commit applies all changes or none.
func (s *commitService) Commit(ctx context.Context, r *htsv1.CommitRequest) (*htsv1.CommitResponse, error) {
	commit, err := s.commit(ctx, r)
	if err != nil {
		return nil, err
	}
	verdict, err := s.commits.Commit(ctx, commit)
	if err != nil {
		return nil, err
	}
	response, err := toCommitResponse(verdict)
	if err != nil {
		return nil, err
	}
	// The epoch is asked for afterwards: one that is too old makes a reader look
	// again, one that is too new would vouch for a commit of another history. The
	// commit is decided; an unknown epoch matches no other.
	response.Epoch, _ = s.epoch.recentWithin(ctx, epochWait)
	return response, nil
}

// commit is what a request asks for, on behalf of somebody for whom its caller may.
func (s *commitService) commit(ctx context.Context, r *htsv1.CommitRequest) (housetable.Commit, error) {
	commit, err := fromCommit(r)
	if err != nil {
		return commit, err
	}
	s.options.keepSoftDeleted(commit.Changes, time.Now())
	commit.Principal, err = s.options.principal(ctx, "principal", commit.Principal)
	return commit, err
}

// GetEpoch returns the database's line of history.
func (s *commitService) GetEpoch(ctx context.Context, _ *htsv1.GetEpochRequest) (*htsv1.GetEpochResponse, error) {
	epoch, err := s.store.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	return &htsv1.GetEpochResponse{Epoch: epoch}, nil
}

// GetOperation returns what was recorded.
func (s *commitService) GetOperation(ctx context.Context, r *htsv1.GetOperationRequest) (*htsv1.GetOperationResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	id, err := checkUUID("id", r.GetId())
	if err != nil {
		return nil, err
	}
	epoch, err := s.epoch.recent(ctx)
	if err != nil {
		return nil, err
	}
	recorded, err := s.store.Operation(ctx, warehouse, id)
	if err != nil {
		return nil, err
	}
	return &htsv1.GetOperationResponse{Operation: toRecorded(recorded), Epoch: epoch}, nil
}

// BatchGetOperations returns those that were recorded.
func (s *commitService) BatchGetOperations(ctx context.Context, r *htsv1.BatchGetOperationsRequest) (*htsv1.BatchGetOperationsResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	if n := len(r.GetIds()); n > maxBatchGet {
		return nil, fault.Field("ids", "has %d entries, %d are allowed", n, maxBatchGet)
	}
	ids := make([]housetable.UUID, len(r.GetIds()))
	for i, id := range r.GetIds() {
		if ids[i], err = checkUUID(fmt.Sprintf("ids[%d]", i), id); err != nil {
			return nil, err
		}
	}
	recorded, err := s.store.Operations(ctx, warehouse, ids)
	if err != nil {
		return nil, err
	}
	response := &htsv1.BatchGetOperationsResponse{}
	for _, o := range recorded {
		response.Operations = append(response.Operations, toRecorded(o))
	}
	return response, nil
}

func toCommitResponse(v housetable.Verdict) (*htsv1.CommitResponse, error) {
	switch v := v.(type) {
	case housetable.Committed:
		return &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Committed{Committed: toCommitted(v)}}, nil
	case housetable.Conflict:
		return &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Conflict{Conflict: toConflict(v)}}, nil
	case housetable.Replay:
		return &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Replay{Replay: toReplay(v)}}, nil
	case housetable.Refused:
		return nil, v.Err
	}
	return nil, expectNever(v)
}

func toCommitted(v housetable.Committed) *htsv1.Committed {
	c := &htsv1.Committed{CommittedAt: toTime(v.CommittedAt)}
	for _, r := range v.Results {
		c.Results = append(c.Results, &htsv1.ChangeResult{Table: toTable(r.Table), Namespace: toNamespace(r.Namespace)})
	}
	return c
}

func toConflict(v housetable.Conflict) *htsv1.Conflict {
	c := &htsv1.Conflict{}
	for _, r := range v.Changes {
		c.Changes = append(c.Changes, toChangeConflict(r))
	}
	return c
}

func toChangeConflict(c housetable.ChangeConflict) *htsv1.ChangeConflict {
	return &htsv1.ChangeConflict{
		Index:            int32(c.Index),
		Reason:           toReason(c.Reason),
		Current:          toTable(c.Current),
		Winner:           toVersion(c.Winner),
		CurrentNamespace: toNamespace(c.CurrentNamespace),
		Location:         c.Location,
		JobId:            c.JobID,
	}
}

func toReplay(v housetable.Replay) *htsv1.Replay {
	replay := &htsv1.Replay{}
	for _, o := range v.Operations {
		replay.Operations = append(replay.Operations, toRecorded(o))
	}
	return replay
}
