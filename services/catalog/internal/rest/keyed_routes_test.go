package rest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// wire is a request as it is sent. {folder} stands for the world's folder, {t},
// {v} and {f} for where the metadata of n.t, n.v and a function is.
type wire struct{ method, path, body string }

// mutation is a request to a route that takes an Idempotency-Key, and what makes
// of it a success or a refusal.
type mutation struct {
	name string
	// endpoint as /v1/config lists it.
	endpoint string
	// setup is done first of all.
	setup []wire
	// send is refused with status and kind, until unlock has been done.
	send   wire
	status int
	kind   string
	unlock []wire
	// undo changes again what send did.
	undo []wire
	// nothing says that it changes nothing, and writes how many metadata files it writes.
	nothing bool
	writes  int
}

const (
	pNamespace = `{"namespace":["p"],"properties":{"k":"v"}}`
	pTables    = "/v1/namespaces/p/tables"
	nTables    = "/v1/namespaces/n/tables"
	nViews     = "/v1/namespaces/n/views"

	ofNamespaces = "POST /v1/{prefix}/namespaces"
	ofNamespace  = "/v1/{prefix}/namespaces/{namespace}"
	ofTables     = "POST " + ofNamespace + "/tables"
	ofTable      = ofNamespace + "/tables/{table}"
	ofViews      = "POST " + ofNamespace + "/views"
	ofView       = ofNamespace + "/views/{view}"
	ofFunction   = ofNamespace + "/functions/{function}"
)

func creates(name string) string { return fmt.Sprintf(`{"name":%q,"schema":%s}`, name, schema) }

func stages(name string) string {
	return strings.Replace(creates(name), "{", `{"stage-create":true,`, 1)
}

func registers(name, location string) string {
	return fmt.Sprintf(`{"name":%q,"metadata-location":%q}`, name, location)
}

func renames(from, to string) string {
	return fmt.Sprintf(`{"source":{"namespace":["n"],"name":%q},"destination":{"namespace":["n"],"name":%q}}`, from, to)
}

func commitsStaged() string {
	return createsStaged(map[string]any{"metadata": map[string]any{
		"table-uuid": "5f1e7a60-0000-4000-8000-000000000001", "location": "{folder}/staged",
	}})
}

// mutations are requests to every route that takes a key.
func mutations() []mutation {
	createP, dropP := wire{"POST", "/v1/namespaces", pNamespace}, wire{"DELETE", "/v1/namespaces/p", ""}
	createX, dropX := wire{"POST", nTables, creates("x")}, wire{"DELETE", nTables + "/x", ""}
	viewX, dropViewX := wire{"POST", nViews, createsView("x")}, wire{"DELETE", nViews + "/x", ""}
	dropT, seven := wire{"DELETE", table, ""}, wire{"POST", table, appends(7, 0, "file:///seven")}
	wants8after7 := appends(8, 7, "file:///eight")
	later := wire{"POST", nTables + "/x", setProperty("later", "1")}
	namespace, noTable, noView, exists := "NoSuchNamespaceException", "NoSuchTableException", "NoSuchViewException", "AlreadyExistsException"
	failed := "CommitFailedException"
	return []mutation{
		{
			name: "namespace", endpoint: ofNamespaces, send: wire{"POST", "/v1/namespaces", `{"namespace":["p","c"],"properties":{"k":"v"}}`},
			status: 404, kind: namespace, unlock: []wire{createP}, undo: []wire{{"DELETE", "/v1/namespaces/p%1Fc", ""}},
		},
		{
			name: "namespace that exists", endpoint: ofNamespaces, setup: []wire{createP}, send: createP,
			status: 409, kind: exists, unlock: []wire{dropP}, undo: []wire{dropP},
		},
		{
			name: "drop namespace", endpoint: "DELETE " + ofNamespace, send: dropP,
			status: 404, kind: namespace, unlock: []wire{createP}, undo: []wire{createP},
		},
		{
			name: "drop namespace that holds a table", endpoint: "DELETE " + ofNamespace, setup: []wire{createP, {"POST", pTables, creates("x")}}, send: dropP,
			status: 409, kind: "NamespaceNotEmptyException", unlock: []wire{{"DELETE", pTables + "/x", ""}}, undo: []wire{createP},
		},
		{
			name: "properties", endpoint: "POST " + ofNamespace + "/properties",
			send:   wire{"POST", "/v1/namespaces/p/properties", `{"updates":{"a":"1"},"removals":["k","none"]}`},
			status: 404, kind: namespace, unlock: []wire{createP}, undo: []wire{dropP},
		},
		{
			name: "table", endpoint: ofTables, send: wire{"POST", pTables, creates("x")}, writes: 1,
			status: 404, kind: namespace, unlock: []wire{createP}, undo: []wire{{"DELETE", pTables + "/x", ""}},
		},
		{
			name: "table that exists", endpoint: ofTables, send: wire{"POST", nTables, creates("t")}, writes: 1,
			status: 409, kind: exists, unlock: []wire{dropT}, undo: []wire{dropT},
		},
		{
			name: "staged table", endpoint: ofTables, send: wire{"POST", pTables, stages("x")}, nothing: true,
			status: 404, kind: namespace, unlock: []wire{createP}, undo: []wire{{"POST", pTables, creates("x")}},
		},
		{
			name: "staged table that exists", endpoint: ofTables, send: wire{"POST", nTables, stages("t")}, nothing: true,
			status: 409, kind: exists, unlock: []wire{dropT},
		},
		{
			name: "register", endpoint: "POST " + ofNamespace + "/register", send: wire{"POST", "/v1/namespaces/p/register", registers("r", "{t}")},
			status: 404, kind: namespace, unlock: []wire{createP, dropT}, undo: []wire{{"DELETE", pTables + "/r", ""}},
		},
		{
			name: "register over a table", endpoint: "POST " + ofNamespace + "/register", send: wire{"POST", "/v1/namespaces/n/register", registers("t", "{t}")},
			status: 409, kind: exists, unlock: []wire{dropT}, undo: []wire{dropT},
		},
		{
			name: "commit", endpoint: "POST " + ofTable, send: wire{"POST", nTables + "/x", setProperty("a", "1")}, writes: 1,
			status: 404, kind: noTable, unlock: []wire{createX}, undo: []wire{later, dropX},
		},
		{
			name: "commit with a requirement", endpoint: "POST " + ofTable, send: wire{"POST", table, wants8after7}, writes: 1,
			status: 409, kind: failed, unlock: []wire{seven}, undo: []wire{dropT},
		},
		{
			name: "commit of a staged table", endpoint: "POST " + ofTable, send: wire{"POST", pTables + "/x", commitsStaged()}, writes: 1,
			status: 404, kind: namespace, unlock: []wire{createP}, undo: []wire{{"DELETE", pTables + "/x", ""}},
		},
		{name: "drop", endpoint: "DELETE " + ofTable, send: dropX, status: 404, kind: noTable, unlock: []wire{createX}, undo: []wire{createX}},
		{
			name: "drop and purge", endpoint: "DELETE " + ofTable, send: wire{"DELETE", nTables + "/x?purgeRequested=true", ""},
			status: 404, kind: noTable, unlock: []wire{createX}, undo: []wire{createX},
		},
		{
			name: "unregister", endpoint: "POST " + ofTable + "/unregister", send: wire{"POST", nTables + "/x/unregister", "{}"},
			status: 404, kind: noTable, unlock: []wire{createX}, undo: []wire{createX, later},
		},
		{
			name: "rename", endpoint: "POST /v1/{prefix}/tables/rename", send: wire{"POST", "/v1/tables/rename", renames("x", "y")},
			status: 404, kind: noTable, unlock: []wire{createX}, undo: []wire{{"POST", "/v1/tables/rename", renames("y", "x")}},
		},
		{
			name: "rename to a table", endpoint: "POST /v1/{prefix}/tables/rename", setup: []wire{createX}, send: wire{"POST", "/v1/tables/rename", renames("t", "x")},
			status: 409, kind: exists, unlock: []wire{dropX}, undo: []wire{dropX},
		},
		{
			name: "transaction", endpoint: "POST /v1/{prefix}/transactions/commit", writes: 2,
			send:   wire{"POST", transactions, transaction(change("t", setProperty("a", "1")), change("x", setProperty("a", "1")))},
			status: 404, kind: noTable, unlock: []wire{createX}, undo: []wire{dropX},
		},
		{
			name: "transaction with a requirement", endpoint: "POST /v1/{prefix}/transactions/commit", setup: []wire{createX}, writes: 2,
			send:   wire{"POST", transactions, transaction(change("x", setProperty("a", "1")), change("t", wants8after7))},
			status: 409, kind: failed, unlock: []wire{seven}, undo: []wire{dropX},
		},
		{
			name: "view", endpoint: ofViews, send: wire{"POST", "/v1/namespaces/p/views", createsView("x")}, writes: 1,
			status: 404, kind: namespace, unlock: []wire{createP}, undo: []wire{{"DELETE", "/v1/namespaces/p/views/x", ""}},
		},
		{
			name: "view that exists", endpoint: ofViews, send: wire{"POST", nViews, createsView("v")}, writes: 1,
			status: 409, kind: exists, unlock: []wire{{"DELETE", view, ""}}, undo: []wire{{"DELETE", view, ""}},
		},
		{
			name: "replace view", endpoint: "POST " + ofView, send: wire{"POST", nViews + "/x", replacesView("select 2")}, writes: 1,
			status: 404, kind: noView, unlock: []wire{viewX}, undo: []wire{dropViewX},
		},
		{name: "drop view", endpoint: "DELETE " + ofView, send: dropViewX, status: 404, kind: noView, unlock: []wire{viewX}, undo: []wire{viewX}},
		{
			name: "rename view", endpoint: "POST /v1/{prefix}/views/rename", send: wire{"POST", "/v1/views/rename", renames("x", "y")},
			status: 404, kind: noView, unlock: []wire{viewX}, undo: []wire{{"POST", "/v1/views/rename", renames("y", "x")}},
		},
		{
			name: "register view", endpoint: "POST " + ofNamespace + "/register-view", send: wire{"POST", "/v1/namespaces/p/register-view", registers("r", "{v}")},
			status: 404, kind: namespace, unlock: []wire{createP, {"DELETE", view, ""}}, undo: []wire{{"DELETE", "/v1/namespaces/p/views/r", ""}},
		},
		{
			name: "register function", endpoint: "POST " + ofNamespace + "/register-function", send: wire{"POST", "/v1/namespaces/p/register-function", registers("f", "{f}")},
			status: 404, kind: namespace, unlock: []wire{createP}, undo: []wire{{"DELETE", "/v1/namespaces/p/functions/f", ""}},
		},
		{
			name: "drop function", endpoint: "DELETE " + ofFunction, send: wire{"DELETE", function, ""},
			status: 404, kind: "NoSuchFunctionException", unlock: []wire{{"POST", register, registers("f", "{f}")}}, undo: []wire{{"POST", register, registers("f", "{f}")}},
		},
	}
}

// keyless are the endpoints that change nothing: what takes a key and needs no
// memory for it, and what takes none.
func keyless() []string {
	return []string{
		"POST " + ofTable + "/plan", "DELETE " + ofTable + "/plan/{plan-id}", "POST " + ofTable + "/tasks", "POST " + ofTable + "/metrics", "POST " + ofTable + "/sign",
	}
}

// named is the mutation of a name, its snapshots made now: they may not be older
// than their table.
func named(name string) mutation {
	all := mutations()
	return all[slices.IndexFunc(all, func(m mutation) bool { return m.name == name })]
}

// laid is a world in which the setup has been done, with requests spelled for it.
func laid(t *testing.T, m mutation, change ...func(*choices)) (*world, mutation) {
	t.Helper()
	w := withTable(t, change...)
	m = named(m.name)
	w.must(t, "POST", nViews, createsView("v"))
	function := at(w.functionBody(t), "metadata-location")
	spelled := strings.NewReplacer(
		"{folder}", "file://"+w.folder, "{f}", fmt.Sprint(function),
		"{t}", text(w.must(t, "GET", table, ""), "metadata-location"),
		"{v}", text(w.must(t, "GET", view, ""), "metadata-location"),
	)
	spell := func(all []wire) []wire {
		spelling := make([]wire, len(all))
		for i, one := range all {
			spelling[i] = wire{one.method, one.path, spelled.Replace(one.body)}
		}
		return spelling
	}
	m.send, m.setup, m.unlock, m.undo = spell([]wire{m.send})[0], spell(m.setup), spell(m.unlock), spell(m.undo)
	w.doAll(t, m.setup)
	return w, m
}

// functionBody is the body that registers the function f.
func (w *world) functionBody(t *testing.T) map[string]any {
	t.Helper()
	return response{body: []byte(w.functionFile(t, "f", uuidA, "x + 1", ""))}.json(t)
}

func (w *world) doAll(t *testing.T, all []wire) {
	t.Helper()
	for _, one := range all {
		w.must(t, one.method, one.path, one.body)
	}
}

// under sends a request under a key.
func (w *world) under(t *testing.T, key string, sent wire) response {
	t.Helper()
	return w.do(t, sent.method, sent.path, sent.body, "Idempotency-Key", key)
}
