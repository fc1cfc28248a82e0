package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/idptest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog/catalogtest"
)

// enrolled is a cell with who sends it.
type enrolled struct {
	catalogtest.Cell

	who string
}

// R2: each request, by who has exactly one privilege on the server, the warehouse, the
// namespace or the thing itself, is let through if the rule says so, and else is
// refused with its kind, and changes nothing.
func TestMatrixOfRights(t *testing.T) {
	for _, e := range catalogtest.Requests() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t, planning(t), delegating)
			cells := e.Cells()
			all := make([]enrolled, len(cells))
			for i, c := range cells {
				all[i] = g.enrol(t, c, fmt.Sprintf("c%d", i))
			}
			g.settle()
			for _, c := range all {
				g.judge(t, c)
			}
		})
	}
}

// enrol makes what a cell's request is about, and who sends it.
func (g *guarded) enrol(t *testing.T, c catalogtest.Cell, name string) enrolled {
	t.Helper()
	c.Scene = c.Prepare(t, name, g.folder, func(method, path, body string) map[string]any { return g.root(t, method, path, body) })
	who := "user-" + name
	if c.Privilege != 0 {
		g.give(t, "user:corp:"+who, c.Privilege, c.At.Granted(c.Scene))
	}
	return enrolled{c, who}
}

func (g *guarded) judge(t *testing.T, c enrolled) {
	t.Helper()
	applied := g.hts.Applied()
	r := g.do(t, c.Method, c.PathIn(c.Scene), c.BodyIn(c.Scene), g.as(t, c.who)...)
	if r.status != c.Want() {
		t.Errorf("%s, by who may %s on the %s (level %d): %d %s, want %d", c.Name, c.Privilege, c.At.Kind(), c.At, r.status, r.body, c.Want())
		return
	}
	if r.status != 403 {
		return
	}
	if g.hts.Applied() != applied {
		t.Errorf("%s, by who may %s on the %s: it was refused and done", c.Name, c.Privilege, c.At.Kind())
	}
	if c.Method == http.MethodHead {
		return
	}
	if message, kind := r.problem(t); kind != "ForbiddenException" || !strings.HasPrefix(message, "corp:"+c.who+" may not ") {
		t.Errorf("%s: %s %q", c.Name, kind, message)
	}
}

// Who has no token, or one that proves nothing, is not let in; who comes from
// another provider, or has their rights in another warehouse, may do nothing here.
func TestMatrixOfTokens(t *testing.T) {
	g := newGuarded(t, planning(t), delegating)
	g.hts.AddWarehouse("elsewhere", "")
	g.give(t, "user:corp:tenant", authz.Own, &htsv1.AccessObject{Kind: "warehouse", Warehouse: "elsewhere"})
	g.give(t, "user:corp:owner", authz.Own, &htsv1.AccessObject{Kind: "server"})
	stranger := idptest.New(t)
	requests := catalogtest.Requests()
	all := make([]enrolled, len(requests))
	for i, r := range requests {
		all[i] = g.enrol(t, catalogtest.Cell{Request: r}, fmt.Sprintf("c%d", i))
	}
	g.settle()
	senders := []struct {
		name, token string
		status      int
	}{
		{"nobody", "", 401},
		{"who has a token that is none", "x.y.z", 401},
		{"who comes too late", g.corp.Token(t, idptest.Claims{"sub": "owner", "exp": 1700000000}), 401},
		{"who has a token for somebody else", g.corp.Token(t, idptest.Claims{"sub": "owner", "aud": "another"}), 401},
		{"who comes from an unknown provider", stranger.Token(t, idptest.Claims{"sub": "owner"}), 401},
		{"the owner's namesake of another provider", g.other.Token(t, idptest.Claims{"sub": "owner"}), 403},
		{"the owner of another warehouse", g.corp.Token(t, idptest.Claims{"sub": "tenant"}), 403},
	}
	for _, c := range all {
		for _, s := range senders {
			var header []string
			if s.token != "" {
				header = []string{"Authorization", "Bearer " + s.token}
			}
			if r := g.do(t, c.Method, c.PathIn(c.Scene), c.BodyIn(c.Scene), header...); r.status != s.status {
				t.Errorf("%s, by %s: %d %s, want %d", c.Name, s.name, r.status, r.body, s.status)
			}
		}
	}
}
