package rest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/catalogtest"
)

const (
	bob  = "user:corp:bob"
	nT   = nTables + "/t"
	lend = "view.security"
)

// What is granted in the namespace n.
var (
	onN = catalogtest.OnNamespace.Granted(catalogtest.Scene{N: "n"})
	onT = catalogtest.OnTable.Granted(catalogtest.Scene{N: "n"})
)

// definition is a view to be made in the namespace n.
type definition struct {
	name, sql  string
	dialect    string
	catalog    string
	properties map[string]string
}

func (d definition) creation(t *testing.T) string {
	t.Helper()
	if d.dialect == "" {
		d.dialect = "spark"
	}
	version := map[string]any{
		"version-id": 1, "timestamp-ms": 1700000000000, "schema-id": 0, "summary": map[string]any{}, "default-namespace": []string{"n"},
		"representations": []any{map[string]any{"type": "sql", "sql": d.sql, "dialect": d.dialect}},
	}
	if d.catalog != "" {
		version["default-catalog"] = d.catalog
	}
	body, err := json.Marshal(map[string]any{"name": d.name, "schema": json.RawMessage(schema), "view-version": version, "properties": d.properties})
	check(t, err)
	return string(body)
}

// definers is a world in which bob may create in n and select the table t, and ann may
// select nothing but views, as far as she is given any.
func definers(t *testing.T) *guarded {
	t.Helper()
	g := withRights(t, delegating, planning(t))
	g.give(t, bob, authz.Create, onN)
	g.give(t, bob, authz.Select, onT)
	g.settle()
	return g
}

// defines makes a view of somebody, which lends what they may select.
func (g *guarded) defines(t *testing.T, who, name, sql string) {
	t.Helper()
	g.makes(t, who, definition{name: name, sql: sql, properties: map[string]string{lend: "definer"}})
}

func (g *guarded) makes(t *testing.T, who string, d definition) {
	t.Helper()
	g.must(t, "POST", nViews, d.creation(t), g.as(t, who)...)
}

// view is a view of the namespace n as grants name it.
func grantedView(name string) *htsv1.AccessObject {
	return &htsv1.AccessObject{Kind: "view", Warehouse: "default", DatabaseId: "n", TableId: name}
}

// revoke takes from somebody what they were granted.
func (g *guarded) revoke(t *testing.T, grantee string, privilege authz.Privilege, on *htsv1.AccessObject) {
	t.Helper()
	_, err := g.hts.Revoke(t.Context(), &htsv1.RevokeRequest{Grants: []*htsv1.Grant{{Grantee: grantee, Privilege: privilege.String(), Object: on}}})
	check(t, err)
}

// through is a path with the views of n through which one comes there.
func through(path string, views ...string) string {
	for i := range views {
		views[i] = "n%1F" + url.QueryEscape(views[i])
	}
	return path + "?referenced-by=" + strings.Join(views, ",")
}

// reads and refuses load the table as ann, through views.
func (g *guarded) reads(t *testing.T, views ...string) {
	t.Helper()
	g.must(t, "GET", through(nT, views...), "", g.as(t, "ann")...)
}

func (g *guarded) refuses(t *testing.T, why string, views ...string) {
	t.Helper()
	message := g.refused(t, 403, "ForbiddenException", "GET", through(nT, views...), "", g.as(t, "ann")...)
	if !strings.HasPrefix(message, "corp:ann may not describe table n.t in warehouse default") || !strings.Contains(message, why) {
		t.Errorf("%v: %s", views, message)
	}
}

// V2: a view lends what its owner may select, to who may select it, for reading.
func TestViewsLend(t *testing.T) {
	g := definers(t)
	g.defines(t, "bob", "one,two", "SELECT * FROM t")
	g.give(t, ann, authz.Select, grantedView("one,two"))
	g.settle()
	g.refused(t, 403, "ForbiddenException", "GET", nT, "", g.as(t, "ann")...)
	g.reads(t, "one,two")
	loaded := g.must(t, "GET", through(nT, "one,two"), "", append(g.as(t, "ann"), wants, vended)...)
	if keys := loaded["storage-credentials"].([]any); len(keys) != 1 {
		t.Errorf("keys %v", keys)
	}
	if keys := g.must(t, "GET", through(nT+"/credentials", "one,two"), "", g.as(t, "ann")...)["storage-credentials"].([]any); len(keys) != 1 {
		t.Errorf("keys %v", keys)
	}
	g.refused(t, 403, "ForbiddenException", "GET", nT+"/credentials", "", g.as(t, "ann")...)
	g.must(t, "POST", through(nT+"/plan", "one,two"), "{}", g.as(t, "ann")...)
	g.refused(t, 403, "ForbiddenException", "POST", nT+"/plan", "{}", g.as(t, "ann")...)
}

// V2: who comes through views is told where requests are signed for them, for reading.
func TestViewsLendSignatures(t *testing.T) {
	g := definers(t)
	g.defines(t, "bob", "one,two", "SELECT * FROM t")
	g.give(t, ann, authz.Select, grantedView("one,two"))
	g.settle()
	first := g.do(t, "GET", through(nT, "one,two"), "", append(g.as(t, "ann"), wants, "remote-signing")...)
	path := signer(t, first.json(t))
	if r := g.do(t, "POST", path, asks("GET"), g.as(t, "ann")...); r.status != 200 || !strings.Contains(string(r.body), "write false") {
		t.Errorf("%s: %d %s", path, r.status, r.body)
	}
	g.refused(t, 403, "ForbiddenException", "POST", path, asks("PUT"), g.as(t, "ann")...)
	g.refused(t, 403, "ForbiddenException", "POST", nT+"/sign", asks("GET"), g.as(t, "ann")...)
	again := append(g.as(t, "ann"), wants, "remote-signing", "If-None-Match", tagIn(first))
	if r := g.do(t, "GET", through(nT, "one,two"), "", again...); r.status != 304 {
		t.Errorf("the same way: %d", r.status)
	}
	g.defines(t, "bob", "other", "SELECT * FROM t")
	g.give(t, ann, authz.Select, grantedView("other"))
	g.settle()
	if r := g.do(t, "GET", through(nT, "other"), "", again...); r.status != 200 {
		t.Errorf("another way has another tag: %d", r.status)
	}
}

// V2: nothing but reading is lent.
func TestNothingButReadingIsLent(t *testing.T) {
	g := definers(t)
	g.give(t, bob, authz.Own, onT)
	g.defines(t, "bob", "w", "SELECT * FROM t")
	g.give(t, ann, authz.Select, grantedView("w"))
	g.settle()
	g.reads(t, "w")
	for _, request := range []wire{
		{"POST", through(nT, "w"), setProperty("k", "v")},
		{"DELETE", through(nT, "w"), ""},
		{"HEAD", through(nT, "w"), ""},
	} {
		if r := g.do(t, request.method, request.path, request.body, g.as(t, "ann")...); r.status != 403 {
			t.Errorf("%s: %d %s", request.method, r.status, r.body)
		}
	}
	loaded := g.do(t, "GET", through(nT, "w"), "", append(g.as(t, "ann"), wants, "remote-signing")...)
	g.refused(t, 403, "ForbiddenException", "POST", signer(t, loaded.json(t)), asks("PUT"), g.as(t, "ann")...)
}

// V2: each condition is looked up, whatever the client says.
func TestWhatViewsDoNotLend(t *testing.T) {
	g := definers(t)
	g.defines(t, "bob", "good", "SELECT * FROM t")
	g.defines(t, "bob", "hidden", "SELECT * FROM t")
	g.defines(t, "bob", "string", "SELECT 't', t.x FROM u AS t -- FROM t")
	g.makes(t, "bob", definition{name: "invoker", sql: "SELECT * FROM t"})
	g.makes(t, "bob", definition{name: "elsewhere", sql: "SELECT * FROM t", catalog: "other", properties: map[string]string{lend: "definer"}})
	g.makes(t, "bob", definition{name: "unknown", sql: "SELECT * FROM t", dialect: "abacus", properties: map[string]string{lend: "definer"}})
	g.makes(t, "bob", definition{name: "trino", sql: `SELECT * FROM "default".N.T`, dialect: "trino", properties: map[string]string{"trino.run-as-owner": "bob"}})
	g.makes(t, "bob", definition{name: "carols", sql: "SELECT * FROM t", properties: map[string]string{"trino.run-as-owner": "carol"}})
	g.makes(t, "bob", definition{name: "both", sql: "SELECT * FROM t", properties: map[string]string{"trino.run-as-owner": "bob", lend: "invoker"}})
	for _, name := range []string{"good", "string", "invoker", "elsewhere", "unknown", "trino", "carols", "both"} {
		g.give(t, ann, authz.Select, grantedView(name))
	}
	g.settle()
	g.reads(t, "good")
	g.reads(t, "trino")
	g.refuses(t, "corp:ann may not select view n.hidden", "hidden")
	g.refuses(t, "corp:ann may not select view n.none", "none")
	g.refuses(t, "corp:ann may not select view n.t", "t")
	for _, name := range []string{"string", "elsewhere", "unknown"} {
		g.refuses(t, "cannot be told from the SQL of view n."+name, name)
	}
	for _, name := range []string{"invoker", "carols", "both"} {
		g.refuses(t, "none of the views lends", name)
	}
	g.refuses(t, "it reads from n.good", "invoker", "good")
	g.hts.SetWarehouseProperties("default", map[string]string{"view.catalog-names": "lake, other"})
	g.reads(t, "elsewhere")
}

// V2: a right of an owner ends with the owner's own, for everybody.
func TestWhatAnOwnerLostIsNotLent(t *testing.T) {
	g := definers(t)
	g.defines(t, "bob", "w", "SELECT * FROM t")
	g.give(t, ann, authz.Select, grantedView("w"))
	g.settle()
	g.reads(t, "w")
	g.revoke(t, bob, authz.Select, onT)
	g.settle()
	g.refuses(t, "corp:bob may not select table n.t", "w")
	g.give(t, "role:readers", authz.Select, onT)
	g.give(t, bob, authz.Member, &htsv1.AccessObject{Kind: "role", Role: "readers"})
	g.settle()
	g.reads(t, "w")
	g.revoke(t, ann, authz.Select, grantedView("w"))
	g.settle()
	g.refuses(t, "corp:ann may not select view n.w", "w")
}

// V2: through a chain each view has to be open to whose rights it is gone on with: those
// of the last view's owner that lends, or the caller's.
func TestViewsOfViewsLend(t *testing.T) {
	g := definers(t)
	g.give(t, "user:corp:carol", authz.Create, onN)
	g.settle()
	g.defines(t, "bob", "base", "SELECT * FROM n.t")
	g.makes(t, "carol", definition{name: "middle", sql: "SELECT * FROM base"})
	g.defines(t, "carol", "outer", "WITH x AS (SELECT * FROM middle) SELECT * FROM x")
	g.give(t, ann, authz.Select, grantedView("outer"))
	g.settle()
	g.refuses(t, "corp:carol may not select view n.base", "outer", "middle", "base")
	g.give(t, "user:corp:carol", authz.Select, grantedView("base"))
	g.settle()
	g.reads(t, "outer", "middle", "base")
	g.must(t, "GET", through(nViews+"/middle", "outer"), "", g.as(t, "ann")...)
	g.must(t, "GET", through(nViews+"/base", "outer", "middle"), "", g.as(t, "ann")...)
	g.refused(t, 403, "ForbiddenException", "GET", through(nViews+"/base", "outer"), "", g.as(t, "ann")...)
	g.refused(t, 404, "NoSuchTableException", "GET", through(nTables+"/middle", "outer"), "", g.as(t, "ann")...) // as engines ask first
	g.refused(t, 403, "ForbiddenException", "GET", through(nTables+"/base", "outer"), "", g.as(t, "ann")...)
	g.refused(t, 403, "ForbiddenException", "GET", nViews+"/middle", "", g.as(t, "ann")...)
	g.refuses(t, "may not select view n.base", "base")
	g.refuses(t, "may not select view n.middle", "middle", "base")
	g.refuses(t, "SQL of view n.outer", "outer", "base")
	g.refuses(t, "corp:ann may not select view n.base", "base", "outer", "middle")

	g.makes(t, "carol", definition{name: "narrow", sql: "SELECT * FROM base"})
	g.give(t, ann, authz.Select, grantedView("narrow"))
	g.settle()
	g.refuses(t, "corp:ann may not select view n.base", "narrow", "base")
	g.give(t, ann, authz.Select, grantedView("base"))
	g.settle()
	g.reads(t, "narrow", "base")
}

// V2: whoever else changes a view lends nothing of its owner's, nor makes the owner lend.
func TestNobodyElseDefinesWhatIsLent(t *testing.T) {
	g := definers(t)
	g.defines(t, "bob", "w", "SELECT * FROM u")
	g.makes(t, "bob", definition{name: "plain", sql: "SELECT * FROM t"})
	for _, name := range []string{"w", "plain"} {
		g.give(t, ann, authz.Select, grantedView(name))
		g.give(t, "user:corp:mallory", authz.Write, grantedView(name))
		g.give(t, "user:corp:mallory", authz.Drop, grantedView(name))
	}
	g.give(t, "user:corp:mallory", authz.Create, onN)
	g.settle()
	lends := fmt.Sprintf(`{"updates":[{"action":"set-properties","updates":{%q:"definer"}}]}`, lend)
	stops := fmt.Sprintf(`{"updates":[{"action":"remove-properties","removals":[%q]}]}`, lend)
	for _, who := range []string{"mallory", "root"} {
		for path, body := range map[string]string{nViews + "/w": replacesView("SELECT * FROM t"), nViews + "/plain": lends} {
			header := append(g.as(t, who), "Idempotency-Key", uuid.NewString())
			for range 2 {
				if message := g.refused(t, 403, "ForbiddenException", "POST", path, body, header...); !strings.Contains(message, "its owner") {
					t.Error(message)
				}
			}
		}
	}
	g.refused(t, 403, "ForbiddenException", "POST", nViews+"/w", stops, g.as(t, "mallory")...)
	g.must(t, "POST", nViews+"/plain", replacesView("SELECT * FROM t"), g.as(t, "mallory")...)

	g.must(t, "POST", nViews+"/w", replacesView("SELECT * FROM t"), g.as(t, "bob")...)
	g.reads(t, "w")
	g.must(t, "POST", "/v1/views/rename", renames("w", "moved"), g.as(t, "mallory")...)
	g.refuses(t, "none of the views lends", "moved")
	g.must(t, "POST", nViews+"/moved", `{"updates":[{"action":"set-properties","updates":{"k":"bob looked"}}]}`, g.as(t, "bob")...)
	g.reads(t, "moved")
}

// V2: what a client says of views takes away nothing that the caller has without them.
func TestOwnRightsNeedNoViews(t *testing.T) {
	g := definers(t)
	g.defines(t, "bob", "w", "SELECT * FROM t")
	g.give(t, ann, authz.Describe, onT)
	g.settle()
	g.reads(t, "none", "of", "them")
	loaded := g.must(t, "GET", through(nT, "w"), "", append(g.as(t, "ann"), wants, vended)...)
	if keys, given := loaded["storage-credentials"].([]any); given && len(keys) != 0 {
		t.Errorf("who may describe is given %v", keys)
	}
	g.give(t, ann, authz.Select, grantedView("w"))
	g.settle()
	loaded = g.must(t, "GET", through(nT, "w"), "", append(g.as(t, "ann"), wants, vended)...)
	if keys := loaded["storage-credentials"].([]any); len(keys) != 1 {
		t.Errorf("keys %v", keys)
	}
	g.give(t, ann, authz.Write, onT)
	g.settle()
	if r := g.do(t, "POST", through(nT+"/sign", "w"), asks("PUT"), g.as(t, "ann")...); r.status != 200 {
		t.Errorf("who may write: %d %s", r.status, r.body)
	}
}

// V1: on every route that takes it, what is no list of views is refused.
func TestReferencesAreRefusedByName(t *testing.T) {
	g := definers(t)
	long := make([]string, catalog.MaxReferences+1)
	for i := range long {
		long[i] = fmt.Sprint("v", i)
	}
	for _, request := range []wire{
		{"GET", nT, ""}, {"GET", nViews + "/v", ""}, {"GET", nT + "/credentials", ""}, {"POST", nT + "/sign", asks("GET")}, {"POST", nT + "/plan", "{}"},
	} {
		for _, path := range []string{request.path + "?referenced-by=v", request.path + "?referenced-by=n%1Fv,", through(request.path, long...), through(request.path, "v", "w", "v")} {
			message := g.refused(t, 400, "BadRequestException", request.method, path, request.body, g.as(t, "root")...)
			if !strings.HasPrefix(message, "referenced-by: ") {
				t.Errorf("%s: %s", path, message)
			}
		}
		if r := g.do(t, request.method, request.path+"?referenced-by=", request.body, g.as(t, "root")...); r.status != 200 {
			t.Errorf("%s, of none: %d %s", request.path, r.status, r.body)
		}
	}
}
