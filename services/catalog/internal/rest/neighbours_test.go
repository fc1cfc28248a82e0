package rest_test

import (
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/services/catalog/catalogtest"
)

// neighboursAreTold: engines ask for a table before they take the name for a view, or
// for a metadata table of the one that the name is below. Who may describe that is told
// that there is none, be there one in a namespace that they may not see.
func neighboursAreTold(t *testing.T) {
	g := withRights(t)
	g.root(t, "POST", eNamespaces, `{"namespace":["n","t"]}`)
	g.root(t, "POST", eNamespaces+"/n%1Ft/tables", creates("files"))
	const below, secret = eNamespaces + "/n%1Ft/tables/snapshots", eNamespaces + "/n%1Ft/tables/files"
	for _, path := range []string{nTables + "/v", nViews + "/t", below, secret, nTables + "/none"} {
		g.refused(t, 403, "ForbiddenException", "GET", path, "", g.as(t, "ann")...)
	}
	g.give(t, ann, authz.Describe, catalogtest.OnTable.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	for path, want := range map[string]string{nViews + "/t": "NoSuchViewException", below: "NoSuchTableException", secret: "NoSuchTableException"} {
		g.refused(t, 404, want, "GET", path, "", g.as(t, "ann")...)
		if r := g.do(t, "HEAD", path, "", g.as(t, "ann")...); r.status != 404 {
			t.Errorf("HEAD %s: %d", path, r.status)
		}
	}
	for _, path := range []string{nTables + "/v", nTables + "/none", eNamespaces + "/n%1Fv/tables/snapshots"} {
		g.refused(t, 403, "ForbiddenException", "GET", path, "", g.as(t, "ann")...)
	}
	g.refused(t, 403, "ForbiddenException", "DELETE", secret, "", g.as(t, "ann")...)
	g.give(t, ann, authz.Describe, catalogtest.OnView.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	g.refused(t, 404, "NoSuchTableException", "GET", nTables+"/v", "", g.as(t, "ann")...)
}
