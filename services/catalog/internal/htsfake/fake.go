// Package htsfake owns a house table service in memory, for tests: the generated
// server interfaces over an in-process channel that copies messages.
//
// It promises the semantics that the .proto files tell, all-or-nothing commits
// and recorded operations included, and nothing of their speed. Between answers
// a test may play the network: see Intercept.
package htsfake

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// epoch is the one line of history that memory has.
const epoch = "fake"

// Fake is the service; its zero value is not usable, see New.
type Fake struct {
	htsv1.UnimplementedWarehouseServiceServer
	htsv1.UnimplementedNamespaceServiceServer
	htsv1.UnimplementedTableServiceServer
	htsv1.UnimplementedCommitServiceServer
	htsv1.UnimplementedJobServiceServer
	htsv1.UnimplementedAccessServiceServer

	mu         sync.Mutex
	warehouses map[string]*warehouse
	access     map[string]accessLog
	intercept  Intercept
	commits    int
	applied    int
}

// warehouse is one tenant's whole state.
type warehouse struct {
	row        *htsv1.Warehouse
	namespaces map[string]*htsv1.Namespace
	tables     map[tableKey]*entry
	operations map[string]*htsv1.RecordedOperation
	listed     map[listKey][]string
	jobs       []*job
}

// listKey is one list of names.
type listKey struct {
	database string
	kind     htsv1.TableKind
}

type tableKey struct {
	database, table string
	function        bool
}

// entry is a house table with the change that made its version.
type entry struct {
	table  *htsv1.HouseTable
	winner *htsv1.TableVersion
	// location and metadataUUID are held.
	location, metadataUUID string
}

// Intercept stands between client and service at Commit: it may call next or
// not, and answer what it likes.
type Intercept func(ctx context.Context, request *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error)

// New makes a service with the default warehouse.
func New() *Fake {
	f := &Fake{warehouses: map[string]*warehouse{}, access: map[string]accessLog{}}
	f.AddWarehouse("default", "")
	return f
}

// AddWarehouse creates an empty warehouse.
func (f *Fake) AddWarehouse(name, location string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.warehouses[name] = &warehouse{
		row:        &htsv1.Warehouse{Name: name, Location: location, Version: 1, CreatedAt: timestamppb.Now()},
		namespaces: map[string]*htsv1.Namespace{},
		tables:     map[tableKey]*entry{},
		operations: map[string]*htsv1.RecordedOperation{},
	}
}

// SetWarehouseProperties replaces the properties of a warehouse.
func (f *Fake) SetWarehouseProperties(name string, properties map[string]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.warehouses[name].row.Properties = properties
}

// SetWarehouseStorage gives a warehouse storage of its own, or takes it away.
func (f *Fake) SetWarehouseStorage(name string, storage *htsv1.StorageProfile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.warehouses[name].row.Storage = storage
}

// SetCreatedAt makes a warehouse as old as is wanted.
func (f *Fake) SetCreatedAt(name string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.warehouses[name].row.CreatedAt = timestamppb.New(at)
}

// SetIntercept puts something between the clients and Commit; nil takes it away.
func (f *Fake) SetIntercept(intercept Intercept) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept = intercept
}

// Commits counts the commits that reached the service.
func (f *Fake) Commits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commits
}

// Applied counts the commits that changed something.
func (f *Fake) Applied() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.applied
}

// Remember returns what goes back to how the default warehouse is now, as a failover
// does that loses commits.
func (f *Fake) Remember() (failOver func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.warehouses["default"]
	was := warehouse{tables: maps.Clone(w.tables), operations: maps.Clone(w.operations)}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		w.tables, w.operations, w.listed = maps.Clone(was.tables), maps.Clone(was.operations), nil
	}
}

// Conn is a connection to the service.
func (f *Fake) Conn() grpc.ClientConnInterface {
	channel := &inprocgrpc.Channel{}
	channel.WithServerUnaryInterceptor(asStatus)
	htsv1.RegisterWarehouseServiceServer(channel, f)
	htsv1.RegisterNamespaceServiceServer(channel, f)
	htsv1.RegisterTableServiceServer(channel, f)
	htsv1.RegisterCommitServiceServer(channel, f)
	htsv1.RegisterJobServiceServer(channel, f)
	htsv1.RegisterAccessServiceServer(channel, f)
	return channel
}

func asStatus(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	answer, err := handler(ctx, request)
	if err != nil {
		return nil, fault.Status(err).Err()
	}
	return answer, nil
}

// warehouse finds a tenant; the caller holds the lock.
func (f *Fake) warehouse(name string) (*warehouse, error) {
	if name == "" {
		name = "default"
	}
	w, exists := f.warehouses[name]
	if !exists {
		return nil, fault.New(fault.NoSuchWarehouse, "no such warehouse")
	}
	return w, nil
}

func key(k *htsv1.TableKey) tableKey {
	return tableKey{database: k.GetDatabaseId(), table: k.GetTableId(), function: k.GetFunction()}
}
