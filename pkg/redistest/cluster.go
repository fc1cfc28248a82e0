package redistest

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// masters are what a Cluster takes at least.
const masters = 3

// Cluster is three masters that share the keys.
type Cluster struct{ Servers []*Server }

// NewCluster starts a Cluster for the test, whose servers have further lines in
// their configuration.
func NewCluster(t testing.TB, lines ...string) *Cluster {
	t.Helper()
	c := &Cluster{}
	create := make([]string, 0, 2+masters+1)
	create = append(create, "--cluster", "create")
	for range masters {
		s := New(t, Config(lines...), Config("cluster-enabled yes", "cluster-node-timeout 1000", fmt.Sprintf("cluster-port %d", proctest.Port(t))))
		c.Servers = append(c.Servers, s)
		create = append(create, s.Addr())
	}
	c.cli(t, append(create, "--cluster-yes")...)
	c.WaitWhole(t)
	return c
}

// URL is the connection string of the Cluster.
func (c *Cluster) URL() string {
	query := url.Values{}
	for _, other := range c.Servers[1:] {
		query.Add("addr", other.Addr())
	}
	return "redis://" + c.Servers[0].Addr() + "?" + query.Encode()
}

// Move gives all keys of one master to another, a slot after the other.
func (c *Cluster) Move(t testing.TB, from, to int) {
	t.Helper()
	slots := 0
	source, target := c.Servers[from].Client(t), c.Servers[to].Client(t)
	shards, err := source.ClusterShards(t.Context()).Result()
	must(t, err)
	id, into := source.ClusterMyID(t.Context()).Val(), target.ClusterMyID(t.Context()).Val()
	for _, shard := range shards {
		for _, r := range shard.Slots {
			if shard.Nodes[0].ID == id {
				slots += int(r.End - r.Start + 1)
			}
		}
	}
	c.cli(t, "--cluster", "reshard", c.Servers[to].Addr(), "--cluster-from", id, "--cluster-to", into,
		"--cluster-slots", strconv.Itoa(slots), "--cluster-yes")
	c.WaitWhole(t)
}

// WaitWhole returns once every master knows where every key belongs.
func (c *Cluster) WaitWhole(t testing.TB) {
	t.Helper()
	for _, s := range c.Servers {
		client := s.Client(t)
		must(t, s.wait(t.Context(), "is in no whole cluster", func(ctx context.Context) bool {
			info := client.ClusterInfo(ctx).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", masters))
		}))
	}
}

func (c *Cluster) cli(t testing.TB, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*startTimeout)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "redis-cli", args...).CombinedOutput(); err != nil { //nolint:gosec // a test's own servers
		t.Fatalf("redis-cli %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
