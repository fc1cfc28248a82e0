package rest_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
)

// nobody may do anything, once it is closed; it counts what it is asked.
type nobody struct {
	authz.Open

	closed atomic.Bool
	asked  atomic.Int64
}

// Decide implements authz.Decider.
func (n *nobody) Decide(ctx context.Context, who authn.Identity, questions ...authz.Question) ([]authz.Decision, error) {
	n.asked.Add(int64(len(questions)))
	if n.closed.Load() {
		return make([]authz.Decision, len(questions)), nil
	}
	return n.Open.Decide(ctx, who, questions...)
}

// Visible implements authz.Decider.
func (n *nobody) Visible(context.Context, authn.Identity, authz.Object) (authz.Visibility, error) {
	n.asked.Add(1)
	return authz.Visibility{All: !n.closed.Load()}, nil
}

// Every route asks whether it may be done, before anything is, with a key and
// without one; and what was refused is not remembered, so that it can be done later.
func TestEveryRouteAsks(t *testing.T) {
	n := &nobody{}
	w := newSilentWorld(t, planning(t), delegating, func(c *choices) { c.settings.Authorization = n })
	for i, e := range entitlements() {
		c := cell{entitled: e}
		n.closed.Store(false)
		w.prepare(t, &c, fmt.Sprintf("c%d", i), func(method, path, body string) map[string]any { return w.must(t, method, path, body) })
		n.closed.Store(true)
		commits, asked, key := w.hts.Commits(), n.asked.Load(), uuid.NewString()
		for _, header := range [][]string{nil, {"Idempotency-Key", key}} {
			r := w.do(t, c.method, c.fill.Replace(c.path), c.fill.Replace(c.body), header...)
			if r.status != 403 {
				t.Errorf("%s: %d %s", c.name, r.status, r.body)
			}
			if c.method != "HEAD" && !strings.Contains(string(r.body), " may not ") {
				t.Errorf("%s: %s", c.name, r.body)
			}
		}
		if n.asked.Load() == asked {
			t.Errorf("%s: nobody was asked", c.name)
		}
		if w.hts.Commits() != commits {
			t.Errorf("%s: something was written, or remembered", c.name)
		}
		n.closed.Store(false)
		if r := w.do(t, c.method, c.fill.Replace(c.path), c.fill.Replace(c.body), "Idempotency-Key", key); r.status != c.success() {
			t.Errorf("%s, when it may be done: %d %s", c.name, r.status, r.body)
		}
	}
}

// away is a decider that cannot decide.
type away struct {
	authz.Open

	err error
}

// Decide implements authz.Decider.
func (a away) Decide(context.Context, authn.Identity, ...authz.Question) ([]authz.Decision, error) {
	return nil, a.err
}

// Visible implements authz.Decider.
func (a away) Visible(context.Context, authn.Identity, authz.Object) (authz.Visibility, error) {
	return authz.Visibility{}, a.err
}
