package chaos_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// nemesis does one harm after another, each healed before the next.
type nemesis struct {
	cluster *cluster
	random  *rand.Rand
	done    map[string]int
}

func newNemesis(c *cluster, seed uint64) *nemesis {
	return &nemesis{cluster: c, random: rand.New(rand.NewPCG(seed, 0)), done: map[string]int{}}
}

// harm is one thing that goes wrong and is right again when it returns.
type harm struct {
	name string
	do   func(ctx context.Context) error
}

func (n *nemesis) harms() []harm {
	c := n.cluster
	return []harm{
		{"catalog killed", n.killing(c.catalogs)},
		{"house table service killed", n.killing(c.housetables)},
		{"catalog paused", n.pausing(c.catalogs)},
		{"house table service paused", n.pausing(c.housetables)},
		{"Postgres killed", n.crashPostgres},
		{"Postgres failed over", n.failover},
		{"standby silent", n.silence},
		{"Redis killed", n.crashRedis},
		{"Redis flushed", n.flushRedis},
		{"connections cut", n.cut},
		{"connections frozen", n.freeze},
		{"connections led elsewhere", n.lead},
	}
}

// run harms until ctx ends, and leaves everything healed.
func (n *nemesis) run(ctx context.Context) error {
	harms := n.harms()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(n.between(300*time.Millisecond, 1200*time.Millisecond)):
		}
		h := harms[n.random.IntN(len(harms))]
		if err := h.do(context.WithoutCancel(ctx)); err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
		n.done[h.name]++
	}
}

func (n *nemesis) between(low, high time.Duration) time.Duration {
	return low + time.Duration(n.random.Int64N(int64(high-low)))
}

func (n *nemesis) killing(programs []*program) func(context.Context) error {
	return func(ctx context.Context) error {
		p := programs[n.random.IntN(len(programs))]
		if err := p.kill(); err != nil {
			return err
		}
		time.Sleep(n.between(0, 700*time.Millisecond))
		if err := p.start(); err != nil {
			return err
		}
		return p.waitReady(ctx)
	}
}

func (n *nemesis) pausing(programs []*program) func(context.Context) error {
	return func(context.Context) error {
		return programs[n.random.IntN(len(programs))].pause(n.between(500*time.Millisecond, 4500*time.Millisecond))
	}
}

func (n *nemesis) crashPostgres(ctx context.Context) error {
	if err := n.cluster.primary.Kill(); err != nil {
		return err
	}
	time.Sleep(n.between(0, 700*time.Millisecond))
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return n.cluster.primary.Restart(ctx)
}

func (n *nemesis) failover(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return n.cluster.failover(ctx)
}

// silence keeps commits waiting, past the limits of some of their callers.
func (n *nemesis) silence(context.Context) error {
	if err := n.cluster.standby.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(n.between(200*time.Millisecond, 5*time.Second))
	return n.cluster.standby.Signal(syscall.SIGCONT)
}

func (n *nemesis) crashRedis(ctx context.Context) error {
	if err := n.cluster.redis.Kill(); err != nil {
		return err
	}
	time.Sleep(n.between(0, time.Second))
	return n.cluster.redis.Restart(ctx)
}

func (n *nemesis) flushRedis(ctx context.Context) error {
	options, err := redis.ParseURL(n.cluster.redis.URL())
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close()
	return client.FlushAll(ctx).Err()
}

// cut breaks every connection of one proxy; the next ones are made as before.
func (n *nemesis) cut(context.Context) error {
	proxies := n.cluster.proxies()
	p := proxies[n.random.IntN(len(proxies))]
	p.Away(true)
	time.Sleep(n.between(0, 300*time.Millisecond))
	p.Away(false)
	return nil
}

// freeze holds everything back that goes through one proxy.
func (n *nemesis) freeze(context.Context) error {
	proxies := n.cluster.proxies()
	p := proxies[n.random.IntN(len(proxies))]
	p.Freeze()
	time.Sleep(n.between(200*time.Millisecond, 3*time.Second))
	p.Thaw()
	return nil
}

// lead sends the next connections of a catalog to any house table service.
func (n *nemesis) lead(context.Context) error {
	p := n.cluster.catalogsToHouseTables[n.random.IntN(replicas)]
	p.Lead(n.cluster.grpc[n.random.IntN(replicas)])
	p.Away(true)
	p.Away(false)
	return nil
}

// String says how often what was done.
func (n *nemesis) String() string {
	parts := make([]string, 0, len(n.done))
	for _, name := range slices.Sorted(maps.Keys(n.done)) {
		parts = append(parts, fmt.Sprintf("%s %d×", name, n.done[name]))
	}
	return strings.Join(parts, ", ")
}
