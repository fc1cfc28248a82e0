package rest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// cell is a request by who has one privilege on one thing, and nothing else.
type cell struct {
	entitled

	privilege authz.Privilege
	at        level
	who       string
	// n and m are its own namespaces.
	n, m string
	// fill puts into path and body what was made for it.
	fill *strings.Replacer
}

// success is the status of what is allowed.
func (e entitled) success() int {
	if e.status == 0 {
		return 200
	}
	return e.status
}

// prepare makes what a request is about; do is who makes it.
func (w *world) prepare(t *testing.T, c *cell, name string, do func(method, path, body string) map[string]any) {
	t.Helper()
	c.who, c.n, c.m = "user-"+name, name, name+"_m"
	for _, ns := range []string{c.n, c.m} {
		do("POST", eNamespaces, fmt.Sprintf(`{"namespace":[%q]}`, ns))
	}
	in := eNamespaces + "/" + c.n
	do("POST", in+"/tables", creates("t"))
	pairs := []string{"{n}", c.n, "{m}", c.m, "{uuid}", uuid.NewString(), "{folder}", w.folder}
	needs := func(what string) bool { return strings.Contains(c.path+c.body, what) }
	if slices.ContainsFunc(c.takes, func(t taken) bool { return t.on == onView }) {
		do("POST", in+"/views", createsView("v"))
	}
	if slices.ContainsFunc(c.takes, func(t taken) bool { return t.on == onFunction }) {
		do("POST", in+"/register-function", registers("f", w.functionAt(t)))
	}
	if needs("{table}") {
		do("POST", in+"/tables", creates("loose"))
		pairs = append(pairs, "{table}", text(do("POST", in+"/tables/loose/unregister", ""), "metadata-location"))
	}
	if needs("{view}") {
		pairs = append(pairs, "{view}", text(do("POST", in+"/views", createsView("loose")), "metadata-location"))
		do("DELETE", in+"/views/loose", "")
	}
	if needs("{function}") {
		pairs = append(pairs, "{function}", w.functionAt(t))
	}
	c.fill = strings.NewReplacer(pairs...)
}

// functionAt writes a function's metadata and returns where.
func (w *world) functionAt(t *testing.T) string {
	t.Helper()
	file := filepath.Join(w.folder, uuid.NewString()+".metadata.json")
	check(t, os.WriteFile(file, fmt.Appendf(nil, `{"function-uuid":%q,"format-version":1,"definitions":[{"definition-id":"(int)","parameters":[{"name":"x","type":"int"}],
		"return-type":"int","current-version-id":1,"versions":[{"version-id":1,"deterministic":true,"representations":[{"type":"sql","dialect":"spark","sql":"x"}]}]}]}`, uuid.NewString()), 0o600))
	return "file://" + file
}
