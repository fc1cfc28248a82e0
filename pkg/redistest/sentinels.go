package redistest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"testing"

	"github.com/redis/go-redis/v9"
)

// sentinelCount is how many Sentinels watch, of which two have to agree.
const sentinelCount = 3

// Sentinels are a master with a replica, and three that watch over them.
type Sentinels struct {
	servers   []*Server
	sentinels []*Server
}

// masterName is how the Sentinels call the master.
const masterName = "igloo"

// NewSentinels starts them for the test.
func NewSentinels(t testing.TB) *Sentinels {
	t.Helper()
	s := &Sentinels{}
	master := New(t)
	s.servers = []*Server{master, New(t, Config(fmt.Sprintf("replicaof 127.0.0.1 %d", master.port)))}
	replica := s.servers[1].Client(t)
	must(t, s.servers[1].wait(t.Context(), "does not follow its master", func(ctx context.Context) bool {
		return replica.InfoMap(ctx, "replication").Item("Replication", "master_link_status") == "up"
	}))
	for range sentinelCount {
		watcher := prepare(t, Config(
			fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 2", masterName, master.port),
			fmt.Sprintf("sentinel down-after-milliseconds %s 500", masterName),
			fmt.Sprintf("sentinel failover-timeout %s 3000", masterName)))
		watcher.flags = []string{"--sentinel"}
		must(t, watcher.Restart(t.Context()))
		s.sentinels = append(s.sentinels, watcher)
	}
	s.waitFor(t, "the others", func(ctx context.Context, c *redis.SentinelClient) bool {
		others, err := c.Sentinels(ctx, masterName).Result()
		replicas, failed := c.Replicas(ctx, masterName).Result()
		return err == nil && failed == nil && len(others) == sentinelCount-1 && len(replicas) == 1
	})
	return s
}

// URL is the connection string of whatever server is the master.
func (s *Sentinels) URL() string {
	query := url.Values{"master_name": {masterName}}
	for _, other := range s.sentinels[1:] {
		query.Add("addr", other.Addr())
	}
	return "redis://" + s.sentinels[0].Addr() + "/0?" + query.Encode()
}

// Failover kills the master and returns once the Sentinels have made the replica one.
func (s *Sentinels) Failover(t testing.TB) {
	t.Helper()
	must(t, s.servers[0].Kill())
	heir := s.servers[1]
	s.waitFor(t, "a new master", func(ctx context.Context, c *redis.SentinelClient) bool {
		at, err := c.GetMasterAddrByName(ctx, masterName).Result()
		return err == nil && net.JoinHostPort(at[0], at[1]) == heir.Addr()
	})
	client := heir.Client(t)
	must(t, heir.wait(t.Context(), "takes no writes", func(ctx context.Context) bool {
		return client.Set(ctx, "written", "1", 0).Err() == nil
	}))
}

// waitFor waits until every Sentinel sees something.
func (s *Sentinels) waitFor(t testing.TB, what string, sees func(context.Context, *redis.SentinelClient) bool) {
	t.Helper()
	for _, sentinel := range s.sentinels {
		client := redis.NewSentinelClient(&redis.Options{Addr: sentinel.Addr()})
		err := sentinel.wait(t.Context(), "does not see "+what, func(ctx context.Context) bool { return sees(ctx, client) })
		_ = client.Close()
		must(t, err)
	}
}
