package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// oneView is what a view of one column is made of.
const oneView = `"schema":` + oneColumn + `,"view-version":{"version-id":1,"timestamp-ms":1,"schema-id":0,"summary":{},"default-namespace":["a"],"representations":[{"type":"sql","sql":"select 1","dialect":"spark"}]},"properties":{}`

// change does something to what there is or to who may do what. It may well be
// refused: what is asked is whether what is shown is what may be loaded.
func (c *crowd) change() {
	c.t.Helper()
	switch who := one(c, "owner", "owner", one(c, c.people()...)); c.random.IntN(10) {
	case 0, 1:
		c.createNamespace(who)
	case 2, 3:
		c.create(who)
	case 4:
		c.rename()
	case 5:
		c.drop(who)
	case 6:
		c.revoke()
	default:
		c.give()
	}
}

func (c *crowd) somewhere() []string {
	all := c.namespaces()
	if len(all) == 0 {
		return nil
	}
	return one(c, all...)
}

func (c *crowd) createNamespace(who string) {
	levels := append(slices.Clone(one(c, nil, c.somewhere())), c.name())
	if len(levels) <= 3 {
		c.must(who, http.MethodPost, c.path(nil), fmt.Sprintf(`{"namespace":%s}`, text(levels)))
	}
}

func (c *crowd) create(who string) {
	if ns := c.somewhere(); ns != nil {
		kind := one(c, "tables", "tables", "views")
		body := map[string]string{"tables": `"schema":` + oneColumn, "views": oneView}[kind]
		c.must(who, http.MethodPost, c.path(ns)+"/"+kind, `{"name":`+text(c.name())+`,`+body+`}`)
	}
}

// something is a table or a view; its name is empty if there is none.
func (c *crowd) something() (ns []string, kind, name string) {
	ns, kind = c.somewhere(), one(c, "tables", "tables", "views")
	if ns == nil {
		return ns, kind, ""
	}
	if names := c.listed("owner", ns, kind); len(names) > 0 {
		name = one(c, names...)
	}
	return ns, kind, name
}

func (c *crowd) rename() {
	ns, kind, name := c.something()
	if name != "" {
		c.must("owner", http.MethodPost, c.d.URL+"/v1/default/"+kind+"/rename", fmt.Sprintf(
			`{"source":{"namespace":%s,"name":%s},"destination":{"namespace":%s,"name":%s}}`, text(ns), text(name), text(c.somewhere()), text(c.name())))
	}
}

func (c *crowd) drop(who string) {
	ns, kind, name := c.something()
	switch {
	case name != "":
		c.must(who, http.MethodDelete, c.path(ns)+"/"+kind+"/"+url.PathEscape(name), "")
	case ns != nil:
		c.must(who, http.MethodDelete, c.path(ns), "")
	}
}

// give grants anything to anybody, more often what is small to few.
func (c *crowd) give() {
	grantee := one(c, "user:corp:ann", "user:corp:ben", "user:corp:cat", "user:corp:dan", "group:corp:left", "group:corp:right", "role:one", "role:two", "everyone")
	grant := fmt.Sprintf(`{"object":%s,"grantee":%q,"privilege":%q}`, c.object(), grantee, one(c, "describe", "select", "write", "drop", "own", "create", "list"))
	switch c.random.IntN(6) {
	case 0:
		grant = fmt.Sprintf(`{"object":{"kind":"role","role":%q},"grantee":%q,"privilege":"member"}`, one(c, "one", "two"), grantee)
	case 1:
		grant = fmt.Sprintf(`{"object":%s,"grantee":%q,"privilege":%q}`, one(c, `{"kind":"server"}`, `{"kind":"warehouse","warehouse":"default"}`), one(c, grantee, "user:corp:dan"), one(c, "list", "create"))
	}
	if status, _ := c.must("owner", http.MethodPost, c.d.HTS+"/hts/access/grants", `{"grants":[`+grant+`]}`); status == http.StatusNoContent {
		c.granted = append(c.granted, grant)
	}
}

func (c *crowd) object() string {
	ns, kind, name := c.something()
	if name == "" || c.random.IntN(3) == 0 {
		return fmt.Sprintf(`{"kind":"namespace","databaseId":%s}`, text(catalog.Namespace(ns).DatabaseID()))
	}
	return fmt.Sprintf(`{"kind":%q,"databaseId":%s,"tableId":%s}`, strings.TrimSuffix(kind, "s"), text(catalog.Namespace(ns).DatabaseID()), text(name))
}

func (c *crowd) revoke() {
	if len(c.granted) > 0 {
		at := c.random.IntN(len(c.granted))
		c.must("owner", http.MethodPost, c.d.HTS+"/hts/access/revocations", `{"grants":[`+c.granted[at]+`]}`)
		c.granted = slices.Delete(c.granted, at, at+1)
	}
}

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}
