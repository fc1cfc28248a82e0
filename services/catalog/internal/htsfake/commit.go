package htsfake

import (
	"bytes"
	"context"
	"crypto/rand"
	"maps"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Commit implements the generated server.
func (f *Fake) Commit(ctx context.Context, r *htsv1.CommitRequest) (*htsv1.CommitResponse, error) {
	f.mu.Lock()
	intercept := f.intercept
	f.mu.Unlock()
	if intercept == nil {
		return f.commit(r)
	}
	return intercept(ctx, r, func() (*htsv1.CommitResponse, error) { return f.commit(r) })
}

// BatchCommit applies each commit by itself, and tells nothing of one that failed.
func (f *Fake) BatchCommit(ctx context.Context, r *htsv1.BatchCommitRequest) (*htsv1.BatchCommitResponse, error) {
	batch := &htsv1.BatchCommitResponse{}
	for _, one := range r.GetCommits() {
		response, err := f.Commit(ctx, one)
		if err != nil {
			response = &htsv1.CommitResponse{}
		}
		batch.Responses = append(batch.Responses, response)
	}
	return batch, nil
}

func (f *Fake) commit(r *htsv1.CommitRequest) (*htsv1.CommitResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commits++
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	if len(r.GetOperations()) == 0 {
		return nil, fault.Field("operations", "at least one")
	}
	if replay, err := w.recorded(r.GetOperations()); err != nil || replay != nil {
		return replay, err
	}
	// All or nothing: on a copy, which takes the place of the original at the end.
	draft := &warehouse{row: w.row, namespaces: maps.Clone(w.namespaces), tables: maps.Clone(w.tables), operations: w.operations, jobs: w.jobs}
	committed := &htsv1.Committed{CommittedAt: timestamppb.Now()}
	conflict := &htsv1.Conflict{}
	for i, change := range r.GetChanges() {
		result, lost := draft.apply(change, r, committed.GetCommittedAt())
		if lost != nil {
			lost.Index = int32(i)
			conflict.Changes = append(conflict.Changes, lost)
		}
		committed.Results = append(committed.Results, result)
	}
	if len(conflict.GetChanges()) > 0 {
		return &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Conflict{Conflict: conflict}, Epoch: epoch}, nil
	}
	w.namespaces, w.tables, w.listed = draft.namespaces, draft.tables, nil
	for _, change := range r.GetChanges() {
		if created := change.GetCreateNamespace(); created != nil {
			f.access[w.row.GetName()] = owned(f.access[w.row.GetName()], created.GetDatabaseId(), ownerOf(r))
		}
	}
	w.endNeedless(r)
	w.queue(r)
	if len(r.GetChanges()) > 0 {
		f.applied++
	}
	for _, operation := range r.GetOperations() {
		w.operations[string(operation.GetId())] = &htsv1.RecordedOperation{Operation: proto.CloneOf(operation), RecordedAt: committed.GetCommittedAt()}
	}
	return &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Committed{Committed: committed}, Epoch: epoch}, nil
}

func (w *warehouse) recorded(operations []*htsv1.Operation) (*htsv1.CommitResponse, error) {
	replay := &htsv1.Replay{}
	for _, operation := range operations {
		if len(operation.GetId()) != 16 {
			return nil, fault.Field("operations", "id of 16 bytes")
		}
		recorded, exists := w.operations[string(operation.GetId())]
		if !exists {
			continue
		}
		if was := recorded.GetOperation().GetFingerprint(); len(was) > 0 && !bytes.Equal(was, operation.GetFingerprint()) {
			return nil, fault.New(fault.OperationReused, "operation id was used before with another fingerprint")
		}
		replay.Operations = append(replay.Operations, proto.CloneOf(recorded))
	}
	if len(replay.GetOperations()) == 0 {
		return nil, nil //nolint:nilnil // nothing recorded is not an error
	}
	return &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Replay{Replay: replay}, Epoch: epoch}, nil
}

func (w *warehouse) apply(change *htsv1.Change, r *htsv1.CommitRequest, now *timestamppb.Timestamp) (*htsv1.ChangeResult, *htsv1.ChangeConflict) {
	switch c := change.GetChange().(type) {
	case *htsv1.Change_CreateTable:
		return w.create(c.CreateTable, r, now)
	case *htsv1.Change_SwapTable:
		return w.swap(c.SwapTable, r, now)
	case *htsv1.Change_DropTable:
		return w.drop(c.DropTable)
	case *htsv1.Change_RenameTable:
		return w.rename(c.RenameTable, r, now)
	case *htsv1.Change_CreateNamespace:
		return w.createNamespace(c.CreateNamespace, now)
	case *htsv1.Change_DropNamespace:
		return w.dropNamespace(c.DropNamespace)
	case *htsv1.Change_UpdateNamespace:
		return w.updateNamespace(c.UpdateNamespace)
	default:
		return nil, because(htsv1.ConflictReason_CONFLICT_REASON_UNSPECIFIED)
	}
}

func because(reason htsv1.ConflictReason) *htsv1.ChangeConflict {
	return &htsv1.ChangeConflict{Reason: reason}
}

func (e *entry) inTheWay(reason htsv1.ConflictReason) *htsv1.ChangeConflict {
	return &htsv1.ChangeConflict{Reason: reason, Current: proto.CloneOf(e.table), Winner: proto.CloneOf(e.winner)}
}

func (w *warehouse) put(table *htsv1.HouseTable, action string, r *htsv1.CommitRequest, now *timestamppb.Timestamp) *htsv1.ChangeResult {
	table.UpdatedAt = now
	w.tables[key(table.GetKey())] = &entry{table: table, winner: &htsv1.TableVersion{
		Version: table.GetVersion(), Action: action, Key: table.GetKey(), MetadataLocation: table.GetMetadataLocation(),
		CommittedAt: now, OperationId: r.GetOperations()[0].GetId(), Principal: r.GetPrincipal(), RequestId: r.GetRequestId(),
	}}
	return &htsv1.ChangeResult{Table: proto.CloneOf(table)}
}

func (w *warehouse) create(c *htsv1.CreateTable, r *htsv1.CommitRequest, now *timestamppb.Timestamp) (*htsv1.ChangeResult, *htsv1.ChangeConflict) {
	if _, exists := w.namespaces[c.GetKey().GetDatabaseId()]; !exists {
		return nil, because(htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_FOUND)
	}
	if e, exists := w.tables[key(c.GetKey())]; exists {
		return nil, e.inTheWay(htsv1.ConflictReason_CONFLICT_REASON_TABLE_EXISTS)
	}
	if lost := w.held(nil, c); lost != nil {
		return nil, lost
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	result := w.put(&htsv1.HouseTable{
		Key: c.GetKey(), Kind: c.GetKind(), Uuid: id, Version: 1, MetadataLocation: c.GetMetadataLocation(), CreatedAt: now,
		Owner: ownerOf(r),
	}, "create", r, now)
	w.tables[key(c.GetKey())].hold(c)
	return result, nil
}

// ownerOf is who owns what a commit creates: nobody who did not say who they are.
func ownerOf(r *htsv1.CommitRequest) string {
	if r.GetPrincipal() == authn.Anonymous {
		return ""
	}
	return r.GetPrincipal()
}

// expected finds the entry of a key, if it is as said.
func (w *warehouse) expected(k *htsv1.TableKey, expect *htsv1.Expectation) (*entry, *htsv1.ChangeConflict) {
	e, exists := w.tables[key(k)]
	switch {
	case !exists:
		return nil, because(htsv1.ConflictReason_CONFLICT_REASON_TABLE_NOT_FOUND)
	case expect.Uuid != nil && !bytes.Equal(expect.GetUuid(), e.table.GetUuid()),
		expect.Version != nil && expect.GetVersion() != e.table.GetVersion(),
		expect.MetadataLocation != nil && expect.GetMetadataLocation() != e.table.GetMetadataLocation(),
		expect.GetKind() != 0 && expect.GetKind() != e.table.GetKind():
		return nil, e.inTheWay(htsv1.ConflictReason_CONFLICT_REASON_VERSION_MISMATCH)
	}
	return e, nil
}

func (w *warehouse) swap(c *htsv1.SwapTable, r *htsv1.CommitRequest, now *timestamppb.Timestamp) (*htsv1.ChangeResult, *htsv1.ChangeConflict) {
	e, lost := w.expected(c.GetKey(), c.GetExpect())
	if lost != nil {
		return nil, lost
	}
	if lost := w.held(e, c); lost != nil {
		return nil, lost
	}
	table := proto.CloneOf(e.table)
	table.Version++
	table.MetadataLocation = c.GetMetadataLocation()
	result := w.put(table, "swap", r, now)
	w.tables[key(c.GetKey())].keep(e).hold(c)
	return result, nil
}

func (w *warehouse) drop(c *htsv1.DropTable) (*htsv1.ChangeResult, *htsv1.ChangeConflict) {
	e, lost := w.expected(c.GetKey(), c.GetExpect())
	if lost != nil {
		return nil, lost
	}
	delete(w.tables, key(c.GetKey()))
	return &htsv1.ChangeResult{Table: proto.CloneOf(e.table)}, nil
}

func (w *warehouse) rename(c *htsv1.RenameTable, r *htsv1.CommitRequest, now *timestamppb.Timestamp) (*htsv1.ChangeResult, *htsv1.ChangeConflict) {
	e, lost := w.expected(c.GetKey(), c.GetExpect())
	if lost != nil {
		return nil, lost
	}
	if _, exists := w.namespaces[c.GetDestination().GetDatabaseId()]; !exists {
		return nil, because(htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_FOUND)
	}
	if taken, exists := w.tables[key(c.GetDestination())]; exists {
		return nil, taken.inTheWay(htsv1.ConflictReason_CONFLICT_REASON_TABLE_EXISTS)
	}
	delete(w.tables, key(c.GetKey()))
	table := proto.CloneOf(e.table)
	table.Version++
	table.Key = c.GetDestination()
	result := w.put(table, "rename", r, now)
	w.tables[key(c.GetDestination())].keep(e)
	return result, nil
}

func (w *warehouse) createNamespace(c *htsv1.CreateNamespace, now *timestamppb.Timestamp) (*htsv1.ChangeResult, *htsv1.ChangeConflict) {
	id := c.GetDatabaseId()
	if up := parent(id); up != "" && w.namespaces[up] == nil {
		return nil, because(htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_FOUND)
	}
	if w.namespaces[id] != nil {
		return nil, because(htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_EXISTS)
	}
	ns := &htsv1.Namespace{DatabaseId: id, Properties: c.GetProperties(), Version: 1, CreatedAt: now}
	w.namespaces[id] = ns
	return &htsv1.ChangeResult{Namespace: proto.CloneOf(ns)}, nil
}

func (w *warehouse) dropNamespace(c *htsv1.DropNamespace) (*htsv1.ChangeResult, *htsv1.ChangeConflict) {
	ns, exists := w.namespaces[c.GetDatabaseId()]
	if !exists {
		return nil, because(htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_FOUND)
	}
	for k := range w.tables {
		if k.database == c.GetDatabaseId() {
			return nil, because(htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_EMPTY)
		}
	}
	for id := range w.namespaces {
		if strings.HasPrefix(id, c.GetDatabaseId()+".") {
			return nil, because(htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_EMPTY)
		}
	}
	delete(w.namespaces, c.GetDatabaseId())
	return &htsv1.ChangeResult{Namespace: proto.CloneOf(ns)}, nil
}

func (w *warehouse) updateNamespace(c *htsv1.UpdateNamespace) (*htsv1.ChangeResult, *htsv1.ChangeConflict) {
	old, exists := w.namespaces[c.GetDatabaseId()]
	if !exists {
		return nil, because(htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_FOUND)
	}
	ns := proto.CloneOf(old)
	properties := map[string]string{}
	maps.Copy(properties, ns.GetProperties())
	maps.Copy(properties, c.GetUpdates())
	for _, removal := range c.GetRemovals() {
		delete(properties, removal)
	}
	ns.Properties = properties
	ns.Version++
	w.namespaces[c.GetDatabaseId()] = ns
	return &htsv1.ChangeResult{Namespace: proto.CloneOf(ns)}, nil
}
