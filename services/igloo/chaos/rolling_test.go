package chaos_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
	migrate(t, everywhere.program(t, 0, "housetable"), p.postgres.url())
	balanced := iglootest.Address(t)
	env := append(make([]string, 0, 2+4*replicas), "CATALOG_LISTEN="+p.front, "HOUSETABLE_LISTEN="+balanced)
	for i := range replicas {
		grpc, rest, listen := iglootest.Address(t), iglootest.Address(t), iglootest.Address(t)
		_, probe, _ := strings.Cut(rest, ":")
		env = append(env, fmt.Sprintf("HOUSETABLE_%d=%s", i+1, grpc), fmt.Sprintf("HOUSETABLE_%d_PROBE=%s", i+1, probe), fmt.Sprintf("CATALOG_%d=%s", i+1, listen))
		p.grpc = append(p.grpc, grpc)
		p.housetables = append(p.housetables, &program{path: everywhere.program(t, i, "housetable"), ready: "http://" + rest + "/readyz", args: []string{
			"serve", "--grpc-listen", grpc, "--http-listen", rest, "--database-url", p.postgres.url(), "--job-reap-interval", "200ms",
		}})
		p.catalogs = append(p.catalogs, &program{path: everywhere.program(t, i, "catalog"), ready: "http://" + listen + "/readyz", args: []string{
			"serve", "--listen", listen, "--housetable", balanced, "--redis-url", p.redis.URL(), "--warehouse-root", "file://" + p.warehouse,
			"--purge-interval", "500ms", "--purge-lease", "10s",
			"--orphan-interval", "1s", "--orphan-age", "3s", "--orphan-scope", "warehouses",
		}})
	}
	startProxy(t, "deps-ha", env)
	p.startAll(t)
	return p
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

// TestRolling lets clients work while every service is restarted in turn, Redis too,
// and Postgres is lost: restarts are seen by nobody, and no commit is lost or doubled.
// Where there is an earlier version, all is upgraded from it first, rolled back, and
// then half upgraded.
func TestRolling(t *testing.T) {
	if *rounds == 0 {
		t.Skip("'make ha' runs it: it takes minutes")
	}
	p := newProduction(t)
	counted := newTally()
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
	upgrades, restarts := p.upgrades(t), []harm{
		{"catalogs restarted", p.roll(p.catalogs)},
		{"house table services restarted", p.roll(p.housetables)},
		{"Redis restarted", p.restartRedis},
	}
	counted.through(ctx, t, upgrades)
	for range *rounds {
		counted.through(ctx, t, restarts)
		counted.through(ctx, t, []harm{{"Postgres lost", p.postgres.failover}})
	}
	cancel()
	working.Wait()
	p.judge(t, w)
	counted.report(t, slices.Concat(upgrades, restarts))
}

// through does what is to be done, with a rest after each.
func (c *tally) through(ctx context.Context, t *testing.T, steps []harm) {
	t.Helper()
	for _, step := range steps {
		c.set(step.name)
		begin := time.Now()
		if err := step.do(ctx); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		t.Logf("%s in %s", step.name, time.Since(begin).Round(100*time.Millisecond))
		c.set(afterwards(step.name))
		time.Sleep(seen)
	}
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
