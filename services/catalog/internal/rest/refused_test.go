package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/services/catalog/catalogtest"
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

// R1: every route asks whether it may be done, before anything is, with a key and
// without one; and what was refused is not remembered, so that it can be done later.
func TestEveryRouteAsks(t *testing.T) {
	n := &nobody{}
	w := newSilentWorld(t, planning(t), delegating, func(c *choices) { c.settings.Authorization = n })
	for i, c := range catalogtest.Requests() {
		n.closed.Store(false)
		s := c.Prepare(t, fmt.Sprintf("c%d", i), w.folder, func(method, path, body string) map[string]any { return w.must(t, method, path, body) })
		n.closed.Store(true)
		commits, asked, key := w.hts.Commits(), n.asked.Load(), uuid.NewString()
		for _, header := range [][]string{nil, {"Idempotency-Key", key}} {
			r := w.do(t, c.Method, c.PathIn(s), c.BodyIn(s), header...)
			if r.status != 403 {
				t.Errorf("%s: %d %s", c.Name, r.status, r.body)
			}
			if c.Method != http.MethodHead && !strings.Contains(string(r.body), " may not ") {
				t.Errorf("%s: %s", c.Name, r.body)
			}
		}
		if n.asked.Load() == asked {
			t.Errorf("%s: nobody was asked", c.Name)
		}
		if w.hts.Commits() != commits {
			t.Errorf("%s: something was written, or remembered", c.Name)
		}
		n.closed.Store(false)
		if r := w.do(t, c.Method, c.PathIn(s), c.BodyIn(s), "Idempotency-Key", key); r.status != c.Success() {
			t.Errorf("%s, when it may be done: %d %s", c.Name, r.status, r.body)
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

// each cannot tell in advance what is seen: it is what ends in a 3.
type each struct{ authz.Open }

// Decide implements authz.Decider.
func (each) Decide(_ context.Context, _ authn.Identity, questions ...authz.Question) ([]authz.Decision, error) {
	answers := make([]authz.Decision, len(questions))
	for i, q := range questions {
		answers[i].Allowed = q.Object.Table == nil || q.Privilege == authz.Create || strings.HasSuffix(q.Object.Table.Name, "3")
	}
	return answers, nil
}

// Visible implements authz.Decider.
func (each) Visible(context.Context, authn.Identity, authz.Object) (authz.Visibility, error) {
	return authz.Visibility{Each: true}, nil
}

// L6: where each row has to be asked about, pages are filled with others in place of
// those that are not seen, and all that are seen come once.
func TestPagesAreFilled(t *testing.T) {
	w := newSilentWorld(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	var want []string
	for i := range 60 {
		name := fmt.Sprintf("t%02d", i)
		w.must(t, "POST", nTables, creates(name))
		if strings.HasSuffix(name, "3") {
			want = append(want, name)
		}
	}
	seen := w.replica(t, func(c *choices) { c.settings.Authorization = each{} })
	if found := names(seen.must(t, "GET", nTables, "")); !slices.Equal(found, want) {
		t.Errorf("the whole list: %v, want %v", found, want)
	}
	var found []string
	for page, token := 0, ""; ; page++ {
		list := seen.must(t, "GET", nTables+"?pageSize=2&pageToken="+token, "")
		found = append(found, names(list)...)
		next, more := list["next-page-token"].(string)
		if !more {
			break
		}
		if token = next; len(names(list)) == 0 || page > 60 {
			t.Fatalf("page %d is empty and not the last", page)
		}
	}
	if !slices.Equal(found, want) {
		t.Errorf("page by page: %v, want %v", found, want)
	}
}
