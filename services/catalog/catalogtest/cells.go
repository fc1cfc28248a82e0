package catalogtest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Cell is a request by who has one privilege on one thing, and nothing else.
type Cell struct {
	Request

	Privilege authz.Privilege
	At        Level
	// Scene is what it is about.
	Scene
}

// Scene is what a request is about: namespaces of its own.
type Scene struct {
	N, M string
	// fill puts into path and body what was made for it.
	fill *strings.Replacer
}

// Cells are all there are of a request.
func (r Request) Cells() []Cell {
	levels := []Level{OnServer, OnWarehouse, OnNamespace, OnTable}
	for _, t := range r.Takes {
		if !slices.Contains(levels, t.On) {
			levels = append(levels, t.On)
		}
	}
	var all []Cell
	for _, at := range levels {
		for _, p := range authz.Privileges() {
			if p != authz.Member && p.CheckGrantable("privilege", at.Kind()) == nil {
				all = append(all, Cell{Request: r, Privilege: p, At: at})
			}
		}
	}
	return all
}

// Success is the status of what is allowed.
func (r Request) Success() int {
	if r.Status == 0 {
		return 200
	}
	return r.Status
}

// Reads reports whether the request changes nothing though it is allowed.
func (r Request) Reads() bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// Want is the status by the whole rule.
func (c Cell) Want() int {
	if !c.allowed() {
		return 403
	}
	return c.Success()
}

func (c Cell) allowed() bool {
	refused := slices.ContainsFunc(c.Takes, func(t Taken) bool { return !c.Privilege.Includes(t.Privilege) || !c.At.covers(t.On) })
	return !refused || c.Passes && c.Privilege.Includes(c.Takes[0].Privilege) && c.passage()
}

// passage reports whether what is granted is in what is asked about.
func (c Cell) passage() bool {
	return c.Takes[0].On == OnWarehouse || c.At <= OnFunction
}

// Kind is what is at a level.
func (l Level) Kind() authz.Kind {
	return [...]authz.Kind{
		OnServer: authz.KindServer, OnWarehouse: authz.KindWarehouse, OnNamespace: authz.KindNamespace,
		OnTable: authz.KindTable, OnView: authz.KindView, OnFunction: authz.KindFunction, OnOther: authz.KindNamespace,
	}[l]
}

// covers reports whether what is granted at a level is granted on another.
func (l Level) covers(on Level) bool {
	switch l {
	case OnServer:
		return true
	case OnWarehouse:
		return on != OnServer
	case OnNamespace:
		return on >= OnNamespace && on <= OnFunction
	default:
		return l == on
	}
}

// Granted names an object as grants do: a level of a scene.
func (l Level) Granted(s Scene) *htsv1.AccessObject {
	o := &htsv1.AccessObject{Warehouse: "default", DatabaseId: s.N}
	switch l {
	case OnServer:
		return &htsv1.AccessObject{Kind: "server"}
	case OnWarehouse:
		return &htsv1.AccessObject{Kind: "warehouse", Warehouse: "default"}
	case OnNamespace:
		o.Kind = "namespace"
	case OnTable:
		o.Kind, o.TableId = "table", "t"
	case OnView:
		o.Kind, o.TableId = "view", "v"
	case OnFunction:
		o.Kind, o.TableId = "function", "f"
	default:
		o.Kind, o.DatabaseId = "namespace", s.M
	}
	return o
}

// Prepare makes what a request is about, in namespaces of that name, and with files
// below the folder; do makes a request that has to succeed, and decodes the answer.
func (r Request) Prepare(t testing.TB, name, folder string, do func(method, path, body string) map[string]any) Scene {
	t.Helper()
	s := Scene{N: name, M: name + "_m"}
	for _, ns := range []string{s.N, s.M} {
		do("POST", namespaces, fmt.Sprintf(`{"namespace":[%q]}`, ns))
	}
	in := namespaces + "/" + s.N
	do("POST", in+"/tables", `{"name":"t","schema":`+schema+`}`)
	pairs := []string{"{n}", s.N, "{m}", s.M, "{uuid}", uuid.NewString(), "{folder}", folder}
	needs := func(what string) bool { return strings.Contains(r.Path+r.Body, what) }
	if slices.ContainsFunc(r.Takes, func(t Taken) bool { return t.On == OnView }) {
		do("POST", in+"/views", `{"name":"v",`+viewOf+`}`)
	}
	if slices.ContainsFunc(r.Takes, func(t Taken) bool { return t.On == OnFunction }) {
		do("POST", in+"/register-function", registers("f", functionAt(t, folder)))
	}
	if needs("{table}") {
		do("POST", in+"/tables", `{"name":"loose","schema":`+schema+`}`)
		pairs = append(pairs, "{table}", do("POST", in+"/tables/loose/unregister", "")["metadata-location"].(string))
	}
	if needs("{view}") {
		pairs = append(pairs, "{view}", do("POST", in+"/views", `{"name":"loose",`+viewOf+`}`)["metadata-location"].(string))
		do("DELETE", in+"/views/loose", "")
	}
	if needs("{function}") {
		pairs = append(pairs, "{function}", functionAt(t, folder))
	}
	s.fill = strings.NewReplacer(pairs...)
	return s
}

// PathIn is the path of the request in a scene.
func (r Request) PathIn(s Scene) string { return s.fill.Replace(r.Path) }

// BodyIn is the body of the request in a scene.
func (r Request) BodyIn(s Scene) string { return s.fill.Replace(r.Body) }

// functionAt writes a function's metadata and returns where.
func functionAt(t testing.TB, folder string) string {
	t.Helper()
	file := filepath.Join(folder, uuid.NewString()+".metadata.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, function, uuid.NewString()), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + file
}
