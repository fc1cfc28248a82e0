package rpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// initialVersion is the table version of a user table that must not exist.
	initialVersion = "INITIAL_VERSION"
	// defaultStorageType is what OpenHouse writes for a table created without one.
	defaultStorageType = "hdfs"
	// maxUnpaged bounds a query that asks for everything at once.
	maxUnpaged = 100_000
	// CreatedHeader in an answer's header says that the call created what it returns.
	CreatedHeader = "igloo-created"
)

// userStore is what user tables need of a store.
type userStore interface {
	housetable.Reader
	housetable.SoftDeletions
	housetable.Warehouses
}

type userTableService struct {
	htsv1.UnimplementedUserTableServiceServer
	store   userStore
	commits Committer
	options Options
}

// GetUserTable returns one user table; views and functions are none.
func (s *userTableService) GetUserTable(ctx context.Context, r *htsv1.GetUserTableRequest) (*htsv1.GetUserTableResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkUserKey(r.GetDatabaseId(), r.GetTableId())); err != nil {
		return nil, err
	}
	t, err := s.get(ctx, warehouse, userKey(r))
	if err != nil {
		return nil, err
	}
	return &htsv1.GetUserTableResponse{Entity: toUserTable(t)}, nil
}

func (s *userTableService) get(ctx context.Context, warehouse string, key housetable.TableKey) (housetable.Table, error) {
	t, err := getTable(ctx, s.store, warehouse, key)
	if fault.Is(err, fault.NoSuchTable) || err == nil && t.Kind != housetable.KindTable {
		return t, noSuchUserTable(key)
	}
	return t, err
}

// PutUserTable is one commit with one creation or one swap.
func (s *userTableService) PutUserTable(ctx context.Context, r *htsv1.PutUserTableRequest) (*htsv1.PutUserTableResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkUserTable(r.GetEntity())); err != nil {
		return nil, err
	}
	change, creates := s.put(r.GetEntity())
	verdict, err := commitOne(ctx, s.commits, warehouse, "putUserTable", r, change)
	if err != nil {
		return nil, err
	}
	t, err := s.afterPut(ctx, warehouse, userKey(r.GetEntity()), verdict)
	if err != nil {
		return nil, err
	}
	if creates {
		if err := created(ctx); err != nil {
			return nil, err
		}
	}
	return &htsv1.PutUserTableResponse{Entity: toUserTable(t)}, nil
}

// put is the change that a put means. An absent version means a new row.
func (s *userTableService) put(e *htsv1.UserTable) (change housetable.Change, creates bool) {
	version := e.GetTableVersion()
	if version == "" || version == initialVersion {
		storage := e.GetStorageType()
		if storage == "" {
			storage = defaultStorageType
		}
		return housetable.CreateTable{
			Key: userKey(e), Kind: housetable.KindTable, MetadataLocation: e.GetMetadataLocation(),
			StorageType: storage, CreationTimeMS: e.CreationTime, ImplicitNamespace: s.options.ImplicitDatabases,
		}, true
	}
	return housetable.SwapTable{
		Key: userKey(e), Expect: housetable.Expectation{MetadataLocation: &version, Kind: housetable.KindTable},
		MetadataLocation: e.GetMetadataLocation(), StorageType: e.StorageType, CreationTimeMS: e.CreationTime,
	}, false
}

func (s *userTableService) afterPut(ctx context.Context, warehouse string, key housetable.TableKey, v housetable.Verdict) (housetable.Table, error) {
	switch v := v.(type) {
	case housetable.Committed:
		return *v.Results[0].Table, nil
	case housetable.Replay: // our own operation: the answer to its first delivery was lost
		return s.get(ctx, warehouse, key)
	case housetable.Conflict:
		return housetable.Table{}, putConflict(key, v.Changes[0])
	case housetable.Refused:
		return housetable.Table{}, v.Err
	}
	return housetable.Table{}, expectNever(v)
}

func putConflict(key housetable.TableKey, c housetable.ChangeConflict) error {
	switch {
	case c.Reason == housetable.NamespaceNotFound:
		return fault.New(fault.NoSuchNamespace, "database %s cannot be found", key.DatabaseID)
	case c.Reason == housetable.TableNotFound:
		return lost(fault.CommitFailed, c, "user table %s.%s has been deleted by other processes", key.DatabaseID, key.TableID)
	case c.Current.Kind != housetable.KindTable:
		return lost(fault.AlreadyExists, c, "%s.%s is a view", key.DatabaseID, key.TableID)
	}
	return lost(fault.CommitFailed, c, "user table %s.%s has been modified/created by other processes: its version is %s",
		key.DatabaseID, key.TableID, c.Current.MetadataLocation)
}

// DeleteUserTable is one commit with one drop.
func (s *userTableService) DeleteUserTable(ctx context.Context, r *htsv1.DeleteUserTableRequest) (*htsv1.DeleteUserTableResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkUserKey(r.GetDatabaseId(), r.GetTableId()), checkExpectedLocation(r.ExpectedMetadataLocation != nil, r.GetExpectedMetadataLocation())); err != nil {
		return nil, err
	}
	drop := housetable.DropTable{Key: userKey(r), Expect: housetable.Expectation{Kind: housetable.KindTable, MetadataLocation: r.ExpectedMetadataLocation}}
	verdict, err := commitOne(ctx, s.commits, warehouse, "deleteUserTable", r, drop)
	if err != nil {
		return nil, err
	}
	return &htsv1.DeleteUserTableResponse{}, afterDrop(userKey(r), verdict)
}

// created tells the REST form to answer 201.
func created(ctx context.Context) error {
	if made, ok := ctx.Value(creationKey{}).(*creation); ok {
		made.done = true
		return nil
	}
	return grpc.SetHeader(ctx, metadata.Pairs(CreatedHeader, "true"))
}

type userIdentity interface {
	GetDatabaseId() string
	GetTableId() string
}

func userKey(id userIdentity) housetable.TableKey {
	return housetable.TableKey{DatabaseID: id.GetDatabaseId(), TableID: id.GetTableId()}
}

func noSuchUserTable(key housetable.TableKey) error {
	return fault.New(fault.NoSuchTable, "User table %s.%s cannot be found", key.DatabaseID, key.TableID)
}

func toUserTable(t housetable.Table) *htsv1.UserTable {
	return &htsv1.UserTable{
		DeletedAtMs: t.DeletedAtMS, PurgeAfterMs: t.PurgeAfterMS, TableId: &t.Key.TableID, DatabaseId: &t.Key.DatabaseID,
		TableVersion: &t.MetadataLocation, MetadataLocation: &t.MetadataLocation, StorageType: &t.StorageType, CreationTime: t.CreationTimeMS,
	}
}
