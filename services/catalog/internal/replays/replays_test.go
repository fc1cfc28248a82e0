package replays_test

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/redistest"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/replays"
)

func finished() catalog.Finished {
	return catalog.Finished{
		Fingerprint: []byte{0, 1, 255},
		Outcome:     catalog.Outcome{Status: 200, MetadataLocations: []string{"file:///a", "file:///b"}, Body: []byte(`{"a":1}`)},
	}
}

func openRedis(t *testing.T, url string) *replays.Redis {
	t.Helper()
	r, err := replays.OpenRedis(url, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// appears waits for a publication, which is off the request's path.
func appears(t *testing.T, r catalog.Replays, warehouse string, id uuid.UUID) *catalog.Finished {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if f := r.Lookup(t.Context(), warehouse, id); f != nil {
			return f
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatal("the outcome does not appear")
	return nil
}

func TestWhatIsPublishedIsFound(t *testing.T) {
	memory, err := replays.NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]catalog.Replays{"memory": memory, "Redis": openRedis(t, redistest.New(t).URL())} {
		t.Run(name, func(t *testing.T) {
			id := uuid.New()
			if f := r.Lookup(t.Context(), "w", id); f != nil {
				t.Errorf("before: %+v", f)
			}
			r.Publish(t.Context(), "w", id, finished())
			if diff := cmp.Diff(finished(), *appears(t, r, "w", id)); diff != "" {
				t.Error(diff)
			}
			if f := r.Lookup(t.Context(), "other", id); f != nil {
				t.Errorf("in another warehouse: %+v", f)
			}
		})
	}
}

func TestRedisThatIsAwayCostsLittle(t *testing.T) {
	server := redistest.New(t)
	r := openRedis(t, server.URL())
	id := uuid.New()
	r.Publish(t.Context(), "w", id, finished())
	appears(t, r, "w", id)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	for range 100 {
		if f := r.Lookup(t.Context(), "w", id); f != nil {
			t.Fatalf("%+v", f)
		}
		r.Publish(t.Context(), "w", id, finished())
	}
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("100 requests waited %v for Redis", took)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-time.After(600 * time.Millisecond)
	r.Publish(t.Context(), "w", id, finished())
	appears(t, r, "w", id)
}

// A Redis that takes connections and never answers is the worst kind of away.
func TestRedisThatIsSilentCostsLittle(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	r := openRedis(t, "redis://"+listener.Addr().String())
	started := time.Now()
	if f := r.Lookup(t.Context(), "w", uuid.New()); f != nil {
		t.Fatalf("%+v", f)
	}
	if took := time.Since(started); took > time.Second {
		t.Errorf("a look-up waited %v", took)
	}
	started = time.Now()
	for range 100 {
		r.Lookup(t.Context(), "w", uuid.New())
	}
	if took := time.Since(started); took > time.Second {
		t.Errorf("100 look-ups at an open breaker waited %v", took)
	}
}
