package server_test

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	"github.com/igloo-catalog/igloo/pkg/idptest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// TestWhoActsForWhom: who is trusted names on whose behalf it commits, others act
// for themselves, and the history names the one it was done for.
func TestWhoActsForWhom(t *testing.T) {
	p := idptest.New(t)
	who, err := authn.NewBearer(authn.Issuer{Name: "corp", URL: p.URL, Audiences: []string{"igloo"}})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := serveAs(t, server.Config{
		DatabaseURL: "sqlite://" + filepath.Join(t.TempDir(), "igloo.db"), Who: who, TrustedServices: []string{"corp:catalog"},
		Access: authz.Authorization{Authorization: authz.ByNothing},
	})
	address := listenTo(t, s, who)
	catalog, alice, nobody := callAs(t, p, address, "catalog"), callAs(t, p, address, "alice"), callAs(t, p, address, "")

	if err := commitFor(t, catalog, "corp:bob", "by-bob"); err != nil {
		t.Fatal(err)
	}
	if err := commitFor(t, alice, "", "by-alice"); err != nil {
		t.Fatal(err)
	}
	if err := commitFor(t, alice, "corp:bob", "x"); status.Code(err) != codes.PermissionDenied {
		t.Errorf("alice as bob: %v", err)
	}
	if err := commitFor(t, nobody, "corp:bob", "x"); status.Code(err) != codes.Unauthenticated {
		t.Errorf("nobody: %v", err)
	}
	if err := commitFor(t, alice, "", "after"); err != nil {
		t.Fatal(err)
	}
	if got := toldUntil(t, catalog, "after"); got["x"] || !got["by-bob"] || !got["by-alice"] {
		t.Errorf("the outbox tells of %v", got)
	}
	for name, want := range map[string]string{"by-bob": "corp:bob", "by-alice": "corp:alice"} {
		history, err := htsv1.NewTableServiceClient(catalog).GetTableHistory(t.Context(), &htsv1.GetTableHistoryRequest{
			Key: &htsv1.TableKey{DatabaseId: name, TableId: "t"},
		})
		if err != nil || len(history.GetVersions()) != 1 || history.GetVersions()[0].GetPrincipal() != want {
			t.Errorf("%s: %v, %v", name, history, err)
		}
	}
}

// TestAdministratorsActForOthers, whom the settings name; whoever owns the server by
// a grant does not.
func TestAdministratorsActForOthers(t *testing.T) {
	p := idptest.New(t)
	who, err := authn.NewBearer(authn.Issuer{Name: "corp", URL: p.URL, Audiences: []string{"igloo"}})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := serveAs(t, server.Config{
		DatabaseURL: "sqlite://" + filepath.Join(t.TempDir(), "igloo.db"), Who: who,
		Access: authz.Authorization{Admins: []string{"corp:root"}, AuthorizationLag: 500 * time.Millisecond},
	})
	address := listenTo(t, s, who)
	root, alice := callAs(t, p, address, "root"), callAs(t, p, address, "alice")
	_, err = htsv1.NewAccessServiceClient(root).Grant(t.Context(), &htsv1.GrantRequest{Grants: []*htsv1.Grant{
		{Object: &htsv1.AccessObject{Kind: "server"}, Grantee: "user:corp:alice", Privilege: "own"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := commitFor(t, root, "corp:bob", "by-bob"); err != nil {
		t.Fatal(err)
	}
	found, err := htsv1.NewTableServiceClient(root).GetTable(t.Context(), &htsv1.GetTableRequest{Key: &htsv1.TableKey{DatabaseId: "by-bob", TableId: "t"}})
	if err != nil || found.GetTable().GetOwner() != "corp:bob" {
		t.Errorf("owned by %v, %v", found, err)
	}
	if err := commitFor(t, alice, "corp:bob", "x"); status.Code(err) != codes.PermissionDenied {
		t.Errorf("an owner as bob: %v", err)
	}
}

// toldUntil are the databases that the outbox tells of, from the start until it
// tells of one: whatever came before is told by then.
func toldUntil(t *testing.T, conn grpc.ClientConnInterface, database string) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stream, err := htsv1.NewEventServiceClient(conn).WatchEvents(ctx, &htsv1.WatchEventsRequest{Start: htsv1.Start_START_EARLIEST})
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for !told[database] {
		batch, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.GetEvents() {
			told[e.GetKey().GetDatabaseId()] = true
		}
	}
	return told
}

// commitFor makes a database, and a table in it.
func commitFor(t *testing.T, conn grpc.ClientConnInterface, principal, database string) error {
	t.Helper()
	key := &htsv1.TableKey{DatabaseId: database, TableId: "t"}
	for _, change := range []*htsv1.Change{
		{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{DatabaseId: database}}},
		{Change: &htsv1.Change_CreateTable{CreateTable: &htsv1.CreateTable{Key: key, MetadataLocation: "/0"}}},
	} {
		_, err := htsv1.NewCommitServiceClient(conn).Commit(t.Context(), &htsv1.CommitRequest{
			Operations: []*htsv1.Operation{{Id: nextID(), Outcome: &htsv1.Outcome{Status: 200}}}, Principal: principal, RequestId: "r",
			Changes: []*htsv1.Change{change},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// listenTo serves s to those whom who lets in.
func listenTo(t *testing.T, s *server.Server, who authn.Authenticator, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	wire, _ := grpcserver.New(slog.New(slog.DiscardHandler), who, options...)
	s.Register(wire)
	go func() { _ = wire.Serve(listener) }() // ends by Stop
	t.Cleanup(wire.Stop)
	return listener.Addr().String()
}

// callAs is a connection of a subject; of nobody without one.
func callAs(t *testing.T, p *idptest.Provider, address, subject string) *grpc.ClientConn {
	t.Helper()
	file := ""
	if subject != "" {
		file = p.TokenFile(t, idptest.Claims{"sub": subject})
	}
	conn, err := grpcclient.Dial(address, authn.CarryFile(file)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
