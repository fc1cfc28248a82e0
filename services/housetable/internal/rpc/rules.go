package rpc

import (
	"context"
	"sync"

	"github.com/igloo-catalog/igloo/pkg/authz"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// rules are what each method needs, by service and method.
var rules = sync.OnceValue(func() map[string]rule {
	return map[string]rule{
		"AccessService/Grant":        on(changeGrants[*htsv1.GrantRequest]),
		"AccessService/Revoke":       on(changeGrants[*htsv1.RevokeRequest]),
		"AccessService/ListGrants":   on(listGrants),
		"AccessService/CreateRole":   server(authz.ManageGrants),
		"AccessService/GetRole":      role(authz.Describe),
		"AccessService/ListRoles":    server(authz.List),
		"AccessService/DeleteRole":   role(authz.Drop),
		"AccessService/Explain":      on(explain),
		"AccessService/FollowAccess": on(followAccess),

		"CommitService/Commit":             on(commit),
		"CommitService/BatchCommit":        server(authz.Own),
		"CommitService/GetOperation":       warehouseHere(authz.Own),
		"CommitService/BatchGetOperations": warehouseHere(authz.Own),
		"CommitService/GetEpoch":           anybody,

		"EventService/WatchEvents":       warehouseHere(authz.Select),
		"EventService/GetLatestPosition": warehouseHere(authz.Select),
		"EventService/AckEvents":         warehouseHere(authz.Write),
		"EventService/ListConsumers":     warehouseHere(authz.Select),
		"EventService/DeleteConsumer":    warehouseHere(authz.Write),

		"NamespaceService/GetNamespace":    on(getNamespace),
		"NamespaceService/ListNamespaces":  listOf((*htsv1.ListNamespacesRequest).GetParentDatabaseId),
		"NamespaceService/CreateNamespace": on(createNamespace),
		"NamespaceService/UpdateNamespace": userDatabase(authz.Write),
		"NamespaceService/DropNamespace":   userDatabase(authz.Drop),

		"UserTableService/GetUserTable":               userTable(authz.Describe),
		"UserTableService/PutUserTable":               on(putUserTable),
		"UserTableService/DeleteUserTable":            userTable(authz.Drop),
		"UserTableService/QueryUserTables":            listOf((*htsv1.QueryUserTablesRequest).GetDatabaseId),
		"UserTableService/DropUserTable":              userTable(authz.Drop),
		"UserTableService/QuerySoftDeletedUserTables": on(softDeleted),
		"UserTableService/RestoreUserTable":           userDatabase(authz.Create),
		"UserTableService/PurgeUserTables":            userDatabase(authz.Drop),
		"UserTableService/RenameUserTable":            on(renameUserTable),
		"UserTableService/PageUserTables":             listOf((*htsv1.PageUserTablesRequest).GetDatabaseId),

		// Jobs say what is deleted, with the rights of whoever does it.
		"JobService/GetJob":        warehouseHere(authz.Own),
		"JobService/PutJob":        warehouseHere(authz.Own),
		"JobService/DeleteJob":     warehouseHere(authz.Own),
		"JobService/QueryJobs":     warehouseHere(authz.Own),
		"JobService/HeartbeatJob":  warehouseHere(authz.Own),
		"JobService/TransitionJob": warehouseHere(authz.Own),
		"JobService/ClaimJob":      warehouseHere(authz.Own),
		"JobService/HoldForJob":    warehouseHere(authz.Own),

		"ReportService/RecordReports": on(recordReports),
		"ReportService/ListReports":   anyTable(authz.Select),

		"TableService/GetTable":        tableHere(authz.Describe),
		"TableService/BatchGetTables":  on(batchGet),
		"TableService/ListTables":      listOf((*htsv1.ListTablesRequest).GetDatabaseId),
		"TableService/GetTableHistory": anyTable(authz.Describe),
		"TableService/GetTableVersion": anyTable(authz.Describe),
		"TableService/ListHolders":     warehouseHere(authz.Select),
		"TableService/ExportTables":    warehouseHere(authz.Own),

		"ToggleService/GetToggleStatus":  warehouseHere(authz.Describe),
		"ToggleService/PutToggleRule":    warehouseHere(authz.Own),
		"ToggleService/DeleteToggleRule": warehouseHere(authz.Own),
		"ToggleService/ListToggleRules":  warehouseHere(authz.Describe),

		"WarehouseService/CreateWarehouse": server(authz.Create),
		"WarehouseService/GetWarehouse":    warehouseNamed(authz.Describe),
		"WarehouseService/ListWarehouses":  eachWarehouse,
		"WarehouseService/UpdateWarehouse": warehouseNamed(authz.Own),
		"WarehouseService/DeleteWarehouse": warehouseNamed(authz.Drop),
		"WarehouseService/CheckWarehouse":  warehouseNamed(authz.Own),
		"WarehouseService/ResealWarehouse": warehouseNamed(authz.Own),
	}
})

// anybody may who has said who they are.
func anybody(ctx context.Context, _ asking, _ any) (context.Context, error) { return ctx, nil }

// server needs a privilege on the server.
func server(p authz.Privilege) rule {
	return func(ctx context.Context, a asking, _ any) (context.Context, error) {
		return ctx, a.need(ctx, p, authz.Server())
	}
}

// warehouseHere needs a privilege on the warehouse that a request is of.
func warehouseHere(p authz.Privilege) rule {
	return on(func(ctx context.Context, a asking, r inWarehouse) error {
		return a.needWarehouse(ctx, p, r.GetWarehouse())
	})
}

// warehouseNamed needs a privilege on the warehouse that a request is about.
func warehouseNamed(p authz.Privilege) rule {
	return on(func(ctx context.Context, a asking, r interface{ GetName() string }) error {
		return a.needWarehouse(ctx, p, r.GetName())
	})
}

func (a asking) needWarehouse(ctx context.Context, p authz.Privilege, name string) error {
	warehouse, err := warehouseOr(name)
	if err != nil {
		return err
	}
	return a.need(ctx, p, authz.Warehouse(warehouse))
}

// role needs a privilege on the role that a request names.
func role(p authz.Privilege) rule {
	return on(func(ctx context.Context, a asking, r interface{ GetName() string }) error {
		if err := authz.CheckRoleName("name", r.GetName()); err != nil {
			return err
		}
		return a.need(ctx, p, authz.Role(r.GetName()))
	})
}
