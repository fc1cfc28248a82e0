package postgres_test

import (
	"testing"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/housetabletest"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

func TestStore(t *testing.T) { run(t, postgres.Options{Connections: 4}) }

func TestStoreForPooler(t *testing.T) { run(t, postgres.Options{Connections: 4, Pooler: true}) }

func run(t *testing.T, o postgres.Options) {
	t.Helper()
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		store, err := postgres.Open(t.Context(), pgtest.New(t, postgres.Migrate), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return store
	})
}
