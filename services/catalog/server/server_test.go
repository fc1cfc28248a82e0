package server_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
	"github.com/igloo-catalog/igloo/services/catalog/server"
)

func logTo(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

func config(t *testing.T) server.Config {
	t.Helper()
	return server.Config{Listen: "127.0.0.1:0", WarehouseRoot: "file://" + t.TempDir()}
}

func open(t *testing.T, cfg server.Config, conn grpc.ClientConnInterface) *server.Server {
	t.Helper()
	s, err := server.New(t.Context(), cfg, conn, logTo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*server.Config)
		mentions string
	}{
		"no root":         {func(c *server.Config) { c.WarehouseRoot = "" }, "warehouse-root"},
		"unknown store":   {func(c *server.Config) { c.WarehouseRoot = "hdfs://host/x" }, "no store"},
		"half a key":      {func(c *server.Config) { c.S3AccessKeyID = "id" }, "s3-secret-access-key"},
		"relative root":   {func(c *server.Config) { c.WarehouseRoot = "file:x" }, "absolute"},
		"no house tables": {func(*server.Config) {}, "housetable"},
		"no port":         {func(c *server.Config) { c.HouseTable = "host" }, "housetable"},
		"no second port":  {func(c *server.Config) { c.HouseTable = "host:1,host" }, "housetable"},
		"spaces":          {func(c *server.Config) { c.HouseTable = "host:1, host:2" }, "space"},
		"bad Redis":       {func(c *server.Config) { c.HouseTable, c.RedisURL = "host:1", "http://x" }, "redis"},
		"bad separator":   {func(c *server.Config) { c.HouseTable, c.NamespaceSeparator = "host:1", "--" }, "separator"},
		"negative limit":  {func(c *server.Config) { c.BodyLimit = -1 }, "negative"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			test.change(&cfg)
			s, err := server.New(t.Context(), cfg, nil, logTo(t))
			if err == nil {
				_ = s.Close()
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), test.mentions) {
				t.Errorf("%v does not mention %q", err, test.mentions)
			}
		})
	}
}

func TestHandler(t *testing.T) {
	s := open(t, config(t), htsfake.New().Conn())
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	front := httptest.NewServer(s.Handler())
	defer front.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL+"/v1/namespaces/none", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Request-Id", "my-own-id")
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusNotFound || r.Header.Get("X-Request-Id") != "my-own-id" || !strings.Contains(string(body), "my-own-id") {
		t.Errorf("%d %v %s %v", r.StatusCode, r.Header, body, err)
	}
}

func TestNotReadyWithoutHouseTables(t *testing.T) {
	cfg := config(t)
	cfg.HouseTable = "127.0.0.1:1"
	s := open(t, cfg, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err == nil {
		t.Error("ready")
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(t)
	cfg.Listen = listener.Addr().String()
	listener.Close()
	s := open(t, cfg, htsfake.New().Conn())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	for _, path := range []string{"/readyz", "/livez", "/v1/config"} {
		answers(t, "http://"+cfg.Listen+path)
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Serve does not end")
	}
}

// answers waits for a 200.
func answers(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if r, err := http.Get(url); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatalf("%s does not answer", url)
}
