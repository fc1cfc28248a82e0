package chaos_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/redistest"
	"github.com/igloo-catalog/igloo/services/igloo/chaos"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

var (
	rounds  = flag.Int("ha.rounds", 0, "how often everything is restarted and Postgres is lost behind HAProxy; 0 skips it")
	earlier = flag.String("ha.earlier", "", "folder with catalog and housetable of an earlier version, which run beside this one's")
)

// seen is how long HAProxy takes, at the most, to see that a server is there again.
const seen = 3 * time.Second

// production is Igloo as deploy/haproxy and docs/operations.md have it: two of each
// service behind HAProxy, and a Postgres that fails over by itself.
type production struct {
	*cluster

	postgres *patroni
	front    string
}

func newProduction(t *testing.T) *production {
	t.Helper()
	t.Setenv("IGLOO_DRAIN_DELAY", "5s") // earlier versions do not know the flag
	p := &production{
		cluster:  &cluster{redis: redistest.New(t), warehouse: filepath.Join(t.TempDir(), "warehouse")},
		postgres: newPatroni(t), front: iglootest.Address(t),
	}
	migrate(t, p.postgres.url())
	balanced := iglootest.Address(t)
	env := append(make([]string, 0, 2+4*replicas), "CATALOG_LISTEN="+p.front, "HOUSETABLE_LISTEN="+balanced)
	for i := range replicas {
		grpc, rest, listen := iglootest.Address(t), iglootest.Address(t), iglootest.Address(t)
		_, probe, _ := strings.Cut(rest, ":")
		env = append(env, fmt.Sprintf("HOUSETABLE_%d=%s", i+1, grpc), fmt.Sprintf("HOUSETABLE_%d_PROBE=%s", i+1, probe), fmt.Sprintf("CATALOG_%d=%s", i+1, listen))
		p.grpc = append(p.grpc, grpc)
		p.housetables = append(p.housetables, &program{path: programOf(t, i, "housetable"), ready: "http://" + rest + "/readyz", args: []string{
			"serve", "--grpc-listen", grpc, "--http-listen", rest, "--database-url", p.postgres.url(), "--job-reap-interval", "200ms",
		}})
		p.catalogs = append(p.catalogs, &program{path: programOf(t, i, "catalog"), ready: "http://" + listen + "/readyz", args: []string{
			"serve", "--listen", listen, "--housetable", balanced, "--redis-url", p.redis.URL(), "--warehouse-root", "file://" + p.warehouse,
			"--purge-interval", "500ms", "--purge-lease", "10s",
			"--orphan-interval", "1s", "--orphan-age", "3s", "--orphan-scope", "warehouses",
		}})
	}
	p.startProxy(t, env)
	p.startAll(t)
	return p
}

// programOf is a program of this version, or of the earlier one for the first replica.
func programOf(t *testing.T, replica int, name string) string {
	t.Helper()
	if *earlier != "" && replica == 0 {
		return filepath.Join(*earlier, name)
	}
	return iglootest.Program(t, name)
}

func (p *production) startProxy(t *testing.T, env []string) {
	t.Helper()
	proxy, err := proctest.Start(proctest.Command{
		Path: proctest.Program(t, "haproxy", "deps-ha"), Args: []string{"-db", "-f", "../../../deploy/haproxy/haproxy.cfg"}, Env: env,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = proxy.Kill()
		if t.Failed() {
			t.Logf("HAProxy wrote:\n%s", proxy.Output())
		}
	})
}

// roll restarts one program after the other, each with what a cluster gives it: it is
// told to end, ends by itself, and the next comes when it is back.
func (p *production) roll(programs []*program) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, one := range programs {
			if err := one.process.Stop(time.Minute); err != nil {
				return err
			}
			if err := one.start(); err != nil {
				return err
			}
			if err := one.waitReady(ctx); err != nil {
				return err
			}
			time.Sleep(seen)
		}
		return nil
	}
}

func (p *production) restartRedis(ctx context.Context) error {
	return errors.Join(p.redis.Kill(), p.redis.Restart(ctx))
}

// tally counts how requests end, by what is done to Igloo meanwhile.
type tally struct {
	next   http.RoundTripper
	during atomic.Pointer[string]

	mu    sync.Mutex
	ended map[string]map[string]int
}

// RoundTrip implements http.RoundTripper. A request counts as of what is done when it
// ends: nothing that is done goes on for longer than its requests.
func (c *tally) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	how := "no answer"
	if err == nil {
		how = fmt.Sprint(response.StatusCode)
	}
	if response != nil && response.StatusCode < http.StatusInternalServerError {
		how = "answered"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	during := *c.during.Load()
	if c.ended[during] == nil {
		c.ended[during] = map[string]int{}
	}
	c.ended[during][how]++
	return response, err
}

func (c *tally) set(during string) { c.during.Store(&during) }

// TestRolling lets clients work while every service is restarted in turn, Redis too,
// and Postgres is lost: restarts are seen by nobody, and no commit is lost or doubled.
func TestRolling(t *testing.T) {
	if *rounds == 0 {
		t.Skip("'make ha' runs it: it takes minutes")
	}
	p := newProduction(t)
	counted := &tally{next: &http.Transport{MaxIdleConnsPerHost: 64}, ended: map[string]map[string]int{}}
	counted.set("the start")
	w := &worker{client: newClient([]string{"http://" + p.front}), record: &record{}}
	w.client.http.Transport = counted
	time.Sleep(seen)
	w.prepare(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var working sync.WaitGroup
	for range workers {
		working.Go(func() { w.run(ctx) })
	}
	steps := []harm{
		{"catalogs restarted", p.roll(p.catalogs)},
		{"house table services restarted", p.roll(p.housetables)},
		{"Redis restarted", p.restartRedis},
		{"Postgres lost", p.postgres.failover},
	}
	for range *rounds {
		for _, step := range steps {
			counted.set(step.name)
			begin := time.Now()
			if err := step.do(ctx); err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
			t.Logf("%s in %s", step.name, time.Since(begin).Round(100*time.Millisecond))
			counted.set("a rest after " + step.name)
			time.Sleep(seen)
		}
	}
	cancel()
	working.Wait()
	p.judge(t, w)
	counted.report(t, steps[:3])
}

// judge holds every answer against what is there.
func (p *production) judge(t *testing.T, w *worker) {
	t.Helper()
	orphans := p.orphans(t)
	observed := w.observe(t)
	observed.Orphans = orphans
	for _, violation := range chaos.Check(w.record.requests, observed) {
		t.Error(violation)
	}
	t.Logf("%d requests about Iceberg's objects, %d sent once more at the end, %d orphans", len(w.record.requests), len(observed.Replays), len(observed.Orphans))
}

// report tells how requests ended, and fails where a restart was seen by a client.
func (c *tally) report(t *testing.T, unseen []harm) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, during := range slices.Sorted(maps.Keys(c.ended)) {
		t.Logf("%-40s %v", during, c.ended[during])
	}
	for _, step := range unseen {
		for _, during := range []string{step.name, "a rest after " + step.name} {
			for how, n := range c.ended[during] {
				if how != "answered" && how != "503" {
					t.Errorf("%s: %d requests ended with %s", during, n, how)
				}
			}
		}
	}
}
