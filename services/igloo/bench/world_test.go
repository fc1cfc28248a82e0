package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/heap"
	"github.com/igloo-catalog/igloo/pkg/redistest"
)

// world is the split services on one house table service: a catalog with a Redis,
// and one whose Redis is stopped. The writers are charged to it as well.
type world struct {
	contestant

	whole, bereaved string // URLs of the catalogs
}

func newWorld(b *testing.B) *world {
	b.Helper()
	b.Cleanup(heap.Floor()) // as every program of Igloo has
	w := &world{}
	w.ownPostgres(b)
	w.migrate(b)
	houses, running, stopped := w.houseTables(b), redistest.New(b), redistest.New(b)
	root := "file://" + filepath.Join(b.TempDir(), "warehouse")
	w.whole = w.catalog(b, "--housetable", houses, "--warehouse-root", root, "--redis-url", running.URL())
	w.bereaved = w.catalog(b, "--housetable", houses, "--warehouse-root", root, "--redis-url", stopped.URL())
	w.services = append(w.services, running.PID(), os.Getpid())
	if err := stopped.Kill(); err != nil {
		b.Fatal(err)
	}
	return w
}

// cpu is what all processes have used so far.
func (w *world) cpu(b *testing.B) time.Duration {
	b.Helper()
	return w.used(b).all()
}
