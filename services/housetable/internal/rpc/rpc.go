// Package rpc serves the gRPC services of the house table service over a
// housetable.Store.
//
// It owns the wire's shapes and limits: requests are validated here, field by
// field, and become values of package housetable; what is returned becomes
// messages again. It decides nothing about state. Errors leave as values of
// package fault.
package rpc

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/authz"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Committer applies one commit.
type Committer interface {
	Commit(ctx context.Context, c housetable.Commit) (housetable.Verdict, error)
}

// Committers applies one commit, or several that came together, each by itself.
type Committers interface {
	Committer
	CommitAll(ctx context.Context, commits []housetable.Commit) ([]housetable.Verdict, []error)
}

// Options change what the services allow.
type Options struct {
	// ImplicitDatabases lets a put of a user table create its database, as
	// OpenHouse does, instead of refusing.
	ImplicitDatabases bool
	// SoftDeleteTTL is how long a soft-deleted table is kept from a purge.
	SoftDeleteTTL time.Duration
	// Trusted are the principals who may act on behalf of others: catalogs.
	Trusted []string
	// OperationRetention is for how long operations are kept at least.
	OperationRetention time.Duration
	// Profiles are how warehouses get storage of their own.
	Profiles Profiles
	// Decider says who may do what; nobody does where it is nil, and all may do all.
	Decider authz.Decider
	// Settling is for how long a revocation that waits does so: see Settling.
	Settling time.Duration
	// Ending is closed when the server is about to end: streams end then.
	Ending <-chan struct{}
}

// keepSoftDeleted gives soft deletes that name no time the one that holds for all.
func (o Options) keepSoftDeleted(changes []housetable.Change, now time.Time) {
	for i, change := range changes {
		if drop, ok := change.(housetable.DropTable); ok && drop.Soft && drop.PurgeAfterMS == 0 {
			drop.PurgeAfterMS = now.Add(o.SoftDeleteTTL).UnixMilli()
			changes[i] = drop
		}
	}
}

// Register adds all services: reads go to store, commits to commits.
func Register(to grpc.ServiceRegistrar, store housetable.Store, commits Committers, o Options) {
	r := enforced{to: to, store: store, options: o}
	htsv1.RegisterCommitServiceServer(r, &commitService{store: store, commits: commits, options: o, epoch: recentEpoch{store: store}})
	htsv1.RegisterTableServiceServer(r, &tableService{store: store})
	htsv1.RegisterReportServiceServer(r, &reportService{store: store, options: o})
	htsv1.RegisterEventServiceServer(r, newEventService(store, o.Ending))
	once := replayed{to: r, scope: scope{store: store, commits: commits}, kept: o.OperationRetention}
	once.service(htsv1.NamespaceService_ServiceDesc, func(in scope) any { return &namespaceService{store: in.store, commits: in.commits} })
	warehouses := func(in scope) any { return &warehouseService{store: in.store, profiles: o.Profiles} }
	once.prepare = (&warehouseService{store: store, profiles: o.Profiles}).prepared
	once.service(htsv1.WarehouseService_ServiceDesc, warehouses)
	once.prepare = nil
	once.service(htsv1.UserTableService_ServiceDesc, func(in scope) any {
		return &userTableService{store: in.store, commits: in.commits, options: o}
	})
	once.service(htsv1.JobService_ServiceDesc, func(in scope) any { return &jobService{store: in.store} })
	once.service(htsv1.ToggleService_ServiceDesc, func(in scope) any { return &toggleService{store: in.store} })
	once.settle = o.settled
	once.service(htsv1.AccessService_ServiceDesc, func(in scope) any { return &accessService{store: in.store, options: o} })
}

// warehouseOr is the warehouse that a request names, or the default one.
func warehouseOr(name string) (string, error) {
	if name == "" {
		return housetable.DefaultWarehouse, nil
	}
	return name, checkWarehouse("warehouse", name)
}

// expectNever reports an answer that the store's contract rules out.
func expectNever(what any) error {
	return fmt.Errorf("the store answered %T, which it never does here", what)
}
