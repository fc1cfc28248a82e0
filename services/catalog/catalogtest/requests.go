package catalogtest

import (
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// Level is where in the tree of objects something is.
type Level uint8

// The levels: each has what is granted on those before it, but for other, which is
// another namespace of the same warehouse.
const (
	OnServer Level = iota
	OnWarehouse
	OnNamespace
	OnTable
	OnView
	OnFunction
	OnOther
)

// Taken is a privilege that a request takes.
type Taken struct {
	Privilege authz.Privilege
	On        Level
}

// Request is a request with what it takes. {n} stands for the namespace n, which
// has a table t, a view v and a function f; {m} for an empty one beside it; {table}
// and {view} for where metadata is that nothing points to.
type Request struct {
	Name, Endpoint     string
	Method, Path, Body string
	Takes              []Taken
	// Passes says that whoever has the privilege on something inside is let through.
	Passes bool
	// Status when it is allowed, 200 if it is 0.
	Status int
}

func one(privilege authz.Privilege, on Level) []Taken { return []Taken{{privilege, on}} }

const (
	namespaces = "/v1/default/namespaces"
	inN        = namespaces + "/{n}"
	tableT     = inN + "/tables/t"
	viewV      = inN + "/views/v"
	functionF  = inN + "/functions/f"
	prefix     = "/v1/{prefix}/namespaces/{namespace}"
	aTable     = prefix + "/tables/{table}"
	aView      = prefix + "/views/{view}"
	aFunction  = prefix + "/functions/{function}"
)

// Requests are requests to every route, with what each takes.
func Requests() []Request {
	return slices.Concat(toNamespaces(), toTables(), toFiles(), toViews())
}

func toNamespaces() []Request {
	return []Request{
		{Name: "config", Endpoint: "GET /v1/config", Method: "GET", Path: "/v1/config?warehouse=default", Takes: one(authz.List, OnWarehouse), Passes: true},
		{Name: "namespaces", Endpoint: "GET /v1/{prefix}/namespaces", Method: "GET", Path: namespaces, Takes: one(authz.List, OnWarehouse), Passes: true},
		{Name: "namespaces below", Endpoint: "GET /v1/{prefix}/namespaces", Method: "GET", Path: namespaces + "?parent={n}", Takes: one(authz.List, OnNamespace), Passes: true},
		{Name: "create namespace", Endpoint: "POST /v1/{prefix}/namespaces", Method: "POST", Path: namespaces, Body: `{"namespace":["{n}_new"]}`, Takes: one(authz.Create, OnWarehouse)},
		{Name: "create namespace below", Endpoint: "POST /v1/{prefix}/namespaces", Method: "POST", Path: namespaces, Body: `{"namespace":["{n}","new"]}`, Takes: one(authz.Create, OnNamespace)},
		{Name: "load namespace", Endpoint: "GET " + prefix, Method: "GET", Path: inN, Takes: one(authz.Describe, OnNamespace), Passes: true},
		{Name: "namespace exists", Endpoint: "HEAD " + prefix, Method: "HEAD", Path: inN, Takes: one(authz.Describe, OnNamespace), Passes: true, Status: 204},
		{Name: "drop namespace", Endpoint: "DELETE " + prefix, Method: "DELETE", Path: namespaces + "/{m}", Takes: one(authz.Drop, OnOther), Status: 204},
		{Name: "properties", Endpoint: "POST " + prefix + "/properties", Method: "POST", Path: inN + "/properties", Body: `{"updates":{"k":"v"}}`, Takes: one(authz.Write, OnNamespace)},
		{Name: "list tables", Endpoint: "GET " + prefix + "/tables", Method: "GET", Path: inN + "/tables", Takes: one(authz.List, OnNamespace), Passes: true},
		{Name: "list views", Endpoint: "GET " + prefix + "/views", Method: "GET", Path: inN + "/views", Takes: one(authz.List, OnNamespace), Passes: true},
		{Name: "list functions", Endpoint: "GET " + prefix + "/functions", Method: "GET", Path: inN + "/functions", Takes: one(authz.List, OnNamespace), Passes: true},
	}
}

func toTables() []Request {
	change := `{"identifier":{"namespace":["{n}"],"name":"t"},"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"v"}}]}`
	creating := strings.Replace(createdNew, "{", `{"identifier":{"namespace":["{m}"],"name":"new"},`, 1)
	return []Request{
		{Name: "create table", Endpoint: "POST " + prefix + "/tables", Method: "POST", Path: inN + "/tables", Body: tableNew, Takes: one(authz.Create, OnNamespace)},
		{Name: "stage table", Endpoint: "POST " + prefix + "/tables", Method: "POST", Path: inN + "/tables", Body: stagedNew, Takes: one(authz.Create, OnNamespace)},
		{Name: "load table", Endpoint: "GET " + aTable, Method: "GET", Path: tableT, Takes: one(authz.Describe, OnTable)},
		{Name: "table exists", Endpoint: "HEAD " + aTable, Method: "HEAD", Path: tableT, Takes: one(authz.Describe, OnTable), Status: 204},
		{Name: "commit", Endpoint: "POST " + aTable, Method: "POST", Path: tableT, Body: setsProperty, Takes: one(authz.Write, OnTable)},
		{Name: "commit a createdNew", Endpoint: "POST " + aTable, Method: "POST", Path: inN + "/tables/new", Body: createdNew, Takes: one(authz.Create, OnNamespace)},
		{Name: "drop table", Endpoint: "DELETE " + aTable, Method: "DELETE", Path: tableT, Takes: one(authz.Drop, OnTable), Status: 204},
		{Name: "purge table", Endpoint: "DELETE " + aTable, Method: "DELETE", Path: tableT + "?purgeRequested=true", Takes: one(authz.Drop, OnTable), Status: 204},
		{Name: "unregister table", Endpoint: "POST " + aTable + "/unregister", Method: "POST", Path: tableT + "/unregister", Takes: one(authz.Drop, OnTable)},
		{Name: "register table", Endpoint: "POST " + prefix + "/register", Method: "POST", Path: inN + "/register", Body: registers("new", "{table}"), Takes: one(authz.Create, OnNamespace)},
		{
			Name: "rename table", Endpoint: "POST /v1/{prefix}/tables/rename", Method: "POST", Path: "/v1/default/tables/rename", Body: moves("t"),
			Takes: []Taken{{authz.Drop, OnTable}, {authz.Create, OnOther}}, Status: 204,
		},
		{
			Name: "transaction", Endpoint: "POST /v1/{prefix}/transactions/commit", Method: "POST", Path: "/v1/default/transactions/commit",
			Body: `{"table-changes":[` + change + `]}`, Takes: one(authz.Write, OnTable), Status: 204,
		},
		{
			Name: "transaction that creates", Endpoint: "POST /v1/{prefix}/transactions/commit", Method: "POST", Path: "/v1/default/transactions/commit",
			Body: `{"table-changes":[` + change + `,` + creating + `]}`, Takes: []Taken{{authz.Write, OnTable}, {authz.Create, OnOther}}, Status: 204,
		},
	}
}

func toFiles() []Request {
	return []Request{
		{Name: "report", Endpoint: "POST " + aTable + "/metrics", Method: "POST", Path: tableT + "/metrics", Body: `{"report-type":"scan-report"}`, Takes: one(authz.Select, OnTable), Status: 204},
		{Name: "plan", Endpoint: "POST " + aTable + "/plan", Method: "POST", Path: tableT + "/plan", Body: `{}`, Takes: one(authz.Select, OnTable)},
		{Name: "fetch plan", Endpoint: "GET " + aTable + "/plan/{plan-id}", Method: "GET", Path: tableT + "/plan/none", Takes: one(authz.Select, OnTable), Status: 404},
		{Name: "cancel plan", Endpoint: "DELETE " + aTable + "/plan/{plan-id}", Method: "DELETE", Path: tableT + "/plan/none", Takes: one(authz.Select, OnTable), Status: 404},
		{Name: "tasks", Endpoint: "POST " + aTable + "/tasks", Method: "POST", Path: tableT + "/tasks", Body: `{"plan-task":"none"}`, Takes: one(authz.Select, OnTable), Status: 404},
		{Name: "credentials", Endpoint: "GET " + aTable + "/credentials", Method: "GET", Path: tableT + "/credentials", Takes: one(authz.Select, OnTable)},
		{Name: "sign a read", Endpoint: "POST " + aTable + "/sign", Method: "POST", Path: tableT + "/sign", Body: signsRead, Takes: one(authz.Select, OnTable)},
		{Name: "sign a write", Endpoint: "POST " + aTable + "/sign", Method: "POST", Path: tableT + "/sign", Body: signsWrite, Takes: one(authz.Write, OnTable)},
	}
}

func toViews() []Request {
	return []Request{
		{Name: "create view", Endpoint: "POST " + prefix + "/views", Method: "POST", Path: inN + "/views", Body: viewNew, Takes: one(authz.Create, OnNamespace)},
		{Name: "load view", Endpoint: "GET " + aView, Method: "GET", Path: viewV, Takes: one(authz.Describe, OnView)},
		{Name: "view exists", Endpoint: "HEAD " + aView, Method: "HEAD", Path: viewV, Takes: one(authz.Describe, OnView), Status: 204},
		{Name: "replace view", Endpoint: "POST " + aView, Method: "POST", Path: viewV, Body: viewReplaced, Takes: one(authz.Write, OnView)},
		{Name: "drop view", Endpoint: "DELETE " + aView, Method: "DELETE", Path: viewV, Takes: one(authz.Drop, OnView), Status: 204},
		{Name: "register view", Endpoint: "POST " + prefix + "/register-view", Method: "POST", Path: inN + "/register-view", Body: registers("new", "{view}"), Takes: one(authz.Create, OnNamespace)},
		{
			Name: "rename view", Endpoint: "POST /v1/{prefix}/views/rename", Method: "POST", Path: "/v1/default/views/rename", Body: moves("v"),
			Takes: []Taken{{authz.Drop, OnView}, {authz.Create, OnOther}}, Status: 204,
		},
		{Name: "load function", Endpoint: "GET " + aFunction, Method: "GET", Path: functionF, Takes: one(authz.Describe, OnFunction)},
		{Name: "drop function", Endpoint: "DELETE " + aFunction, Method: "DELETE", Path: functionF, Takes: one(authz.Drop, OnFunction), Status: 204},
		{Name: "register function", Endpoint: "POST " + prefix + "/register-function", Method: "POST", Path: inN + "/register-function", Body: registers("new", "{function}"), Takes: one(authz.Create, OnNamespace)},
	}
}

// moves renames what is called so into the other namespace.
func moves(name string) string {
	return `{"source":{"namespace":["{n}"],"name":"` + name + `"},"destination":{"namespace":["{m}"],"name":"moved"}}`
}
