package redistest_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/igloo-catalog/igloo/pkg/redistest"
)

func TestServerForgetsWhenKilled(t *testing.T) {
	server := redistest.New(t)
	client := server.Client(t)
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := client.Exists(t.Context(), "k").Val(); n != 0 {
		t.Errorf("the key outlived the server")
	}
}

func TestStrangersAreKeptOut(t *testing.T) {
	certificates := redistest.NewCertificates(t)
	for name, server := range map[string]*redistest.Server{
		"no password":    redistest.New(t, redistest.User("igloo", "secret", "~* +@all")),
		"no certificate": redistest.New(t, redistest.Encrypted(certificates)),
	} {
		if err := server.Client(t).Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Errorf("%s: its own client: %v", name, err)
		}
		stranger := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
		if err := stranger.Set(t.Context(), "k", "v", 0).Err(); err == nil {
			t.Errorf("%s: let in", name)
		}
		_ = stranger.Close()
	}
}

func TestTheReplicaTakesOver(t *testing.T) {
	sentinels := redistest.NewSentinels(t)
	options, err := redis.ParseFailoverURL(sentinels.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewFailoverClient(options)
	t.Cleanup(func() { _ = client.Close() })
	for range 2 {
		if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if client.Del(t.Context(), "written").Val() == 0 {
			sentinels.Failover(t)
		}
	}
}

func TestSlotsMove(t *testing.T) {
	cluster := redistest.NewCluster(t)
	options, err := redis.ParseClusterURL(cluster.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClusterClient(options)
	t.Cleanup(func() { _ = client.Close() })
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		if err := client.Set(t.Context(), key, "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Move(t, 0, 1)
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		if err := client.Get(t.Context(), key).Err(); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	if n := cluster.Servers[0].Client(t).DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("%d keys stayed", n)
	}
}
