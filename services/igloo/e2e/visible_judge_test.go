package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// How much of a crowd is looked at.
const (
	crowdRounds  = 4
	crowdChanges = 30
)

// TestListsShowWhatMayBeLoaded: whatever people were granted, by whatever way, and
// whatever became of what there is since, a list never holds a name that a load
// refuses, and holds every name that a load allows; page by page too.
func TestListsShowWhatMayBeLoaded(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			t.Parallel()
			newCrowd(t, shape).live((*crowd).judgeHouseTables)
		})
		t.Run(shape.Name+" by policies", func(t *testing.T) {
			t.Parallel()
			policies := filepath.Join(t.TempDir(), "policies.cedar")
			if err := os.WriteFile(policies, []byte(crowdPolicies), 0o600); err != nil {
				t.Fatal(err)
			}
			c := newCrowd(t, shape, "--authorization", "cedar", "--authorization-policies", policies)
			c.policies = true
			c.live()
		})
	}
}

// crowdPolicies tell people apart by names, owners, groups and roles.
const crowdPolicies = `
permit(principal, action in Action::"own", resource is Table) when { resource has owner && resource.owner == principal };
permit(principal in Group::"corp:left", action in Action::"select", resource) when { resource has name && resource.name like "a*" };
permit(principal == User::"corp:ben", action in Action::"list", resource);
permit(principal in Role::"one", action in Action::"write", resource in Namespace::"default/a_b");
permit(principal == User::"corp:cat", action in Action::"create", resource);
forbid(principal, action in Action::"describe", resource is View) when { resource.name == "axb" };
`

// live changes what there is, and looks at it with everybody's eyes, by turns.
func (c *crowd) live(further ...func(*crowd, string)) {
	c.t.Helper()
	for range crowdRounds {
		for range crowdChanges {
			c.change()
		}
		time.Sleep(2 * crowdLag) // nobody decides by what was before
		for _, who := range c.people() {
			c.judge(who)
			for _, judge := range further {
				judge(c, who)
			}
		}
		if c.t.Failed() {
			c.t.Fatalf("granted: %s", strings.Join(c.granted, "\n"))
		}
	}
}

// judge compares the catalog's lists with its loads.
func (c *crowd) judge(who string) {
	c.t.Helper()
	inside := c.namespaces()
	for _, ns := range append([][]string{nil}, inside...) {
		c.compare(who, ns, "namespaces", func(name string) string { return c.path(append(slices.Clone(ns), name)) })
		if ns == nil {
			continue
		}
		for _, kind := range []string{"tables", "views"} {
			c.compare(who, ns, kind, func(name string) string { return c.path(ns) + "/" + kind + "/" + url.PathEscape(name) })
		}
	}
}

// compare compares one list with loads of all that the owner finds there.
func (c *crowd) compare(who string, ns []string, kind string, at func(name string) string) {
	c.t.Helper()
	loads := []string{}
	for _, name := range c.listed("owner", ns, kind) {
		switch status, _ := c.must(who, http.MethodGet, at(name), ""); status {
		case http.StatusOK:
			loads = append(loads, name)
		case http.StatusForbidden, http.StatusNotFound: // that is said of what is below a table that they see
		default:
			c.t.Errorf("%s by %s: %d", at(name), who, status)
		}
	}
	shown := c.listed(who, ns, kind)
	if shown == nil && (c.policies || len(loads) == 0) {
		return // policies may forbid to list what they allow to load
	}
	slices.Sort(shown)
	slices.Sort(loads)
	if !slices.Equal(shown, loads) {
		c.t.Errorf("%s of %q, for %s: shown are %q, loaded can be %q", kind, ns, who, shown, loads)
	}
}

// judgeHouseTables compares the lists over /hts with what is loaded one by one.
func (c *crowd) judgeHouseTables(who string) {
	c.t.Helper()
	for _, ns := range c.namespaces() {
		id := catalog.Namespace(ns).DatabaseID()
		var loads []string
		for _, name := range c.listed("owner", ns, "tables") {
			if strings.Contains(name, "%") {
				continue // is no name there
			}
			if status, _ := c.must(who, http.MethodGet, c.d.HTS+"/hts/tables?"+url.Values{"databaseId": {id}, "tableId": {name}}.Encode(), ""); status == http.StatusOK {
				loads = append(loads, name)
			}
		}
		for _, prefix := range []string{"", "/v1"} {
			_, page := c.must(who, http.MethodGet, c.d.HTS+prefix+"/hts/tables/query?"+url.Values{"databaseId": {id}}.Encode(), "")
			if shown := tableIDs(page); !slices.Equal(shown, loads) {
				c.t.Errorf("%s/hts/tables/query of %q, for %s: shown are %q, loaded can be %q", prefix, id, who, shown, loads)
			}
		}
	}
}

// tableIDs are those of a page of user tables.
func tableIDs(page map[string]any) []string {
	if inner, paged := page["pageResults"].(map[string]any); paged {
		page = map[string]any{"results": inner["content"]}
	}
	var ids []string
	for _, row := range list(page["results"]) {
		if id := row.(map[string]any)["tableId"].(string); !strings.Contains(id, "%") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
