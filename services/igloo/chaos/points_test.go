package chaos_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/services/igloo/chaos"
)

// point is a moment in the life of a commit at which something dies.
type point struct {
	name string
	// way is where the moment shows, and sign what is sent then.
	way  func(*cluster) *nettest.Proxy
	sign func(sent []byte, table string) bool
	// die happens then, and decides what becomes of the bytes.
	die func(*cluster) nettest.Fate
	// late happens once the change is there; nil where there is nothing to wait for.
	late func(*cluster) error
	// mend happens at once; nil where the client has another replica to ask.
	mend func(context.Context, *cluster) error
}

// points are the moments between a request and its answer, in their order.
func points() []point {
	return []point{
		{"before the reservation", redisWay, reserving, killCatalog(nettest.CutBefore), nil, nil},
		{"after the reservation", redisWay, reserving, killCatalog(nettest.Pass), nil, nil},
		{"before the metadata is written", houseTableWay, reading, killCatalog(nettest.CutBefore), nil, nil},
		{"after the metadata was written, before the commit is sent", houseTableWay, committing, killCatalog(nettest.CutBefore), nil, nil},
		{"the catalog, after the commit and before its answer", houseTableWay, committing, stopCatalog, killStopped, nil},
		{"the answer to the commit", houseTableWay, committing, loseAnswer, nil, nil},
		{"the house table service, before the statement", postgresWay, committing, killHouseTable(nettest.CutBefore), nil, leadElsewhere},
		{"the house table service, after the statement and before its answer", postgresWay, committing, stopHouseTable, killStoppedHouseTable, leadElsewhere},
		{"the answer to the statement", postgresWay, committing, loseAnswer, nil, nil},
		{"Postgres, under the statement", postgresWay, committing, crashPostgres, nil, restartPostgres},
		{"before the outcome is published", redisWay, publishing, killCatalog(nettest.CutBefore), nil, nil},
		{"after the outcome was published", redisWay, publishing, killCatalog(nettest.Pass), nil, nil},
	}
}

func redisWay(c *cluster) *nettest.Proxy      { return c.catalogsToRedis[0] }
func houseTableWay(c *cluster) *nettest.Proxy { return c.catalogsToHouseTables[0] }
func postgresWay(c *cluster) *nettest.Proxy   { return c.houseTablesToPostgres[0] }

func reserving(sent []byte, _ string) bool  { return bytes.Contains(sent, []byte("igloo:operation:")) }
func publishing(sent []byte, _ string) bool { return bytes.Contains(sent, []byte("\r\nF{")) }

// The kind of an operation is sent with the commit alone.
func committing(sent []byte, _ string) bool { return bytes.Contains(sent, []byte("updateTable")) }

func reading(sent []byte, table string) bool {
	return bytes.Contains(sent, []byte(table)) && !committing(sent, table)
}

func killCatalog(fate nettest.Fate) func(*cluster) nettest.Fate {
	return func(c *cluster) nettest.Fate {
		_ = c.catalogs[0].kill()
		return fate
	}
}

func killHouseTable(fate nettest.Fate) func(*cluster) nettest.Fate {
	return func(c *cluster) nettest.Fate {
		_ = c.housetables[0].kill()
		return fate
	}
}

// A program that is stopped sends on what it has sent, and takes no answer.
func stopCatalog(c *cluster) nettest.Fate {
	_ = c.catalogs[0].stop()
	return nettest.Pass
}

func killStopped(c *cluster) error { return c.catalogs[0].kill() }

func stopHouseTable(c *cluster) nettest.Fate {
	_ = c.housetables[0].stop()
	return nettest.Pass
}

func killStoppedHouseTable(c *cluster) error { return c.housetables[0].kill() }

func loseAnswer(*cluster) nettest.Fate { return nettest.CutAfter }

func crashPostgres(c *cluster) nettest.Fate {
	_ = c.primary.Kill()
	return nettest.CutBefore
}

func restartPostgres(ctx context.Context, c *cluster) error { return c.primary.Restart(ctx) }

// leadElsewhere is what a service address does when a replica is gone.
func leadElsewhere(_ context.Context, c *cluster) error {
	c.catalogsToHouseTables[0].Lead(c.grpc[1])
	return nil
}

// TestCrashPoints lets something die at each moment of a commit. The same key at
// another replica is answered at once, all answers under it are one, and the
// change is there once.
func TestCrashPoints(t *testing.T) {
	c := newCluster(t, "--purge-interval", purgeInterval, "--purge-lease", purgeLease, "--delete-rate", deleteRate)
	w := &worker{client: newClient(c.urls), record: &record{}}
	w.prepare(t)
	for name, die := range purgePoints() {
		t.Run(name, func(t *testing.T) { diePurging(t, c, w, die, strings.TrimPrefix(name, "while purging, ")) })
	}
	for _, redis := range []bool{true, false} {
		if !redis {
			if err := c.redis.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		passThrough(t, c, w, points(), die, redis)
		passThrough(t, c, w, foldPoints(), dieFolded, redis)
	}
}

func passThrough(t *testing.T, c *cluster, w *worker, points []point, die func(*testing.T, *cluster, *worker, point, string), redis bool) {
	t.Helper()
	for i, p := range points {
		t.Run(fmt.Sprintf("%s, Redis %t", p.name, redis), func(t *testing.T) {
			if !redis && p.way(c) == redisWay(c) {
				t.Skip("a moment of Redis")
			}
			if redis {
				warm(t, c, w)
			}
			die(t, c, w, p, fmt.Sprintf("p%d_%d_%t", len(points), i, redis))
		})
	}
}

func die(t *testing.T, c *cluster, w *worker, p point, name string) {
	t.Helper()
	w.must(t, wire{method: http.MethodPost, path: strings.TrimSuffix(tablePath, "/"), body: fmt.Sprintf(`{"name":%q,"schema":%s}`, name, schema)})
	sent := wire{
		method: http.MethodPost, path: tablePath + name, key: uuid.Must(uuid.NewV7()).String(),
		body: `{"requirements":[],"updates":[{"action":"set-properties","updates":{"n":"1"}}]}`,
	}
	reached := trip(c, p, name)
	victim := &client{urls: c.urls[:1], http: w.client.http}
	first := make(chan answer, 1)
	go func() { first <- victim.once(t.Context(), sent) }()
	select {
	case <-reached:
	case <-time.After(startTimeout):
		t.Fatal("the moment never came")
	}
	befall(t, c, w, p, name)
	second := (&client{urls: c.urls[1:], http: w.client.http}).insist(t.Context(), sent)
	heal(t, c)
	check(t, w, sent, name, []answer{<-first, second})
}

// trip arms a point: the first sign lets something die.
func trip(c *cluster, p point, table string) <-chan struct{} {
	reached := make(chan struct{})
	var once sync.Once
	p.way(c).Judge(func(sent []byte) nettest.Fate {
		fate := nettest.Pass
		if p.sign(sent, table) {
			once.Do(func() {
				fate = p.die(c)
				close(reached)
			})
		}
		return fate
	})
	return reached
}

// befall is what happens after the moment: who fell silent dies once the change
// is there, and what the client cannot do without comes back.
func befall(t *testing.T, c *cluster, w *worker, p point, name string) {
	t.Helper()
	if p.late != nil {
		elsewhere := &client{urls: c.urls[1:], http: w.client.http}
		for deadline := time.Now().Add(startTimeout); !changed(t, elsewhere, name); {
			if time.Now().After(deadline) {
				t.Fatal("the change never came")
			}
		}
		if err := p.late(c); err != nil {
			t.Fatal(err)
		}
	}
	if p.mend != nil {
		if err := p.mend(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func changed(t *testing.T, client *client, name string) bool {
	t.Helper()
	a := client.insist(t.Context(), wire{method: http.MethodGet, path: tablePath + name})
	return bytes.Contains(a.body, []byte(`"n":"1"`))
}

// heal starts again what died.
func heal(t *testing.T, c *cluster) {
	t.Helper()
	for _, p := range c.programs() {
		if !p.died() {
			continue
		}
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
	}
	back := c.catalogsToHouseTables[0]
	back.Lead(c.grpc[0])
	back.Away(true)
	back.Away(false)
	c.waitReady(t)
}

// warm returns once the first catalog uses Redis: one that has just begun, or
// that could not reach the house tables, does without for a moment.
func warm(t *testing.T, c *cluster, w *worker) {
	t.Helper()
	used := make(chan struct{})
	var once sync.Once
	redisWay(c).Judge(func(sent []byte) nettest.Fate {
		if publishing(sent, "") {
			once.Do(func() { close(used) })
		}
		return nettest.Pass
	})
	victim := &client{urls: c.urls[:1], http: w.client.http}
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		victim.insist(t.Context(), wire{
			method: http.MethodPost, path: "/v1/namespaces/chaos/properties", key: uuid.Must(uuid.NewV7()).String(),
			body: `{"updates":{"warm":"1"}}`,
		})
		select {
		case <-used:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatal("Redis is never used")
}

// check finds one answer and one change.
func check(t *testing.T, w *worker, sent wire, name string, answers []answer) {
	t.Helper()
	reply := oneAnswer(t, w, sent, answers)
	if d := w.document(t, name); len(d.Log) != 1 || reply.Location != d.at {
		t.Errorf("%d earlier files, is at %s, answered %v", len(d.Log), d.at, reply)
	}
}

// oneAnswer sends a request a few times more: all answers to it are one. The first
// that is given may be none, because what died told nothing.
func oneAnswer(t *testing.T, w *worker, sent wire, answers []answer) chaos.Reply {
	t.Helper()
	for range replicas * 2 {
		answers = append(answers, w.client.insist(t.Context(), sent))
	}
	var reply *chaos.Reply
	for i, a := range answers {
		if !a.settles() && i == 0 {
			continue
		}
		got := a.reply()
		if got.Status != http.StatusOK || reply != nil && got != *reply {
			t.Errorf("answer %d of %d: %d %.300s; before: %v", i, len(answers), a.status, a.body, reply)
		}
		reply = &got
	}
	return *reply
}

// document is a table's metadata as it is now.
func (w *worker) document(t *testing.T, table string) document {
	t.Helper()
	at := w.must(t, wire{method: http.MethodGet, path: tablePath + table}).reply().Location
	d, err := read(at)
	if err != nil {
		t.Fatal(err)
	}
	d.at = at
	return d
}
