package redistest_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/igloo-catalog/igloo/pkg/redistest"
)

func TestServerForgetsWhenKilled(t *testing.T) {
	server := redistest.New(t)
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
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
