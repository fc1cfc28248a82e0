package rest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog/catalogtest"
)

const ann = "user:corp:ann"

// withRights is a guarded world with a namespace n, in which are a table t and a view v.
func withRights(t *testing.T, change ...func(*choices)) *guarded {
	t.Helper()
	g := newGuarded(t, change...)
	g.root(t, "POST", eNamespaces, `{"namespace":["n"]}`)
	g.root(t, "POST", nTables, creates("t"))
	g.root(t, "POST", nViews, createsView("v"))
	return g
}

func TestRights(t *testing.T) {
	t.Run("R5 what was done under a key is neither repeated nor refused to who may not do it any more", revokedReplay)
	t.Run("what took the right with it is told again under its key", goneReplay)
	t.Run("a commit that was never applied is refused under its key as without", refusedReplay)
	t.Run("R4 a grant stays with its table", notInherited)
	t.Run("R3 what is not there is refused as what is", hidden)
	t.Run("R3 engines find views, and the metadata tables of a table", neighboursAreTold)
	t.Run("L6 who makes something owns it, and nothing beside it", owners)
	t.Run("R2 whatever one has in a warehouse leads there", passageByAnything)
	t.Run("R6 access to files is by right, and a tag by access", tagByRight)
	t.Run("what is registered over a table takes the right to it", registeredOver)
	t.Run("a table in the making is signed for by who may make it", stagedByRight)
}

func revokedReplay(t *testing.T) {
	g := withRights(t)
	on := catalogtest.OnTable.Granted(catalogtest.Scene{N: "n"})
	g.give(t, ann, authz.Write, on)
	g.settle()
	header := append(g.as(t, "ann"), "Idempotency-Key", uuid.NewString())
	g.must(t, "POST", table, setProperty("k", "v"), header...)
	g.must(t, "POST", table, setProperty("k", "v"), header...)
	g.take(t, authz.Write, on)
	g.settle()
	message := g.refused(t, 500, "CommitStateUnknownException", "POST", table, setProperty("k", "v"), header...)
	if !strings.Contains(message, "corp:ann may not write table n.t") {
		t.Error(message)
	}
	g.refused(t, 403, "ForbiddenException", "POST", table, setProperty("k", "v"), g.as(t, "ann")...)
}

func goneReplay(t *testing.T) {
	for _, path := range []string{table, table + "?purgeRequested=true"} {
		g := withRights(t)
		g.give(t, ann, authz.Drop, catalogtest.OnTable.Granted(catalogtest.Scene{N: "n"}))
		g.settle()
		header := append(g.as(t, "ann"), "Idempotency-Key", uuid.NewString())
		for range 2 {
			g.must(t, "DELETE", path, "", header...)
		}
		g.refused(t, 403, "ForbiddenException", "DELETE", path, "", g.as(t, "ann")...)
		g.refused(t, 400, "BadRequestException", "DELETE", path, "", append(g.as(t, "bob"), "Idempotency-Key", header[3])...)
	}
}

func refusedReplay(t *testing.T) {
	g := withRights(t)
	header := append(g.as(t, "ann"), "Idempotency-Key", uuid.NewString())
	for range 2 {
		g.refused(t, 403, "ForbiddenException", "POST", table, setProperty("k", "v"), header...)
	}
	g.give(t, ann, authz.Write, catalogtest.OnTable.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	g.must(t, "POST", table, setProperty("k", "v"), header...)
}

func notInherited(t *testing.T) {
	g := withRights(t)
	g.give(t, ann, authz.Own, catalogtest.OnTable.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	g.must(t, "GET", table, "", g.as(t, "ann")...)
	g.root(t, "POST", "/v1/tables/rename", renames("t", "moved"))
	g.root(t, "POST", nTables, creates("t"))
	g.must(t, "GET", nTables+"/moved", "", g.as(t, "ann")...)
	for _, request := range []wire{
		{"GET", table, ""},
		{"POST", table, setProperty("k", "v")},
		{"DELETE", table, ""},
		{"POST", table + "/metrics", `{"report-type":"x"}`},
		{"POST", "/v1/transactions/commit", `{"table-changes":[{"identifier":{"namespace":["n"],"name":"t"},"requirements":[],"updates":[]},
			{"identifier":{"namespace":["n"],"name":"moved"},"requirements":[],"updates":[]}]}`},
	} {
		g.refused(t, 403, "ForbiddenException", request.method, request.path, request.body, g.as(t, "ann")...)
	}
}

func hidden(t *testing.T) {
	g := withRights(t)
	g.give(t, "user:corp:lister", authz.List, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.give(t, "user:corp:reader", authz.Describe, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.give(t, "user:corp:maker", authz.Create, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	for _, who := range []string{"ann", "lister"} {
		for _, there := range []struct{ method, is, not string }{
			{"GET", table, nTables + "/x"},
			{"GET", "/v1/namespaces/n/views/v", "/v1/namespaces/n/views/x"},
			{"DELETE", table, nTables + "/x"},
			{"GET", "/v1/namespaces/n", "/v1/namespaces/x"},
			{"GET", "/v1/config?warehouse=default", "/v1/config?warehouse=x"},
		} {
			if who == "lister" && strings.Contains(there.is, "config") {
				continue
			}
			is := g.refused(t, 403, "ForbiddenException", there.method, there.is, "", g.as(t, who)...)
			not := g.refused(t, 403, "ForbiddenException", there.method, there.not, "", g.as(t, who)...)
			if strings.NewReplacer(" n.t ", " n.x ", " n.v ", " n.x ", "namespace n ", "namespace x ", "warehouse default", "warehouse x").Replace(is) !=
				strings.ReplaceAll(not, "warehouse default", "warehouse x") {
				t.Errorf("%s %s: %q, and of what is not there %q", who, there.is, is, not)
			}
		}
	}
	for _, who := range []string{"reader", "maker"} {
		g.refused(t, 404, "NoSuchTableException", "GET", nTables+"/x", "", g.as(t, who)...)
		g.refused(t, 404, "NoSuchTableException", "DELETE", nTables+"/x", "", g.as(t, who)...)
	}
	g.refused(t, 404, "NoSuchWarehouseException", "GET", "/v1/config?warehouse=x", "", g.as(t, "root")...)
}

func owners(t *testing.T) {
	g := withRights(t)
	g.give(t, ann, authz.Create, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	g.must(t, "POST", nTables, creates("mine"), g.as(t, "ann")...)
	g.must(t, "POST", nTables+"/mine", setProperty("k", "v"), g.as(t, "ann")...)
	if found := names(g.must(t, "GET", nTables, "", g.as(t, "ann")...)); !slices.Equal(found, []string{"mine"}) {
		t.Errorf("ann is shown %v", found)
	}
	g.refused(t, 409, "AlreadyExistsException", "POST", nTables, creates("t"), g.as(t, "ann")...)
	g.refused(t, 403, "ForbiddenException", "GET", table, "", g.as(t, "ann")...)
	g.must(t, "GET", "/v1/namespaces/n", "", g.as(t, "ann")...)
	g.must(t, "GET", "/v1/config", "", g.as(t, "ann")...)
	g.must(t, "DELETE", nTables+"/mine", "", g.as(t, "ann")...)
	g.refused(t, 403, "ForbiddenException", "GET", "/v1/namespaces/n", "", g.as(t, "ann")...)
}

func passageByAnything(t *testing.T) {
	g := withRights(t)
	g.refused(t, 403, "ForbiddenException", "GET", "/v1/config", "", g.as(t, "ann")...)
	g.give(t, ann, authz.Create, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	g.must(t, "GET", "/v1/config", "", g.as(t, "ann")...)
	g.must(t, "POST", nTables, creates("mine"), g.as(t, "ann")...)
	g.take(t, authz.Create, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	g.must(t, "GET", "/v1/config", "", g.as(t, "ann")...)
	g.must(t, "DELETE", nTables+"/mine", "", g.as(t, "ann")...)
	g.refused(t, 403, "ForbiddenException", "GET", "/v1/config", "", g.as(t, "ann")...)
}

// names are those of a list.
func names(list map[string]any) []string {
	identifiers := list["identifiers"].([]any)
	found := make([]string, len(identifiers))
	for i, id := range identifiers {
		found[i] = id.(map[string]any)["name"].(string)
	}
	return found
}

func tagByRight(t *testing.T) {
	g := withRights(t, delegating)
	on := catalogtest.OnTable.Granted(catalogtest.Scene{N: "n"})
	g.give(t, ann, authz.Write, on)
	g.settle()
	load := func(more ...string) response {
		return g.do(t, "GET", table, "", slices.Concat(g.as(t, "ann"), []string{wants, vended}, more)...)
	}
	first := load()
	tag := tagIn(first)
	if first.status != 200 || !strings.Contains(string(first.body), "secret") || load("If-None-Match", tag).status != 304 {
		t.Fatalf("%d %s", first.status, first.body)
	}
	g.give(t, ann, authz.Select, on)
	g.take(t, authz.Write, on)
	g.settle()
	second := load("If-None-Match", tag)
	if second.status != 200 || tagIn(second) == tag {
		t.Errorf("a reader has what a writer had: %d", second.status)
	}
	g.give(t, ann, authz.Describe, on)
	g.take(t, authz.Select, on)
	g.settle()
	third := load("If-None-Match", tag+", "+tagIn(second))
	if third.status != 200 || strings.Contains(string(third.body), "secret") {
		t.Errorf("who may only look: %d %s", third.status, third.body)
	}
	g.refused(t, 403, "ForbiddenException", "GET", table+"/credentials", "", g.as(t, "ann")...)
	g.take(t, authz.Describe, on)
	g.settle()
	if r := load("If-None-Match", "*"); r.status != 403 {
		t.Errorf("who may nothing: %d", r.status)
	}
}

// tagIn is the tag of an answer that went through no network, in whatever case.
func tagIn(r response) string {
	for name, values := range r.header {
		if strings.EqualFold(name, "ETag") {
			return values[0]
		}
	}
	return ""
}

func registeredOver(t *testing.T) {
	g := withRights(t)
	location := text(g.root(t, "GET", table, ""), "metadata-location")
	body := fmt.Sprintf(`{"name":"t","overwrite":true,"metadata-location":%q}`, location)
	g.give(t, ann, authz.Create, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	g.refused(t, 403, "ForbiddenException", "POST", "/v1/namespaces/n/register", body, append(g.as(t, "ann"), "Idempotency-Key", uuid.NewString())...)
	g.give(t, ann, authz.Write, catalogtest.OnTable.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	g.must(t, "POST", "/v1/namespaces/n/register", body, g.as(t, "ann")...)
}

func stagedByRight(t *testing.T) {
	g := withRights(t, delegating)
	g.give(t, ann, authz.Create, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	staged := g.must(t, "POST", nTables, stages("new"), append(g.as(t, "ann"), wants, "remote-signing")...)
	path := signer(t, staged)
	if r := g.do(t, "POST", path, asks("PUT"), g.as(t, "ann")...); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	g.refused(t, 403, "ForbiddenException", "POST", path, asks("PUT"), g.as(t, "bob")...)
	g.give(t, ann, authz.Describe, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.take(t, authz.Create, catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	g.refused(t, 403, "ForbiddenException", "POST", path, asks("PUT"), g.as(t, "ann")...)
}

// While nobody can say who may do what, nothing is done, and it is worth trying again.
func TestNothingIsDecidedInTheDark(t *testing.T) {
	dark := fault.New(fault.Unavailable, "away")
	w := newSilentWorld(t, func(c *choices) { c.settings.Authorization = away{err: dark} })
	for _, request := range []wire{
		{"GET", "/v1/config", ""}, {"GET", table, ""}, {"GET", nTables, ""}, {"POST", table, setProperty("k", "v")}, {"POST", nTables, creates("t")},
	} {
		w.refused(t, 503, "SlowDownException", request.method, request.path, request.body)
	}
}
