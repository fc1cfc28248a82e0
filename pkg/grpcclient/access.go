package grpcclient

import (
	"context"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// access follows grants over a connection.
type access struct {
	client htsv1.AccessServiceClient
}

// Access makes a source of grants of a connection, which stays the caller's.
func Access(conn grpc.ClientConnInterface) authz.Source {
	return access{htsv1.NewAccessServiceClient(conn)}
}

// FollowAccess implements authz.Source.
func (a access) FollowAccess(ctx context.Context, warehouse, position string) (authz.Changes, error) {
	answer, err := a.client.FollowAccess(ctx, &htsv1.FollowAccessRequest{Warehouse: warehouse, Position: position})
	if err != nil {
		return authz.Changes{}, fault.FromStatus(err, fault.Unavailable)
	}
	changes := authz.Changes{
		Restart: answer.GetRestart(), Position: answer.GetPosition(), More: answer.GetMore(),
		CaseInsensitive: answer.GetCaseInsensitive(), Entries: make([]authz.Entry, 0, len(answer.GetEntries())),
	}
	for _, e := range answer.GetEntries() {
		if entry, known := entryOf(e); known {
			changes.Entries = append(changes.Entries, entry)
		}
	}
	return changes, nil
}

// entryOf passes over kinds and privileges of a later version, which grant
// nothing here.
func entryOf(e *htsv1.AccessEntry) (authz.Entry, bool) {
	kind, err := authz.ParseKind("kind", e.GetKind())
	if err != nil {
		return authz.Entry{}, false
	}
	entry := authz.Entry{Kind: kind, Grantee: authz.Grantee(e.GetGrantee()), Revoked: e.GetRevoked()}
	switch kind {
	case authz.KindNamespace:
		entry.ID = e.GetDatabaseId()
	case authz.KindRole:
		entry.ID = e.GetRole()
	case authz.KindTable, authz.KindView, authz.KindFunction:
		id, err := uuid.FromBytes(e.GetUuid())
		if err != nil {
			return authz.Entry{}, false
		}
		entry.ID = id.String()
	default: // there is but one in its part
	}
	if e.GetPrivilege() != "" {
		if entry.Privilege, err = authz.ParsePrivilege("privilege", e.GetPrivilege()); err != nil {
			return authz.Entry{}, false
		}
	}
	return entry, true
}
