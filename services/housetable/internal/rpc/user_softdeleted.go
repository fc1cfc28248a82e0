package rpc

import (
	"context"
	"fmt"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// DropUserTable is one commit with one drop, soft or not.
func (s *userTableService) DropUserTable(ctx context.Context, r *htsv1.DropUserTableRequest) (*htsv1.DropUserTableResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if r.IsSoftDelete == nil {
		err = firstError(err, fault.Field("isSoftDelete", "must be given"))
	}
	if err := firstError(err, checkUserKey(r.GetDatabaseId(), r.GetTableId()), checkExpectedLocation(r.ExpectedMetadataLocation != nil, r.GetExpectedMetadataLocation())); err != nil {
		return nil, err
	}
	change := housetable.DropTable{Key: userKey(r), Expect: housetable.Expectation{Kind: housetable.KindTable, MetadataLocation: r.ExpectedMetadataLocation}}
	if r.GetIsSoftDelete() {
		change.Soft, change.PurgeAfterMS = true, time.Now().Add(s.options.SoftDeleteTTL).UnixMilli()
	}
	verdict, err := commitOne(ctx, s.commits, warehouse, "dropUserTable", r, change)
	if err != nil {
		return nil, err
	}
	return &htsv1.DropUserTableResponse{}, afterDrop(userKey(r), verdict)
}

func afterDrop(key housetable.TableKey, v housetable.Verdict) error {
	switch v := v.(type) {
	case housetable.Committed, housetable.Replay:
		return nil
	case housetable.Conflict:
		return dropConflict(key, v.Changes[0])
	case housetable.Refused:
		return v.Err
	}
	return expectNever(v)
}

func dropConflict(key housetable.TableKey, c housetable.ChangeConflict) error {
	if c.Current == nil || c.Current.Kind != housetable.KindTable { // missing, or a view
		return noSuchUserTable(key)
	}
	return lost(fault.CommitFailed, c, "user table %s.%s has been modified by other processes: its version is %s",
		key.DatabaseID, key.TableID, c.Current.MetadataLocation)
}

// QuerySoftDeletedUserTables is a page of one database's soft-deleted tables; a
// database that does not exist has none.
func (s *userTableService) QuerySoftDeletedUserTables(ctx context.Context, r *htsv1.QuerySoftDeletedUserTablesRequest) (*htsv1.QuerySoftDeletedUserTablesResponse, error) {
	q := housetable.SoftDeletedQuery{
		DatabaseID: r.GetDatabaseId(), TableID: r.GetTableId(), Kind: housetable.KindTable, PurgeBefore: r.PurgeAfterMs,
	}
	var err error
	q.Warehouse, err = warehouseOr(r.GetWarehouse())
	err = firstError(err, checkPattern("databaseId", r.GetDatabaseId(), userID))
	if r.TableId != nil {
		err = firstError(err, checkPattern("tableId", r.GetTableId(), userID))
	}
	p, wrong := readUserPage(r, r.Size != nil, list("soft", q.Warehouse, q.DatabaseID, q.TableID, fmt.Sprint(r.PurgeAfterMs != nil, r.GetPurgeAfterMs())), softDeletedOrders())
	if err := firstError(err, wrong); err != nil {
		return nil, err
	}
	if err := p.count(func() (int64, error) { return s.store.CountSoftDeleted(ctx, q) }); err != nil {
		return nil, err
	}
	q.Order, q.Skip, q.Page = p.order, p.skip(), p.part()
	tables, next, err := s.store.ListSoftDeleted(ctx, q)
	if err != nil {
		return nil, err
	}
	return &htsv1.QuerySoftDeletedUserTablesResponse{PageResults: p.response(toUserTables(tables), next)}, nil
}

func softDeletedOrders() map[string]housetable.Order {
	orders := userOrders()
	orders["deletedAtMs"], orders["purgeAfterMs"] = housetable.ByDeletion, housetable.ByPurge
	return orders
}

func toUserTables(tables []housetable.Table) []*htsv1.UserTable {
	found := make([]*htsv1.UserTable, len(tables))
	for i, t := range tables {
		found[i] = toUserTable(t)
	}
	return found
}

// RestoreUserTable is one commit with one restoration.
func (s *userTableService) RestoreUserTable(ctx context.Context, r *htsv1.RestoreUserTableRequest) (*htsv1.RestoreUserTableResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if r.DeletedAtMs == nil {
		err = firstError(err, fault.Field("deletedAtMs", "must be given"))
	}
	if err := firstError(err, checkUserKey(r.GetDatabaseId(), r.GetTableId())); err != nil {
		return nil, err
	}
	generation := housetable.SoftDeletedKey{Key: userKey(r), DeletedAtMS: r.GetDeletedAtMs()}
	if err := s.checkGeneration(ctx, warehouse, generation); err != nil {
		return nil, err
	}
	verdict, err := commitOne(ctx, s.commits, warehouse, "restoreUserTable", r, housetable.RestoreTable{SoftDeletedKey: generation})
	if err != nil {
		return nil, err
	}
	t, err := s.afterRestore(ctx, warehouse, generation, verdict)
	if err != nil {
		return nil, err
	}
	return &htsv1.RestoreUserTableResponse{Entity: toUserTable(t)}, nil
}

// checkGeneration refuses a view. A generation never changes, so to look first
// is no race; one that is not there is left to the commit to refuse.
func (s *userTableService) checkGeneration(ctx context.Context, warehouse string, g housetable.SoftDeletedKey) error {
	found, _, err := s.store.ListSoftDeleted(ctx, housetable.SoftDeletedQuery{
		Warehouse: warehouse, DatabaseID: g.Key.DatabaseID, TableID: g.Key.TableID, DeletedAtMS: &g.DeletedAtMS, Page: housetable.Page{Limit: 1},
	})
	if err == nil && len(found) > 0 && found[0].Kind != housetable.KindTable {
		return noSuchGeneration(g)
	}
	return err
}

func (s *userTableService) afterRestore(ctx context.Context, warehouse string, g housetable.SoftDeletedKey, v housetable.Verdict) (housetable.Table, error) {
	switch v := v.(type) {
	case housetable.Committed:
		return *v.Results[0].Table, nil
	case housetable.Replay: // our own operation: the answer to its first delivery was lost
		return s.get(ctx, warehouse, g.Key)
	case housetable.Conflict:
		return housetable.Table{}, restoreConflict(g, v.Changes[0])
	case housetable.Refused:
		return housetable.Table{}, v.Err
	}
	return housetable.Table{}, expectNever(v)
}

func restoreConflict(g housetable.SoftDeletedKey, c housetable.ChangeConflict) error {
	switch c.Reason {
	case housetable.TableExists:
		return lost(fault.AlreadyExists, c, "Table %s already exists", g.Key.TableID)
	case housetable.NamespaceNotFound:
		return fault.New(fault.NoSuchNamespace, "database %s cannot be found", g.Key.DatabaseID)
	default:
		return noSuchGeneration(g)
	}
}

func noSuchGeneration(g housetable.SoftDeletedKey) error {
	return fault.New(fault.NoSuchTable, "Soft deleted user table %s.%s with deletedAtMs %d cannot be found", g.Key.DatabaseID, g.Key.TableID, g.DeletedAtMS)
}

// PurgeUserTables forgets generations; that there are none is no error.
func (s *userTableService) PurgeUserTables(ctx context.Context, r *htsv1.PurgeUserTablesRequest) (*htsv1.PurgeUserTablesResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkUserKey(r.GetDatabaseId(), r.GetTableId())); err != nil {
		return nil, err
	}
	p := housetable.Purge{Warehouse: warehouse, Key: userKey(r), Kind: housetable.KindTable, Before: r.PurgeAfterMs, RequestID: telemetry.RequestID(ctx)}
	if _, err := s.store.PurgeSoftDeleted(ctx, p); err != nil {
		return nil, err
	}
	return &htsv1.PurgeUserTablesResponse{}, nil
}
