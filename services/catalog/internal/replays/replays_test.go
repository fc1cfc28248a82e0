package replays_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/redistest"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/replays"
)

func outcome() catalog.Outcome {
	return catalog.Outcome{Status: 200, MetadataLocations: []string{"file:///a", "file:///b"}, Body: []byte(`{"a":1}`)}
}

func claim() catalog.Claim {
	return catalog.Claim{Warehouse: "w", Operation: uuid.New(), Fingerprint: []byte{0, 1, 255}, Holder: uuid.New()}
}

// other is the same request, sent once more.
func other(c catalog.Claim) catalog.Claim {
	c.Holder, c.Epoch = uuid.New(), ""
	return c
}

// history is a database that can fail over and be away.
type history struct{ name atomic.Pointer[string] }

func (h *history) set(name string) { h.name.Store(&name) }

func (h *history) ask(context.Context) (string, error) {
	if name := h.name.Load(); name != nil && *name != "" {
		return *name, nil
	}
	return "", errors.New("away")
}

// follow returns an epoch that is known already.
func follow(t *testing.T, h *history) *replays.Epoch {
	t.Helper()
	epoch := replays.Follow(h.ask)
	t.Cleanup(func() { _ = epoch.Close() })
	eventually(t, "the epoch is known", func() bool { _, known := epoch.Current(); return known })
	return epoch
}

func one(t *testing.T) *replays.Epoch {
	t.Helper()
	h := &history{}
	h.set("1")
	return follow(t, h)
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func openRedis(t *testing.T, url string, epoch *replays.Epoch) *replays.Redis {
	t.Helper()
	r, err := replays.OpenRedis(url, epoch, nil, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// appears waits for a publication, which is off the request's path.
func appears(t *testing.T, r catalog.Replays, c catalog.Claim) catalog.Finished {
	t.Helper()
	var found *catalog.Finished
	eventually(t, "the outcome appears", func() bool {
		found = r.Reserve(t.Context(), other(c)).Finished
		return found != nil
	})
	return *found
}

// A database that failed over may have lost what is remembered here.
func TestAnotherEpochRemembersNothing(t *testing.T) {
	h := &history{}
	h.set("1")
	epoch := follow(t, h)
	memory, err := replays.NewMemory(epoch)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]catalog.Replays{"memory": memory, "Redis": openRedis(t, redistest.New(t).URL(), epoch)} {
		t.Run(name, func(t *testing.T) {
			h.set("1")
			eventually(t, "the first epoch", func() bool { e, _ := epoch.Current(); return e == "1" })
			done, late := claim(), claim()
			done.Epoch, late.Epoch = r.Reserve(t.Context(), done).Epoch, r.Reserve(t.Context(), late).Epoch
			r.Publish(t.Context(), done, outcome())
			appears(t, r, done)
			h.set("")
			eventually(t, "silence", func() bool { _, known := epoch.Current(); return !known })
			if found := r.Reserve(t.Context(), other(done)); found.Finished != nil {
				t.Errorf("while the epoch is not known: %+v", found)
			}
			h.set("2")
			eventually(t, "the second epoch", func() bool { e, _ := epoch.Current(); return e == "2" })
			r.Publish(t.Context(), late, outcome()) // what it did may be of the first
			time.Sleep(50 * time.Millisecond)
			for _, c := range []catalog.Claim{done, late} {
				if found := r.Reserve(t.Context(), other(c)); found.Finished != nil {
					t.Errorf("in the second epoch: %+v", found)
				}
			}
		})
	}
}

// A Redis that takes connections and never answers is the worst kind of away.
func TestRedisThatIsSilentCostsLittle(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	r := openRedis(t, "redis://"+listener.Addr().String(), one(t))
	started := time.Now()
	for range 100 {
		if found := r.Reserve(t.Context(), claim()); found.Finished != nil || found.Busy != nil {
			t.Fatalf("%+v", found)
		}
	}
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("100 requests waited %v", took)
	}
}

func TestURLs(t *testing.T) {
	for url, ok := range map[string]bool{
		"redis://user:secret@127.0.0.1:1/0":                      true,
		"rediss://127.0.0.1:1":                                   true,
		"redis://127.0.0.1:1?master_name=igloo&addr=127.0.0.1:2": true,
		"redis://127.0.0.1:1?addr=127.0.0.1:2":                   true,
		"http://127.0.0.1:1":                                     false,
		"redis://127.0.0.1:1?no_such_option=1":                   false,
		"redis://127.0.0.1:1?master_name=igloo&no_such_option=1": false,
		"redis://127.0.0.1:1?addr=127.0.0.1:2&no_such_option=1":  false,
		"redis://user:secret@127.0.0.1:port-that-is-none/0":      false,
		"redis://user:secret@127.0.0.1:1?ca_file=/none":          false,
		"rediss://user:secret@127.0.0.1:1?ca_file=/none":         false,
		"rediss://user:secret@127.0.0.1:1?cert_file=/none":       false,
	} {
		r, err := replays.OpenRedis(url, one(t), nil, slog.New(slog.DiscardHandler))
		if (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is told: %v", err)
		}
		if err == nil {
			_ = r.Close()
		}
	}
}
