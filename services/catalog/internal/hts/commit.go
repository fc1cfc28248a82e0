package hts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// Commit implements catalog.Pointers.
func (p *Pointers) Commit(ctx context.Context, commit catalog.Commit) (catalog.Verdict, error) {
	request, err := requestOf(commit)
	if err != nil {
		return catalog.Verdict{}, err
	}
	answer, err := p.commits.Commit(ctx, request)
	if err != nil {
		err = fault.FromStatus(err, fault.UnknownOutcome)
		return catalog.Verdict{}, missing(err, commit.Warehouse, fault.NoSuchWarehouse, nil)
	}
	return verdictOf(answer, commit.Records)
}

func requestOf(commit catalog.Commit) (*htsv1.CommitRequest, error) {
	request := &htsv1.CommitRequest{Warehouse: commit.Warehouse, Principal: commit.Principal, RequestId: commit.RequestID}
	for _, record := range commit.Records {
		request.Operations = append(request.Operations, operationTo(record))
	}
	for _, change := range commit.Changes {
		c, err := changeOf(change)
		if err != nil {
			return nil, err
		}
		request.Changes = append(request.Changes, c)
	}
	for _, job := range commit.Jobs {
		request.Jobs = append(request.Jobs, &htsv1.QueuedJob{
			JobName: job.Name, EngineType: engine, JobConf: job.Conf, Attempts: job.Attempts,
			DelaySeconds: int64(job.Delay / time.Second), MetadataUuid: uuidOr(job.MetadataUUID),
		})
	}
	return request, nil
}

func operationTo(record catalog.Record) *htsv1.Operation {
	return &htsv1.Operation{
		Id: record.Operation.ID[:], Fingerprint: record.Operation.Fingerprint, Kind: record.Operation.Kind,
		Outcome: &htsv1.Outcome{
			Status:            int32(record.Outcome.Status),
			MetadataLocations: record.Outcome.MetadataLocations,
			Body:              record.Outcome.Body,
		},
	}
}

func changeOf(change catalog.Change) (*htsv1.Change, error) {
	switch c := change.(type) {
	case catalog.CreatePointer:
		return &htsv1.Change{Change: &htsv1.Change_CreateTable{CreateTable: &htsv1.CreateTable{
			Key: keyOf(c.Identifier, c.Kind), Kind: kindTo(c.Kind), MetadataLocation: c.MetadataLocation,
			Location: c.Holds.Location, MetadataUuid: uuidOr(c.Holds.MetadataUUID),
		}}}, nil
	case catalog.SwapPointer:
		return &htsv1.Change{Change: &htsv1.Change_SwapTable{SwapTable: &htsv1.SwapTable{
			Key: keyOf(c.Identifier, c.Expect.Kind), Expect: expectationOf(c.Expect), MetadataLocation: c.MetadataLocation,
			Location: c.Holds.Location, MetadataUuid: uuidOr(c.Holds.MetadataUUID),
		}}}, nil
	case catalog.DropPointer:
		return &htsv1.Change{Change: &htsv1.Change_DropTable{DropTable: &htsv1.DropTable{
			Key: keyOf(c.Identifier, c.Expect.Kind), Expect: expectationOf(c.Expect),
		}}}, nil
	case catalog.RenamePointer:
		return &htsv1.Change{Change: &htsv1.Change_RenameTable{RenameTable: &htsv1.RenameTable{
			Key: keyOf(c.Identifier, c.Expect.Kind), Expect: expectationOf(c.Expect), Destination: keyOf(c.Destination, c.Expect.Kind),
		}}}, nil
	default:
		return namespaceChangeOf(change)
	}
}

func namespaceChangeOf(change catalog.Change) (*htsv1.Change, error) {
	switch c := change.(type) {
	case catalog.CreateNamespace:
		return &htsv1.Change{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{
			DatabaseId: c.Namespace.DatabaseID(), Properties: c.Properties,
		}}}, nil
	case catalog.DropNamespace:
		return &htsv1.Change{Change: &htsv1.Change_DropNamespace{DropNamespace: &htsv1.DropNamespace{
			DatabaseId: c.Namespace.DatabaseID(),
		}}}, nil
	case catalog.UpdateNamespace:
		return &htsv1.Change{Change: &htsv1.Change_UpdateNamespace{UpdateNamespace: &htsv1.UpdateNamespace{
			DatabaseId: c.Namespace.DatabaseID(), Updates: c.Updates, Removals: c.Removals,
		}}}, nil
	default:
		return nil, fmt.Errorf("change of unknown type %T", change)
	}
}

func expectationOf(e catalog.Expectation) *htsv1.Expectation {
	expectation := &htsv1.Expectation{Kind: kindTo(e.Kind), Uuid: uuidOr(e.UUID)}
	if e.Version != 0 {
		expectation.Version = &e.Version
	}
	if e.MetadataLocation != "" {
		expectation.MetadataLocation = &e.MetadataLocation
	}
	return expectation
}

// uuidOr is the uuid as it is sent, nothing for none.
func uuidOr(id uuid.UUID) []byte {
	if id == uuid.Nil {
		return nil
	}
	return id[:]
}

func verdictOf(answer *htsv1.CommitResponse, records []catalog.Record) (catalog.Verdict, error) {
	switch result := answer.GetResult().(type) {
	case *htsv1.CommitResponse_Committed:
		return catalog.Verdict{}, nil
	case *htsv1.CommitResponse_Conflict:
		return conflictsOf(result.Conflict)
	case *htsv1.CommitResponse_Replay:
		return replaysOf(result.Replay, records)
	default:
		// Something answered, and what it means is not known here.
		return catalog.Verdict{}, fault.New(fault.UnknownOutcome, "the house table service gave an answer of an unknown kind")
	}
}

func replaysOf(replay *htsv1.Replay, records []catalog.Record) (catalog.Verdict, error) {
	recorded := map[string]*htsv1.Outcome{}
	for _, r := range replay.GetOperations() {
		recorded[string(r.GetOperation().GetId())] = r.GetOperation().GetOutcome()
	}
	replays := map[uuid.UUID]catalog.Outcome{}
	for _, record := range records {
		if outcome, known := recorded[string(record.Operation.ID[:])]; known {
			replays[record.Operation.ID] = outcomeOf(outcome)
		}
	}
	if len(replays) == 0 {
		return catalog.Verdict{}, fault.New(fault.UnknownOutcome, "the house table service replayed other operations")
	}
	return catalog.Verdict{Replays: replays}, nil
}

func outcomeOf(outcome *htsv1.Outcome) catalog.Outcome {
	return catalog.Outcome{
		Status:            int(outcome.GetStatus()),
		MetadataLocations: outcome.GetMetadataLocations(),
		Body:              outcome.GetBody(),
	}
}

// Operation implements catalog.Pointers.
func (p *Pointers) Operation(ctx context.Context, warehouse string, id uuid.UUID) (*catalog.Finished, error) {
	answer, err := read(ctx, p.commits.GetOperation, &htsv1.GetOperationRequest{Warehouse: warehouse, Id: id[:]})
	switch {
	case fault.Is(err, fault.NoSuchOperation):
		return nil, nil //nolint:nilnil // nothing recorded is an answer
	case err != nil:
		return nil, missing(err, warehouse, fault.NoSuchWarehouse, nil)
	}
	recorded := answer.GetOperation().GetOperation()
	return &catalog.Finished{Fingerprint: recorded.GetFingerprint(), Outcome: outcomeOf(recorded.GetOutcome())}, nil
}

// Operations implements catalog.Pointers.
func (p *Pointers) Operations(ctx context.Context, warehouse string, ids []uuid.UUID) (map[uuid.UUID]catalog.Outcome, error) {
	request := &htsv1.BatchGetOperationsRequest{Warehouse: warehouse}
	for _, id := range ids {
		request.Ids = append(request.Ids, id[:])
	}
	answer, err := read(ctx, p.commits.BatchGetOperations, request)
	if err != nil {
		return nil, missing(err, warehouse, fault.NoSuchWarehouse, nil)
	}
	recorded := make(map[uuid.UUID]catalog.Outcome, len(answer.GetOperations()))
	for _, o := range answer.GetOperations() {
		id, err := uuid.FromBytes(o.GetOperation().GetId())
		if err != nil {
			return nil, fmt.Errorf("the house table service tells of an operation without an id: %w", err)
		}
		recorded[id] = outcomeOf(o.GetOperation().GetOutcome())
	}
	return recorded, nil
}

// Epoch implements catalog.Pointers.
func (p *Pointers) Epoch(ctx context.Context) (string, error) {
	answer, err := read(ctx, p.commits.GetEpoch, &htsv1.GetEpochRequest{})
	return answer.GetEpoch(), err
}

func conflictsOf(conflict *htsv1.Conflict) (catalog.Verdict, error) {
	var verdict catalog.Verdict
	for _, change := range conflict.GetChanges() {
		c := catalog.Conflict{Index: int(change.GetIndex()), Reason: reasonOf(change.GetReason()), Location: change.GetLocation(), Job: change.GetJobId()}
		if change.GetCurrent() != nil {
			current, err := pointerOf(change.GetCurrent())
			if err != nil {
				return catalog.Verdict{}, err
			}
			c.Current = &current
		}
		if w := change.GetWinner(); w != nil {
			winner := winnerOf(w)
			c.Winner = &winner
		}
		verdict.Conflicts = append(verdict.Conflicts, c)
	}
	if len(verdict.Conflicts) == 0 {
		return catalog.Verdict{}, fault.New(fault.UnknownOutcome, "the house table service reported a conflict over nothing")
	}
	return verdict, nil
}

func winnerOf(v *htsv1.TableVersion) catalog.Winner {
	return catalog.Winner{
		Version: v.GetVersion(), MetadataLocation: v.GetMetadataLocation(), CommittedAt: v.GetCommittedAt().AsTime(),
		Principal: v.GetPrincipal(), RequestID: v.GetRequestId(),
	}
}

func reasonOf(reason htsv1.ConflictReason) catalog.Reason {
	switch reason {
	case htsv1.ConflictReason_CONFLICT_REASON_TABLE_NOT_FOUND:
		return catalog.PointerMissing
	case htsv1.ConflictReason_CONFLICT_REASON_TABLE_EXISTS:
		return catalog.PointerExists
	case htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_FOUND:
		return catalog.NamespaceMissing
	case htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_EXISTS:
		return catalog.NamespaceExists
	case htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_EMPTY:
		return catalog.NamespaceOccupied
	case htsv1.ConflictReason_CONFLICT_REASON_LOCATION_TAKEN:
		return catalog.LocationTaken
	case htsv1.ConflictReason_CONFLICT_REASON_METADATA_UUID_TAKEN:
		return catalog.UUIDTaken
	default:
		return catalog.PointerMoved
	}
}
