package rest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/redistest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
)

// I7: a client that is told of keys may send one everywhere.
func TestEveryRouteThatChangesSomethingIsAmongTheMutations(t *testing.T) {
	w := newWorld(t, planning(t))
	known := keyless()
	for _, m := range mutations() {
		known = append(known, m.endpoint)
	}
	endpoints, _ := w.must(t, "GET", "/v1/config", "")["endpoints"].([]any)
	if len(endpoints) < 30 {
		t.Errorf("%d endpoints", len(endpoints))
	}
	for _, endpoint := range endpoints {
		method, _, _ := strings.Cut(fmt.Sprint(endpoint), " ")
		if (method == "POST" || method == "DELETE") && !slices.Contains(known, fmt.Sprint(endpoint)) {
			t.Errorf("%s is in no test of keys", endpoint)
		}
	}
}

// shared is a choice of one Redis for all worlds, which flush empties.
func shared(t *testing.T) (choose func(*choices), flush func()) {
	t.Helper()
	server := redistest.New(t)
	options, err := redis.ParseURL(server.URL())
	check(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { check(t, client.Close()) })
	return func(c *choices) { c.redis = server.URL() }, func() { check(t, client.FlushAll(t.Context()).Err()) }
}

// answers are those to a request that is sent to all worlds at once, several times.
func answers(t *testing.T, key string, sent wire, worlds ...*world) []response {
	t.Helper()
	const times = 3
	found := make([]response, times*len(worlds))
	var group sync.WaitGroup
	for i := range found {
		group.Go(func() { found[i] = worlds[i%len(worlds)].under(t, key, sent) })
	}
	group.Wait()
	return found
}

// same finds one answer in all.
func same(t *testing.T, when string, want response, all ...response) {
	t.Helper()
	for _, got := range all {
		if got.status != want.status || string(got.body) != string(want.body) || got.header.Get("ETag") != want.header.Get("ETag") {
			t.Errorf("%s: %d %s %s\nfirst: %d %s %s", when, got.status, got.header.Get("ETag"), got.body, want.status, want.header.Get("ETag"), want.body)
		}
	}
}

// Whoever is asked, at the same time, later, when Redis was flushed or is not
// known, or after the state has changed: a key has one answer, and one effect.
func TestOneKeyOneAnswer(t *testing.T) {
	choose, flush := shared(t)
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			flush()
			w, m := laid(t, m, choose)
			second, cold := w.replica(t, choose), w.replica(t)
			w.doAll(t, m.unlock)
			before := w.hts.Applied()
			all := answers(t, keyA, m.send, w, second)
			first := all[0]
			if first.status != 200 && first.status != 204 {
				t.Fatalf("%d %s", first.status, first.body)
			}
			same(t, "at the same time", first, all...)
			flush()
			same(t, "flushed", first, answers(t, keyA, m.send, w, second, cold)...)
			if applied := w.hts.Applied() - before; applied != 1 && !m.nothing || applied != 0 && m.nothing {
				t.Errorf("applied %d times", applied)
			}
			w.doAll(t, m.undo)
			flush()
			same(t, "the state has changed", first, answers(t, strings.ToUpper(keyA), m.send, w, second, w.replica(t))...)
		})
	}
}

// I3, I5: so has a key that was refused.
func TestOneKeyOneRefusal(t *testing.T) {
	choose, flush := shared(t)
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			flush()
			w, m := laid(t, m, choose)
			second, cold := w.replica(t, choose), w.replica(t)
			before := w.hts.Applied()
			all := answers(t, keyA, m.send, w, second)
			first := all[0]
			if _, kind := first.problem(t); first.status != m.status || kind != m.kind {
				t.Fatalf("%d %s", first.status, first.body)
			}
			same(t, "at the same time", first, all...)
			if applied := w.hts.Applied() - before; applied != 0 {
				t.Errorf("refused and applied %d times", applied)
			}
			w.doAll(t, m.unlock)
			same(t, "the state has changed", first, answers(t, keyA, m.send, w, second, cold)...)
			flush()
			same(t, "flushed", first, answers(t, keyA, m.send, w, second)...)
			if r := w.under(t, keyB, m.send); r.status >= 300 {
				t.Errorf("under a key of its own: %d %s", r.status, r.body)
			}
		})
	}
}

// others are requests that are not the one that was sent, if only just.
func others(sent wire) []wire {
	all := []wire{
		{"POST", "/v1/namespaces", `{"namespace":["other"]}`},
		{"DELETE", "/v1/namespaces/n", ""},
	}
	path, query, _ := strings.Cut(sent.path, "?")
	all = append(all, wire{sent.method, path + "?other=1&" + query, sent.body})
	if inner, found := strings.CutPrefix(sent.body, "{"); found && inner != "}" {
		all = append(all, wire{sent.method, sent.path, `{"other":1,` + inner})
	}
	return all
}

// I6: a key belongs to one request.
func TestAKeyIsOfOneRequest(t *testing.T) {
	choose, flush := shared(t)
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			flush()
			w, m := laid(t, m, choose)
			cold := w.replica(t)
			w.doAll(t, m.unlock)
			first := w.under(t, keyA, m.send)
			before := w.hts.Applied()
			for _, other := range others(m.send) {
				for _, replica := range []*world{w, cold} {
					r := replica.under(t, keyA, other)
					message, kind := r.problem(t)
					if r.status != 400 || kind != "BadRequestException" || !strings.Contains(message, "Idempotency-Key") {
						t.Errorf("%v: %d %s", other, r.status, r.body)
					}
				}
			}
			if applied := w.hts.Applied() - before; applied != 0 {
				t.Errorf("applied %d times", applied)
			}
			same(t, "after all", first, w.under(t, keyA, m.send), cold.under(t, keyA, m.send))
		})
	}
}

// refusing answers every commit with an error of a kind.
func refusing(kind fault.Kind) htsfake.Intercept {
	return func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		return nil, fault.New(kind, "not now")
	}
}

// I3, I4: what another time may end otherwise is not kept.
func TestWhatIsNoOutcomeIsNotKept(t *testing.T) {
	kinds := []fault.Kind{fault.Unauthenticated, fault.Forbidden, fault.Overloaded, fault.Unavailable, fault.Internal}
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			w, m := laid(t, m)
			cold := w.replica(t)
			w.doAll(t, m.unlock)
			for _, kind := range kinds {
				w.hts.SetIntercept(refusing(kind))
				if r := w.under(t, keyA, m.send); r.status != kind.HTTPStatus() {
					t.Errorf("%s: %d %s", kind, r.status, r.body)
				}
			}
			w.hts.SetIntercept(nil)
			if m.send.body != "" {
				malformed := m.send
				malformed.body = strings.TrimSuffix(m.send.body, "}")
				if r := w.under(t, keyA, malformed); r.status != 400 {
					t.Errorf("malformed: %d %s", r.status, r.body)
				}
			}
			first := cold.under(t, keyA, m.send)
			if first.status != 200 && first.status != 204 {
				t.Errorf("%d %s", first.status, first.body)
			}
			same(t, "again", first, w.under(t, keyA, m.send))
		})
	}
}

// I1: what is no UUID is no key, on the routes too that change nothing.
func TestKeysThatAreNone(t *testing.T) {
	w := withTable(t, planning(t))
	all := mutations()
	for _, planning := range []wire{{"POST", table + "/plan", "{}"}, {"DELETE", table + "/plan/x", ""}, {"POST", table + "/tasks", `{"plan-task":"x"}`}} {
		all = append(all, mutation{send: planning})
	}
	before := w.hts.Applied()
	for _, m := range all {
		one := m.send
		for _, key := range []string{"x", "", keyA + "0", strings.Replace(keyA, "7", "z", 1), "{" + keyA[:34] + "}", strings.ReplaceAll(keyA, "-", "")} {
			if r := w.under(t, key, one); r.status != 400 || !strings.Contains(string(r.body), "Idempotency-Key") {
				t.Errorf("%q, %v: %d %s", key, one, r.status, r.body)
			}
		}
	}
	if w.hts.Applied() != before {
		t.Error("something was applied")
	}
}

// hasty makes a world that gives up on a commit at once.
func hasty(c *choices) {
	c.settings.CommitDeadline, c.settings.AttemptTimeout = 60*time.Millisecond, 20*time.Millisecond
}

// U4, U5: on every route, while the house tables do not answer a commit, a
// request without a key is told that nothing is known, one with a key when to
// come again; the files stay, and the key finds out.
func TestUnknownOutcomes(t *testing.T) {
	for name, lose := range map[string]htsfake.Intercept{"applied": losing(1 << 30), "never arrived": never} {
		for _, m := range mutations() {
			if m.nothing {
				continue // without a key it is no commit
			}
			t.Run(name+"/"+m.name, func(t *testing.T) {
				w, m := laid(t, m)
				w.doAll(t, m.unlock)
				before, files := w.hts.Applied(), len(w.metadataFiles(t))
				away := w.replica(t, hasty)
				w.hts.SetIntercept(lose)
				r := away.under(t, keyA, m.send)
				if _, kind := r.problem(t); r.status != 503 || kind != "SlowDownException" || r.header.Get("Retry-After") != "1" {
					t.Errorf("with a key: %d, Retry-After %q, %s", r.status, r.header.Get("Retry-After"), r.body)
				}
				if there := len(w.metadataFiles(t)); there != files+m.writes {
					t.Errorf("%d metadata files were written and stayed, want %d", there-files, m.writes)
				}
				w.hts.SetIntercept(nil)
				first := w.under(t, keyA, m.send)
				if first.status != 200 && first.status != 204 {
					t.Errorf("asked again: %d %s", first.status, first.body)
				}
				same(t, "asked once more", first, away.under(t, keyA, m.send), w.replica(t).under(t, keyA, m.send))
				if applied := w.hts.Applied() - before; applied != 1 {
					t.Errorf("applied %d times", applied)
				}
			})
		}
	}
}

func TestUnknownOutcomesWithoutAKey(t *testing.T) {
	for name, lose := range map[string]htsfake.Intercept{"applied": losing(1 << 30), "never arrived": never} {
		for _, m := range mutations() {
			if m.nothing {
				continue
			}
			t.Run(name+"/"+m.name, func(t *testing.T) {
				w, m := laid(t, m)
				w.doAll(t, m.unlock)
				files := len(w.metadataFiles(t))
				away := w.replica(t, hasty)
				w.hts.SetIntercept(lose)
				r := away.do(t, m.send.method, m.send.path, m.send.body)
				if _, kind := r.problem(t); r.status != 500 || kind != "CommitStateUnknownException" || r.header.Get("Retry-After") != "" {
					t.Errorf("%d, Retry-After %q, %s", r.status, r.header.Get("Retry-After"), r.body)
				}
				if there := len(w.metadataFiles(t)); there != files+m.writes {
					t.Errorf("%d metadata files were written and stayed, want %d", there-files, m.writes)
				}
			})
		}
	}
}

// U4: a client that goes away takes nothing with it, on any route.
func TestMutationsOutliveTheirClient(t *testing.T) {
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			w, m := laid(t, m)
			w.doAll(t, m.unlock)
			before := w.hts.Applied()
			arrived, left := make(chan struct{}), make(chan struct{})
			var once sync.Once
			w.hts.SetIntercept(func(ctx context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
				once.Do(func() {
					close(arrived)
					<-left
				})
				if err := ctx.Err(); err != nil {
					t.Errorf("the commit's context ended with its client: %v", err)
				}
				return next()
			})
			ctx, leave := context.WithCancel(t.Context())
			var gone sync.WaitGroup
			gone.Go(func() { w.abandon(ctx, m.send.method, m.send.path, m.send.body, "Idempotency-Key", keyA) })
			<-arrived
			leave()
			gone.Wait()
			time.AfterFunc(20*time.Millisecond, func() { close(left) })
			if r := w.under(t, keyA, m.send); r.status != 200 && r.status != 204 {
				t.Errorf("%d %s", r.status, r.body)
			}
			if applied := w.hts.Applied() - before; applied != 1 && !m.nothing {
				t.Errorf("applied %d times", applied)
			}
		})
	}
}
