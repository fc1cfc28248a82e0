package replays_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/pkg/redistest"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/replays"
)

// deployment is a kind of Redis that is there, and what can happen to it.
type deployment struct {
	url      string
	troubles []trouble
}

// trouble begins and ends; end is nil where there is nothing to mend.
type trouble struct {
	name       string
	begin, end func() error
}

// deployments start what operators run.
func deployments() map[string]func(*testing.T) deployment {
	return map[string]func(*testing.T) deployment{
		"one server":         oneServer,
		"behind a proxy":     proxied,
		"TLS and a password": guarded,
		"Sentinels":          sentinels,
		"Cluster":            cluster,
	}
}

func oneServer(t *testing.T) deployment {
	t.Helper()
	server := redistest.New(t)
	client := server.Client(t)
	set := func(name, value string) error { return client.ConfigSet(t.Context(), name, value).Err() }
	follow := func(host, port string) func() error {
		return func() error { return client.ReplicaOf(t.Context(), host, port).Err() }
	}
	return deployment{server.URL(), []trouble{
		killed(t, server),
		{"flushed", func() error { return client.FlushAll(t.Context()).Err() }, nil},
		{
			"full", func() error { return errors.Join(set("maxmemory-policy", "noeviction"), set("maxmemory", "1")) },
			func() error { return set("maxmemory", "0") },
		},
		{"read-only", follow("127.0.0.1", "1"), follow("NO", "ONE")},
	}}
}

func killed(t *testing.T, server *redistest.Server) trouble {
	t.Helper()
	return trouble{"killed", server.Kill, func() error { return server.Restart(t.Context()) }}
}

func proxied(t *testing.T) deployment {
	t.Helper()
	server := redistest.New(t)
	proxy := nettest.NewProxy(t, server.Addr())
	done := func(do func()) func() error {
		return func() error { do(); return nil }
	}
	return deployment{strings.Replace(server.URL(), server.Addr(), proxy.Addr(), 1), []trouble{
		{"silent", done(proxy.Freeze), done(proxy.Thaw)},
		{"slow", done(func() { proxy.Slow(300 * time.Millisecond) }), done(func() { proxy.Slow(0) })},
		{"cut off", done(func() { proxy.Away(true) }), done(func() { proxy.Away(false) })},
	}}
}

// What a user of Redis may do for Igloo, and in a Cluster besides, as docs/redis.md says.
const (
	rights        = "~igloo:* +set +get +del +exists +eval +evalsha +ping"
	clusterRights = "+cluster|slots +cluster|shards +command"
)

func guarded(t *testing.T) deployment {
	t.Helper()
	server := redistest.New(t, redistest.Encrypted(redistest.NewCertificates(t)), redistest.User("igloo", "p@ss/word", rights))
	return deployment{server.URL(), []trouble{killed(t, server)}}
}

func sentinels(t *testing.T) deployment {
	t.Helper()
	s := redistest.NewSentinels(t)
	return deployment{s.URL(), []trouble{{"failed over", func() error { s.Failover(t); return nil }, nil}}}
}

func cluster(t *testing.T) deployment {
	t.Helper()
	c := redistest.NewCluster(t, "user igloo on >secret "+rights+" "+clusterRights)
	master := killed(t, c.Servers[1])
	return deployment{strings.Replace(c.URL(), "://", "://igloo:secret@", 1), []trouble{
		{"slots moved", func() error { c.Move(t, 0, 2); return nil }, nil},
		{"a master killed", master.begin, func() error {
			defer c.WaitWhole(t)
			return master.end()
		}},
	}}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestMemory and TestRedis ask the same: they promise the same.
func TestMemory(t *testing.T) {
	promises(t, func(t *testing.T) catalog.Replays {
		t.Helper()
		memory, err := replays.NewMemory(one(t))
		check(t, err)
		return memory
	})
}

func TestRedis(t *testing.T) {
	for name, start := range deployments() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the time Redis servers agree among themselves
			d := start(t)
			promises(t, func(t *testing.T) catalog.Replays {
				t.Helper()
				return openRedis(t, d.url, one(t))
			})
			t.Run("a process that is gone holds nothing", func(t *testing.T) { goneHoldsNothing(t, d.url) })
			for _, trouble := range d.troubles {
				t.Run(trouble.name, func(t *testing.T) { goesOn(t, openRedis(t, d.url, one(t)), trouble) })
			}
		})
	}
}

// promises are those of catalog.Replays.
func promises(t *testing.T, open func(*testing.T) catalog.Replays) {
	t.Helper()
	t.Run("what is published is found", func(t *testing.T) { publishedIsFound(t, open(t)) })
	t.Run("one is at work", func(t *testing.T) { oneIsAtWork(t, open(t)) })
}

// reserve asks until the cache answers: on a busy machine its time-out passes too.
func reserve(t *testing.T, r catalog.Replays, c catalog.Claim) (found catalog.Reservation) {
	t.Helper()
	eventually(t, "the cache answers", func() bool {
		found = r.Reserve(t.Context(), c)
		return found.Epoch != ""
	})
	return found
}

func publishedIsFound(t *testing.T, r catalog.Replays) {
	t.Helper()
	c := claim()
	reservation := reserve(t, r, c)
	if reservation.Finished != nil || reservation.Busy != nil || reservation.Epoch != "1" {
		t.Fatalf("of a new operation: %+v", reservation)
	}
	c.Epoch = reservation.Epoch
	r.Publish(t.Context(), c, outcome())
	want := catalog.Finished{Fingerprint: c.Fingerprint, Outcome: outcome()}
	if diff := cmp.Diff(want, appears(t, r, c)); diff != "" {
		t.Error(diff)
	}
	elsewhere := other(c)
	elsewhere.Warehouse = "v"
	if found := r.Reserve(t.Context(), elsewhere); found.Finished != nil {
		t.Errorf("in another warehouse: %+v", found)
	}
}

func oneIsAtWork(t *testing.T, r catalog.Replays) {
	t.Helper()
	c := claim()
	c.Epoch = reserve(t, r, c).Epoch
	if again := reserve(t, r, c); again.Busy != nil {
		t.Errorf("the holder is kept out by itself: %+v", again)
	}
	if second := reserve(t, r, other(c)); !cmp.Equal(second.Busy, c.Fingerprint) {
		t.Errorf("a second request: %+v", second)
	}
	r.Release(t.Context(), other(c)) // not its to give
	if second := reserve(t, r, other(c)); second.Busy == nil {
		t.Error("released by another")
	}
	r.Release(t.Context(), c)
	eventually(t, "it is released", func() bool { return r.Reserve(t.Context(), other(c)).Busy == nil })
}

func goneHoldsNothing(t *testing.T, url string) {
	t.Helper()
	dead, living := openRedis(t, url, one(t)), openRedis(t, url, one(t))
	c := claim()
	reserve(t, dead, c)
	if found := reserve(t, living, other(c)); found.Busy == nil {
		t.Fatalf("of a process that just began: %+v", found)
	}
	check(t, dead.Close())
	eventually(t, "it is taken over", func() bool { return living.Reserve(t.Context(), other(c)).Busy == nil })
}

// patience is what any request may lose to a Redis in trouble, and more: what is
// promised is a short time-out, and the machine may be busy.
const patience = 2 * time.Second

// goesOn makes sure that, whatever happens to Redis, requests are let through
// soon, none is told what never was, and it is used again afterwards.
func goesOn(t *testing.T, r catalog.Replays, trouble trouble) {
	t.Helper()
	used(t, r)
	stop, slowest := make(chan struct{}), make(chan time.Duration)
	go func() { slowest <- asking(t, r, stop) }()
	check(t, trouble.begin())
	for range 100 {
		ask(t, r)
	}
	if trouble.end != nil {
		check(t, trouble.end())
	}
	used(t, r)
	close(stop)
	if longest := <-slowest; longest > patience {
		t.Errorf("a request waited %v", longest)
	}
}

// used waits until an outcome that was published is found.
func used(t *testing.T, r catalog.Replays) {
	t.Helper()
	eventually(t, "it is used", func() bool {
		c := claim()
		c.Epoch = r.Reserve(t.Context(), c).Epoch
		r.Publish(t.Context(), c, outcome())
		time.Sleep(5 * time.Millisecond)
		return r.Reserve(t.Context(), other(c)).Finished != nil
	})
}

// asking asks until it is stopped, and tells the longest time that one took.
func asking(t *testing.T, r catalog.Replays, stop <-chan struct{}) (longest time.Duration) {
	t.Helper()
	for {
		select {
		case <-stop:
			return longest
		case <-time.After(2 * time.Millisecond):
			longest = max(longest, ask(t, r))
		}
	}
}

// ask is a request's way past Redis: nobody else knows of it.
func ask(t *testing.T, r catalog.Replays) time.Duration {
	t.Helper()
	began, c := time.Now(), claim()
	found := r.Reserve(t.Context(), c)
	if found.Finished != nil || found.Busy != nil {
		t.Errorf("of a new operation: %+v", found)
	}
	c.Epoch = found.Epoch
	r.Publish(t.Context(), c, outcome())
	return time.Since(began)
}
