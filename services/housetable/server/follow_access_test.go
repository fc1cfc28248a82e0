package server_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// following is somebody who decides by what is granted in a service, over a wire.
type following struct {
	conn   grpc.ClientConnInterface
	grants *authz.Grants
}

func follow(t *testing.T, database string) following {
	t.Helper()
	s, _ := serveAs(t, server.Config{DatabaseURL: database})
	conn := dial(t, s)
	follower := authz.NewFollower(grpcclient.Access(conn), 100*time.Millisecond)
	t.Cleanup(func() { _ = follower.Close() })
	grants, err := authz.NewGrants(follower)
	if err != nil {
		t.Fatal(err)
	}
	return following{conn, grants}
}

// give grants, or with revoke takes away and waits.
func (f following) give(t *testing.T, revoke bool, on *htsv1.AccessObject, grantee, privilege string) {
	t.Helper()
	grants := []*htsv1.Grant{{Object: on, Grantee: grantee, Privilege: privilege}}
	client := htsv1.NewAccessServiceClient(f.conn)
	var err error
	if revoke {
		_, err = client.Revoke(t.Context(), &htsv1.RevokeRequest{Grants: grants})
	} else {
		_, err = client.Grant(t.Context(), &htsv1.GrantRequest{Grants: grants})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// becomes waits for a decision.
func (f following) becomes(t *testing.T, want bool, p authz.Privilege, on authz.Object) {
	t.Helper()
	who := authn.Identity{Issuer: "corp", Subject: "alice", Groups: []string{"staff"}}
	q := authz.Question{Privilege: p, Object: on}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := authz.Require(t.Context(), f.grants, who, q)
		if err != nil && !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
		if !fault.Is(err, fault.Unavailable) && (err == nil) == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: want allowed %t, got %v", authz.Refusal(who, q), want, err)
		}
	}
}

// TestGrantsAreFollowed from where they are given to where they are decided by:
// through roles, drops, and a warehouse that is made anew.
func TestGrantsAreFollowed(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) { grantsAreFollowed(t, follow(t, database)) })
	}
}

func grantsAreFollowed(t *testing.T, f following) {
	t.Helper()
	seedTables(t, f.conn, 1)
	found, err := htsv1.NewTableServiceClient(f.conn).GetTable(t.Context(), &htsv1.GetTableRequest{Key: tableKey(0)})
	if err != nil {
		t.Fatal(err)
	}
	id, err := uuid.FromBytes(found.GetTable().GetUuid())
	if err != nil {
		t.Fatal(err)
	}
	table := authz.In("default", "db", authz.KindTable, authz.TableRef{UUID: id})
	database := &htsv1.AccessObject{Kind: "namespace", DatabaseId: "db"}
	ofTable := &htsv1.AccessObject{Kind: "table", DatabaseId: "db", TableId: "t0"}
	readers := &htsv1.AccessObject{Kind: "role", Role: "readers"}
	f.becomes(t, false, authz.Describe, table)

	if _, err := htsv1.NewAccessServiceClient(f.conn).CreateRole(t.Context(), &htsv1.CreateRoleRequest{Role: &htsv1.Role{Name: "readers"}}); err != nil {
		t.Fatal(err)
	}
	f.give(t, false, database, "role:readers", "select")
	f.give(t, false, readers, "group:corp:staff", "member")
	f.becomes(t, true, authz.Select, table)
	f.give(t, false, ofTable, "user:corp:alice", "write")
	f.becomes(t, true, authz.Write, table)
	f.give(t, true, ofTable, "user:corp:alice", "write")
	f.becomes(t, false, authz.Write, table)
	f.give(t, true, readers, "group:corp:staff", "member")
	f.becomes(t, false, authz.Select, table)

	for n := range 120 { // more than one call makes
		f.give(t, false, database, fmt.Sprintf("user:corp:somebody-%d", n), "list")
	}
	f.give(t, false, database, "everyone", "own")
	f.becomes(t, true, authz.Own, table)
	drop := []*htsv1.Change{
		{Change: &htsv1.Change_DropTable{DropTable: &htsv1.DropTable{Key: tableKey(0)}}},
		{Change: &htsv1.Change_DropNamespace{DropNamespace: &htsv1.DropNamespace{DatabaseId: "db"}}},
	}
	for _, change := range drop {
		if err := commitAll(t.Context(), f.conn, change); err != nil {
			t.Fatal(err)
		}
	}
	f.becomes(t, false, authz.List, authz.Namespace("default", "db"))
	seedTables(t, f.conn, 1)
	f.becomes(t, false, authz.List, authz.Namespace("default", "db"))

	warehouses := htsv1.NewWarehouseServiceClient(f.conn)
	for range 2 { // made anew, it has no grants of before
		f.becomes(t, false, authz.List, authz.Warehouse("other"))
		if _, err := warehouses.CreateWarehouse(t.Context(), &htsv1.CreateWarehouseRequest{Warehouse: &htsv1.Warehouse{Name: "other", CaseInsensitive: true}}); err != nil {
			t.Fatal(err)
		}
		f.give(t, false, &htsv1.AccessObject{Kind: "warehouse", Warehouse: "other"}, "everyone", "list")
		f.becomes(t, true, authz.List, authz.Namespace("other", "Any"))
		if _, err := warehouses.DeleteWarehouse(t.Context(), &htsv1.DeleteWarehouseRequest{Name: "other"}); err != nil {
			t.Fatal(err)
		}
	}
	f.becomes(t, false, authz.List, authz.Warehouse("other"))
}
