package rest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/idptest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// kind is what is at a level.
func (l level) kind() authz.Kind {
	return [...]authz.Kind{
		onServer: authz.KindServer, onWarehouse: authz.KindWarehouse, onNamespace: authz.KindNamespace,
		onTable: authz.KindTable, onView: authz.KindView, onFunction: authz.KindFunction, onOther: authz.KindNamespace,
	}[l]
}

// covers reports whether what is granted at a level is granted on another.
func (l level) covers(on level) bool {
	switch l {
	case onServer:
		return true
	case onWarehouse:
		return on != onServer
	case onNamespace:
		return on >= onNamespace && on <= onFunction
	default:
		return l == on
	}
}

// allowed is the whole rule.
func (c cell) allowed() bool {
	refused := slices.ContainsFunc(c.takes, func(t taken) bool { return !c.privilege.Includes(t.privilege) || !c.at.covers(t.on) })
	return !refused || c.passes && c.privilege.Includes(authz.Describe) && c.passage()
}

// passage reports whether what is granted is in what is asked about.
func (c cell) passage() bool {
	return c.takes[0].on == onWarehouse || c.at <= onFunction
}

func (c cell) want() int {
	switch {
	case !c.allowed():
		return 403
	default:
		return c.success()
	}
}

// cells are all there are of a request.
func (e entitled) cells() []cell {
	levels := []level{onServer, onWarehouse, onNamespace, onTable}
	for _, t := range e.takes {
		if !slices.Contains(levels, t.on) {
			levels = append(levels, t.on)
		}
	}
	var all []cell
	for _, at := range levels {
		for _, p := range authz.Privileges() {
			if p != authz.Member && p.CheckGrantable("privilege", at.kind()) == nil {
				all = append(all, cell{entitled: e, privilege: p, at: at})
			}
		}
	}
	return all
}

// R2: each request, by who has exactly one privilege on the server, the warehouse, the
// namespace or the thing itself, is let through if the rule says so, and else is
// refused with its kind, and changes nothing.
func TestMatrixOfRights(t *testing.T) {
	for _, e := range entitlements() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t, planning(t), delegating)
			all := e.cells()
			for i := range all {
				g.enrol(t, &all[i], fmt.Sprintf("c%d", i))
			}
			g.settle()
			for _, c := range all {
				g.judge(t, c)
			}
		})
	}
}

// enrol makes what a cell's request is about, and who sends it.
func (g *guarded) enrol(t *testing.T, c *cell, name string) {
	t.Helper()
	g.prepare(t, c, name, func(method, path, body string) map[string]any { return g.root(t, method, path, body) })
	if c.privilege != 0 {
		g.give(t, "user:corp:"+c.who, c.privilege, c.at.granted(c.n, c.m))
	}
}

func (g *guarded) judge(t *testing.T, c cell) {
	t.Helper()
	applied := g.hts.Applied()
	r := g.do(t, c.method, c.fill.Replace(c.path), c.fill.Replace(c.body), g.as(t, c.who)...)
	if r.status != c.want() {
		t.Errorf("%s, by who may %s on the %s (level %d): %d %s, want %d", c.name, c.privilege, c.at.kind(), c.at, r.status, r.body, c.want())
		return
	}
	if r.status != 403 {
		return
	}
	if g.hts.Applied() != applied {
		t.Errorf("%s, by who may %s on the %s: it was refused and done", c.name, c.privilege, c.at.kind())
	}
	if c.method == "HEAD" {
		return
	}
	if message, kind := r.problem(t); kind != "ForbiddenException" || !strings.HasPrefix(message, "corp:"+c.who+" may not ") {
		t.Errorf("%s: %s %q", c.name, kind, message)
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
	all := make([]cell, len(entitlements()))
	for i, e := range entitlements() {
		all[i].entitled = e
		g.enrol(t, &all[i], fmt.Sprintf("c%d", i))
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
			if r := g.do(t, c.method, c.fill.Replace(c.path), c.fill.Replace(c.body), header...); r.status != s.status {
				t.Errorf("%s, by %s: %d %s, want %d", c.name, s.name, r.status, r.body, s.status)
			}
		}
	}
}
