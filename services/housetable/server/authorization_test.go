package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/idptest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// lagging is how old decisions are in these tests.
const lagging = 500 * time.Millisecond

// lawful is a server where corp:root may do everything, and others what they are granted.
type lawful struct {
	url  string
	p    *idptest.Provider
	root *grpc.ClientConn
	at   string
}

func serveLawful(t *testing.T, database string) *lawful {
	t.Helper()
	l := &lawful{p: idptest.New(t)}
	who, err := authn.NewBearer(authn.Issuer{Name: "corp", URL: l.p.URL, Audiences: []string{"igloo"}, GroupsClaim: "groups"})
	if err != nil {
		t.Fatal(err)
	}
	s, url := serveAs(t, server.Config{
		DatabaseURL: database, Who: who, TrustedServices: []string{"corp:catalog"}, ImplicitDatabases: true,
		Access: authz.Authorization{Admins: []string{"corp:root"}, AuthorizationLag: lagging},
	})
	l.url, l.at = url, listenTo(t, s, who)
	l.root = callAs(t, l.p, l.at, "root")
	return l
}

func (l *lawful) grants(t *testing.T, grants ...*htsv1.Grant) {
	t.Helper()
	if _, err := htsv1.NewAccessServiceClient(l.root).Grant(t.Context(), &htsv1.GrantRequest{Grants: grants}); err != nil {
		t.Fatal(err)
	}
}

func grantOf(kind, grantee, privilege string) *htsv1.Grant {
	o := &htsv1.AccessObject{Kind: kind}
	switch kind {
	case "table":
		o.TableId = "t"
		o.DatabaseId = "sales"
	case "namespace":
		o.DatabaseId = "sales"
	case "role":
		o.Role = "readers"
	}
	return &htsv1.Grant{Object: o, Grantee: grantee, Privilege: privilege}
}

// asked is a call and one grant that is enough for it.
type asked struct {
	method          string
	request         proto.Message
	kind, privilege string
}

func calls() []asked {
	text := func(s string) *string { return &s }
	key := &htsv1.TableKey{DatabaseId: "sales", TableId: "t"}
	swap := &htsv1.CommitRequest{
		Operations: []*htsv1.Operation{{Id: nextID(), Outcome: &htsv1.Outcome{Status: 200}}},
		Changes:    []*htsv1.Change{{Change: &htsv1.Change_SwapTable{SwapTable: &htsv1.SwapTable{Key: key, MetadataLocation: "/2"}}}},
	}
	fence := &htsv1.CommitRequest{Operations: []*htsv1.Operation{{Id: nextID(), Outcome: &htsv1.Outcome{Status: 409}}}}
	object := &htsv1.AccessObject{Kind: "table", DatabaseId: "sales", TableId: "t"}
	give := []*htsv1.Grant{{Object: object, Grantee: "everyone", Privilege: "describe"}}
	return []asked{
		{"TableService/GetTable", &htsv1.GetTableRequest{Key: key}, "table", "describe"},
		{"TableService/BatchGetTables", &htsv1.BatchGetTablesRequest{Keys: []*htsv1.TableKey{key}}, "namespace", "describe"},
		{"TableService/BatchGetTables", &htsv1.BatchGetTablesRequest{Keys: []*htsv1.TableKey{key}, Sites: true}, "table", "describe"},
		{"TableService/BatchGetTables", &htsv1.BatchGetTablesRequest{Sites: true}, "namespace", "describe"},
		{"TableService/ListTables", &htsv1.ListTablesRequest{DatabaseId: "sales"}, "table", "select"},
		{"TableService/GetTableHistory", &htsv1.GetTableHistoryRequest{Key: key}, "table", "describe"},
		{"TableService/ListHolders", &htsv1.ListHoldersRequest{Locations: []string{"/x"}}, "warehouse", "select"},
		{"TableService/ExportTables", &htsv1.ExportTablesRequest{}, "warehouse", "own"},
		{"EventService/GetLatestPosition", &htsv1.GetLatestPositionRequest{}, "warehouse", "select"},
		{"NamespaceService/GetNamespace", &htsv1.GetNamespaceRequest{DatabaseId: "sales"}, "table", "describe"},
		{"NamespaceService/ListNamespaces", &htsv1.ListNamespacesRequest{}, "table", "describe"},
		{"NamespaceService/ListNamespaces", &htsv1.ListNamespacesRequest{ParentDatabaseId: "sales"}, "namespace", "list"},
		{"NamespaceService/CreateNamespace", &htsv1.CreateNamespaceRequest{Namespace: &htsv1.Namespace{DatabaseId: "sales.eu"}}, "namespace", "create"},
		{"NamespaceService/UpdateNamespace", &htsv1.UpdateNamespaceRequest{DatabaseId: "sales"}, "namespace", "write"},
		{"NamespaceService/DropNamespace", &htsv1.DropNamespaceRequest{DatabaseId: "sales"}, "namespace", "drop"},
		{"CommitService/Commit", swap, "table", "write"},
		{"CommitService/Commit", fence, "warehouse", "own"},
		{"CommitService/BatchCommit", &htsv1.BatchCommitRequest{}, "server", "own"},
		{"CommitService/GetOperation", &htsv1.GetOperationRequest{Id: nextID()}, "warehouse", "own"},
		{"UserTableService/GetUserTable", &htsv1.GetUserTableRequest{DatabaseId: "sales", TableId: "t"}, "table", "describe"},
		{"UserTableService/PutUserTable", &htsv1.PutUserTableRequest{Entity: &htsv1.UserTable{DatabaseId: text("sales"), TableId: text("t"), TableVersion: text("/0"), MetadataLocation: text("/1")}}, "table", "write"},
		{"UserTableService/PutUserTable", &htsv1.PutUserTableRequest{Entity: &htsv1.UserTable{DatabaseId: text("sales"), TableId: text("new"), MetadataLocation: text("/1")}}, "namespace", "create"},
		{"UserTableService/DeleteUserTable", &htsv1.DeleteUserTableRequest{DatabaseId: "sales", TableId: "t", ExpectedMetadataLocation: text("/never")}, "table", "drop"},
		{"UserTableService/QueryUserTables", &htsv1.QueryUserTablesRequest{}, "table", "describe"},
		{"UserTableService/PageUserTables", &htsv1.PageUserTablesRequest{DatabaseId: text("sales")}, "table", "describe"},
		{"UserTableService/QuerySoftDeletedUserTables", &htsv1.QuerySoftDeletedUserTablesRequest{DatabaseId: "sales"}, "namespace", "describe"},
		{"UserTableService/RestoreUserTable", &htsv1.RestoreUserTableRequest{DatabaseId: "sales", TableId: "gone", DeletedAtMs: new(int64)}, "namespace", "create"},
		{"UserTableService/PurgeUserTables", &htsv1.PurgeUserTablesRequest{DatabaseId: "sales", TableId: "gone"}, "namespace", "drop"},
		{"JobService/GetJob", &htsv1.GetJobRequest{JobId: "j"}, "warehouse", "own"},
		{"JobService/ClaimJob", &htsv1.ClaimJobRequest{EngineType: "e", LeaseSeconds: 9}, "warehouse", "own"},
		{"EventService/ListConsumers", &htsv1.ListConsumersRequest{}, "warehouse", "select"},
		{"EventService/DeleteConsumer", &htsv1.DeleteConsumerRequest{Name: "c"}, "warehouse", "write"},
		{"ReportService/ListReports", &htsv1.ListReportsRequest{Key: key}, "table", "select"},
		{"ToggleService/ListToggleRules", &htsv1.ListToggleRulesRequest{FeatureId: "f"}, "warehouse", "describe"},
		{"ToggleService/PutToggleRule", &htsv1.PutToggleRuleRequest{Rule: &htsv1.ToggleRule{FeatureId: "f", DatabasePattern: "*", TablePattern: "*"}}, "warehouse", "own"},
		{"WarehouseService/GetWarehouse", &htsv1.GetWarehouseRequest{}, "namespace", "describe"},
		{"WarehouseService/UpdateWarehouse", &htsv1.UpdateWarehouseRequest{Name: "default"}, "warehouse", "own"},
		{"WarehouseService/DeleteWarehouse", &htsv1.DeleteWarehouseRequest{Name: "default"}, "warehouse", "drop"},
		{"WarehouseService/CreateWarehouse", &htsv1.CreateWarehouseRequest{Warehouse: &htsv1.Warehouse{Name: "w"}}, "server", "create"},
		{"AccessService/Grant", &htsv1.GrantRequest{Grants: give}, "table", "manage-grants"},
		{"AccessService/Revoke", &htsv1.RevokeRequest{Grants: give}, "namespace", "manage-grants"},
		{"AccessService/ListGrants", &htsv1.ListGrantsRequest{Object: object}, "table", "manage-grants"},
		{"AccessService/CreateRole", &htsv1.CreateRoleRequest{Role: &htsv1.Role{Name: "other"}}, "server", "manage-grants"},
		{"AccessService/GetRole", &htsv1.GetRoleRequest{Name: "readers"}, "role", "describe"},
		{"AccessService/ListRoles", &htsv1.ListRolesRequest{}, "server", "list"},
		{"AccessService/DeleteRole", &htsv1.DeleteRoleRequest{Name: "readers"}, "role", "drop"},
		{"AccessService/Explain", &htsv1.ExplainRequest{Privilege: "select", Object: object}, "table", "describe"},
		{"AccessService/FollowAccess", &htsv1.FollowAccessRequest{Warehouse: "default"}, "warehouse", "own"},
		{"AccessService/FollowAccess", &htsv1.FollowAccessRequest{}, "server", "own"},
	}
}

// TestAuthorization: of each call a stranger is refused, by a stranger's words
// whether what it names exists or not, and one grant is enough for it.
func TestAuthorization(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			l := serveLawful(t, database)
			if err := commitFor(t, l.root, "", "sales"); err != nil {
				t.Fatal(err)
			}
			l.readers(t)
			catalog := callAs(t, l.p, l.at, "catalog")
			for i, c := range calls() {
				stranger := fmt.Sprint("stranger-", i)
				conn := callAs(t, l.p, l.at, stranger)
				err := c.by(t, conn)
				if status.Code(err) != codes.PermissionDenied || !strings.Contains(status.Convert(err).Message(), "corp:"+stranger+" may not ") {
					t.Errorf("%s of a stranger: %v", c.method, err)
				}
				l.grants(t, grantOf(c.kind, "user:corp:"+stranger, c.privilege))
				await(t, c.method+" with "+c.privilege+" on "+c.kind, func() bool { return status.Code(c.by(t, conn)) != codes.PermissionDenied })
				if err := c.by(t, catalog); status.Code(err) == codes.PermissionDenied {
					t.Errorf("%s of a trusted service: %v", c.method, err)
				}
				if c.method == "AccessService/DeleteRole" {
					l.readers(t)
				}
			}
		})
	}
}

// by makes the call, again while it is not known who may do what.
func (c asked) by(t *testing.T, conn *grpc.ClientConn) (err error) {
	t.Helper()
	await(t, c.method, func() bool {
		err = conn.Invoke(t.Context(), "/igloo.housetable.v1."+c.method, c.request, &emptypb.Empty{})
		return status.Code(err) != codes.Unavailable
	})
	return err
}

// readers makes the role.
func (l *lawful) readers(t *testing.T) {
	t.Helper()
	if _, err := htsv1.NewAccessServiceClient(l.root).CreateRole(t.Context(), &htsv1.CreateRoleRequest{Role: &htsv1.Role{Name: "readers"}}); err != nil {
		t.Fatal(err)
	}
}

// TestRevocationsThatWait: when one is answered nobody has what was revoked, be it
// by a role; and its answer is not told again sooner.
func TestRevocationsThatWait(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			l := serveLawful(t, database)
			if err := commitFor(t, l.root, "", "sales"); err != nil {
				t.Fatal(err)
			}
			l.readers(t)
			bob, member := callAs(t, l.p, l.at, "bob"), grantOf("role", "user:corp:bob", "member")
			get := asked{"TableService/GetTable", &htsv1.GetTableRequest{Key: &htsv1.TableKey{DatabaseId: "sales", TableId: "t"}}, "", ""}
			l.grants(t, grantOf("namespace", "role:readers", "select"))
			for round := range 5 {
				l.grants(t, member)
				await(t, "the role", func() bool { return get.by(t, bob) == nil })
				if _, err := htsv1.NewAccessServiceClient(l.root).Revoke(t.Context(), &htsv1.RevokeRequest{Grants: []*htsv1.Grant{member}, Wait: true}); err != nil {
					t.Fatal(err)
				}
				if err := get.by(t, bob); status.Code(err) != codes.PermissionDenied {
					t.Fatalf("round %d: %v", round, err)
				}
			}
		})
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	limit, ticker := time.After(20*time.Second), time.NewTicker(20*time.Millisecond)
	defer ticker.Stop()
	for !done() {
		select {
		case <-limit:
			t.Fatalf("never: %s", what)
		case <-ticker.C:
		}
	}
}

// TestRefusalsTellNothing: what does not exist is refused in the same words.
func TestRefusalsTellNothing(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			l := serveLawful(t, database)
			if err := commitFor(t, l.root, "", "sales"); err != nil {
				t.Fatal(err)
			}
			bob := []string{"Authorization", "Bearer " + l.p.Token(t, idptest.Claims{"sub": "bob"})}
			for _, c := range []struct{ there, none string }{
				{"/hts/tables?databaseId=sales&tableId=t", "/hts/tables?databaseId=sales&tableId=none"},
				{"/hts/tables?databaseId=sales&tableId=t", "/hts/tables?databaseId=none&tableId=t"},
				{"/hts/namespaces/sales", "/hts/namespaces/none"},
				{"/hts/warehouses/default", "/hts/warehouses/none"},
				{"/hts/namespaces?warehouse=default", "/hts/namespaces?warehouse=none"},
				{"/hts/tables/query?databaseId=sales", "/hts/tables/query?databaseId=none"},
				{"/hts/access/roles/readers", "/hts/access/roles/none"},
			} {
				was, there := send(t, "GET", l.url+c.there, "", "", bob...)
				is, none := send(t, "GET", l.url+c.none, "", "", bob...)
				renamed := strings.NewReplacer("none", "X", "sales", "X", "default", "X", "readers", "X", ".t ", ".X ")
				if was != 403 || is != 403 || renamed.Replace(there) != renamed.Replace(none) {
					t.Errorf("%s: %d %s\n%s: %d %s", c.there, was, there, c.none, is, none)
				}
			}
		})
	}
}

// TestBrowsing: who may describe one table finds the way to it, and nothing else.
func TestBrowsing(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			l := serveLawful(t, database)
			for _, id := range []string{"sales", "other"} {
				if err := commitFor(t, l.root, "", id); err != nil {
					t.Fatal(err)
				}
			}
			analysts := []string{"Authorization", "Bearer " + l.p.Token(t, idptest.Claims{"sub": "bob", "groups": []string{"analysts"}})}
			l.grants(t, grantOf("table", "group:corp:analysts", "select"))
			await(t, "the grant", func() bool {
				code, _ := send(t, "GET", l.url+"/hts/tables?databaseId=sales&tableId=t", "", "", analysts...)
				return code == 200
			})
			for path, c := range map[string]struct {
				code      int
				has, none string
			}{
				"/hts/warehouses":                       {200, `"name":"default"`, "none"},
				"/hts/namespaces":                       {200, `"databaseId":"sales"`, "other"},
				"/hts/namespaces/sales":                 {200, `"databaseId":"sales"`, "other"},
				"/hts/tables/query":                     {200, `"databaseId":"sales"`, "other"},
				"/v1/hts/tables/query":                  {200, `"totalElements":1`, "other"},
				"/hts/tables/query?databaseId=sales":    {200, `"tableId":"t"`, "other"},
				"/v1/hts/tables/query?databaseId=sales": {200, `"totalElements":1`, "other"},
				"/hts/namespaces/other":                 {403, "corp:bob may not describe namespace other in warehouse default", "exist"},
				"/hts/tables/query?databaseId=other":    {403, "corp:bob may not list namespace other in warehouse default", "exist"},
				"/hts/access/explanation?privilege=select&object.kind=table&object.databaseId=sales&object.tableId=t": {
					200, `"because":"grant","object":{"kind":"table","warehouse":"default","databaseId":"sales","tableId":"t","role":""},"grantee":"group:corp:analysts","privilege":"select"`, "false",
				},
			} {
				code, answer := send(t, "GET", l.url+path, "", "", analysts...)
				if code != c.code || !strings.Contains(answer, c.has) || strings.Contains(answer, c.none) {
					t.Errorf("%s: %d %s", path, code, answer)
				}
			}
		})
	}
}
