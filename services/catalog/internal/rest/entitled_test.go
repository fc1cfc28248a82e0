package rest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// level is where in the tree of objects something is.
type level uint8

// The levels: each has what is granted on those before it, but for other, which is
// another namespace of the same warehouse.
const (
	onServer level = iota
	onWarehouse
	onNamespace
	onTable
	onView
	onFunction
	onOther
)

// taken is a privilege that a request takes.
type taken struct {
	privilege authz.Privilege
	on        level
}

// entitled is a request with what it takes. {n} stands for the namespace n, which
// has a table t, a view v and a function f; {m} for an empty one beside it; {table}
// and {view} for where metadata is that nothing points to.
type entitled struct {
	name, endpoint     string
	method, path, body string
	takes              []taken
	// passes says that whoever may describe something inside is let through.
	passes bool
	// status when it is allowed, 200 if it is 0.
	status int
}

func one(privilege authz.Privilege, on level) []taken { return []taken{{privilege, on}} }

const (
	eNamespaces = "/v1/default/namespaces"
	eN          = eNamespaces + "/{n}"
	eT          = eN + "/tables/t"
	eV          = eN + "/views/v"
	eF          = eN + "/functions/f"
	ePrefix     = "/v1/{prefix}/namespaces/{namespace}"
	eTable      = ePrefix + "/tables/{table}"
	eView       = ePrefix + "/views/{view}"
	eFunction   = ePrefix + "/functions/{function}"
)

// entitlements are requests to every route, with what each takes.
func entitlements() []entitled {
	return slices.Concat(entitledToNamespaces(), entitledToTables(), entitledToFiles(), entitledToViews())
}

func entitledToNamespaces() []entitled {
	return []entitled{
		{name: "config", endpoint: "GET /v1/config", method: "GET", path: "/v1/config?warehouse=default", takes: one(authz.List, onWarehouse), passes: true},
		{name: "namespaces", endpoint: "GET /v1/{prefix}/namespaces", method: "GET", path: eNamespaces, takes: one(authz.List, onWarehouse), passes: true},
		{name: "namespaces below", endpoint: "GET /v1/{prefix}/namespaces", method: "GET", path: eNamespaces + "?parent={n}", takes: one(authz.List, onNamespace), passes: true},
		{name: "create namespace", endpoint: "POST /v1/{prefix}/namespaces", method: "POST", path: eNamespaces, body: `{"namespace":["{n}_new"]}`, takes: one(authz.Create, onWarehouse)},
		{name: "create namespace below", endpoint: "POST /v1/{prefix}/namespaces", method: "POST", path: eNamespaces, body: `{"namespace":["{n}","new"]}`, takes: one(authz.Create, onNamespace)},
		{name: "load namespace", endpoint: "GET " + ePrefix, method: "GET", path: eN, takes: one(authz.Describe, onNamespace), passes: true},
		{name: "namespace exists", endpoint: "HEAD " + ePrefix, method: "HEAD", path: eN, takes: one(authz.Describe, onNamespace), passes: true, status: 204},
		{name: "drop namespace", endpoint: "DELETE " + ePrefix, method: "DELETE", path: eNamespaces + "/{m}", takes: one(authz.Drop, onOther), status: 204},
		{name: "properties", endpoint: "POST " + ePrefix + "/properties", method: "POST", path: eN + "/properties", body: `{"updates":{"k":"v"}}`, takes: one(authz.Write, onNamespace)},
		{name: "list tables", endpoint: "GET " + ePrefix + "/tables", method: "GET", path: eN + "/tables", takes: one(authz.List, onNamespace), passes: true},
		{name: "list views", endpoint: "GET " + ePrefix + "/views", method: "GET", path: eN + "/views", takes: one(authz.List, onNamespace), passes: true},
		{name: "list functions", endpoint: "GET " + ePrefix + "/functions", method: "GET", path: eN + "/functions", takes: one(authz.List, onNamespace), passes: true},
	}
}

func entitledToTables() []entitled {
	creation := createsStaged(map[string]any{"metadata": map[string]any{"table-uuid": "{uuid}", "location": "file://{folder}/{n}/committed"}})
	change := `{"identifier":{"namespace":["{n}"],"name":"t"},"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"v"}}]}`
	creating := strings.Replace(creation, "{", `{"identifier":{"namespace":["{m}"],"name":"new"},`, 1)
	return []entitled{
		{name: "create table", endpoint: "POST " + ePrefix + "/tables", method: "POST", path: eN + "/tables", body: creates("new"), takes: one(authz.Create, onNamespace)},
		{name: "stage table", endpoint: "POST " + ePrefix + "/tables", method: "POST", path: eN + "/tables", body: stages("new"), takes: one(authz.Create, onNamespace)},
		{name: "load table", endpoint: "GET " + eTable, method: "GET", path: eT, takes: one(authz.Describe, onTable)},
		{name: "table exists", endpoint: "HEAD " + eTable, method: "HEAD", path: eT, takes: one(authz.Describe, onTable), status: 204},
		{name: "commit", endpoint: "POST " + eTable, method: "POST", path: eT, body: setProperty("k", "v"), takes: one(authz.Write, onTable)},
		{name: "commit a creation", endpoint: "POST " + eTable, method: "POST", path: eN + "/tables/new", body: creation, takes: one(authz.Create, onNamespace)},
		{name: "drop table", endpoint: "DELETE " + eTable, method: "DELETE", path: eT, takes: one(authz.Drop, onTable), status: 204},
		{name: "purge table", endpoint: "DELETE " + eTable, method: "DELETE", path: eT + "?purgeRequested=true", takes: one(authz.Drop, onTable), status: 204},
		{name: "unregister table", endpoint: "POST " + eTable + "/unregister", method: "POST", path: eT + "/unregister", takes: one(authz.Drop, onTable)},
		{name: "register table", endpoint: "POST " + ePrefix + "/register", method: "POST", path: eN + "/register", body: registers("new", "{table}"), takes: one(authz.Create, onNamespace)},
		{
			name: "rename table", endpoint: "POST /v1/{prefix}/tables/rename", method: "POST", path: "/v1/default/tables/rename", body: moves("t"),
			takes: []taken{{authz.Drop, onTable}, {authz.Create, onOther}}, status: 204,
		},
		{
			name: "transaction", endpoint: "POST /v1/{prefix}/transactions/commit", method: "POST", path: "/v1/default/transactions/commit",
			body: `{"table-changes":[` + change + `]}`, takes: one(authz.Write, onTable), status: 204,
		},
		{
			name: "transaction that creates", endpoint: "POST /v1/{prefix}/transactions/commit", method: "POST", path: "/v1/default/transactions/commit",
			body: `{"table-changes":[` + change + `,` + creating + `]}`, takes: []taken{{authz.Write, onTable}, {authz.Create, onOther}}, status: 204,
		},
	}
}

func entitledToFiles() []entitled {
	return []entitled{
		{name: "report", endpoint: "POST " + eTable + "/metrics", method: "POST", path: eT + "/metrics", body: `{"report-type":"scan-report"}`, takes: one(authz.Select, onTable), status: 204},
		{name: "plan", endpoint: "POST " + eTable + "/plan", method: "POST", path: eT + "/plan", body: `{}`, takes: one(authz.Select, onTable)},
		{name: "fetch plan", endpoint: "GET " + eTable + "/plan/{plan-id}", method: "GET", path: eT + "/plan/none", takes: one(authz.Select, onTable), status: 404},
		{name: "cancel plan", endpoint: "DELETE " + eTable + "/plan/{plan-id}", method: "DELETE", path: eT + "/plan/none", takes: one(authz.Select, onTable), status: 404},
		{name: "tasks", endpoint: "POST " + eTable + "/tasks", method: "POST", path: eT + "/tasks", body: `{"plan-task":"none"}`, takes: one(authz.Select, onTable), status: 404},
		{name: "credentials", endpoint: "GET " + eTable + "/credentials", method: "GET", path: eT + "/credentials", takes: one(authz.Select, onTable)},
		{name: "sign a read", endpoint: "POST " + eTable + "/sign", method: "POST", path: eT + "/sign", body: asks("GET"), takes: one(authz.Select, onTable)},
		{name: "sign a write", endpoint: "POST " + eTable + "/sign", method: "POST", path: eT + "/sign", body: asks("PUT"), takes: one(authz.Write, onTable)},
	}
}

func entitledToViews() []entitled {
	return []entitled{
		{name: "create view", endpoint: "POST " + ePrefix + "/views", method: "POST", path: eN + "/views", body: createsView("new"), takes: one(authz.Create, onNamespace)},
		{name: "load view", endpoint: "GET " + eView, method: "GET", path: eV, takes: one(authz.Describe, onView)},
		{name: "view exists", endpoint: "HEAD " + eView, method: "HEAD", path: eV, takes: one(authz.Describe, onView), status: 204},
		{name: "replace view", endpoint: "POST " + eView, method: "POST", path: eV, body: replacesView("select 2"), takes: one(authz.Write, onView)},
		{name: "drop view", endpoint: "DELETE " + eView, method: "DELETE", path: eV, takes: one(authz.Drop, onView), status: 204},
		{name: "register view", endpoint: "POST " + ePrefix + "/register-view", method: "POST", path: eN + "/register-view", body: registers("new", "{view}"), takes: one(authz.Create, onNamespace)},
		{
			name: "rename view", endpoint: "POST /v1/{prefix}/views/rename", method: "POST", path: "/v1/default/views/rename", body: moves("v"),
			takes: []taken{{authz.Drop, onView}, {authz.Create, onOther}}, status: 204,
		},
		{name: "load function", endpoint: "GET " + eFunction, method: "GET", path: eF, takes: one(authz.Describe, onFunction)},
		{name: "drop function", endpoint: "DELETE " + eFunction, method: "DELETE", path: eF, takes: one(authz.Drop, onFunction), status: 204},
		{name: "register function", endpoint: "POST " + ePrefix + "/register-function", method: "POST", path: eN + "/register-function", body: registers("new", "{function}"), takes: one(authz.Create, onNamespace)},
	}
}

// moves renames what is called so into the other namespace.
func moves(name string) string {
	return `{"source":{"namespace":["{n}"],"name":"` + name + `"},"destination":{"namespace":["{m}"],"name":"moved"}}`
}

// Every route is among the entitlements, but for those that give the same answer to
// everybody.
func TestEveryRouteHasItsEntitlement(t *testing.T) {
	w := newSilentWorld(t, planning(t), delegating)
	known := map[string]bool{}
	for _, e := range entitlements() {
		known[e.endpoint] = true
	}
	endpoints, _ := w.must(t, "GET", "/v1/config", "")["endpoints"].([]any)
	for _, e := range append(endpoints, "GET /v1/config") {
		if !known[e.(string)] {
			t.Errorf("%s: it is not said what it takes", e)
		}
	}
	for path, status := range map[string]int{"/v1/oauth/tokens": 406, "/v1/aws/s3/sign": 400} {
		if r := w.do(t, "POST", path, "{}"); r.status != status {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
}

// delegating makes a world that gives out keys and signatures.
func delegating(c *choices) {
	c.options.Delegation, c.options.Signers, c.options.SignerKey = &keys{life: 1 << 40}, pen{}, []byte("of a test")
}
