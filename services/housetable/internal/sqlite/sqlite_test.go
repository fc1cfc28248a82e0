package sqlite_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/housetabletest"
	"github.com/igloo-catalog/igloo/services/housetable/internal/sqlite"
)

func TestStore(t *testing.T) {
	template := sync.OnceValues(func() ([]byte, error) { return migrated(t) })
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		file, err := template()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(memoryDir(t), "igloo.db")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		store, err := sqlite.Open(t.Context(), path)
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

// migrated is a new database file, to be copied: that costs less than a run of
// the migrations.
func migrated(t *testing.T) ([]byte, error) {
	t.Helper()
	path := filepath.Join(memoryDir(t), "template.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// memoryDir is a folder that is in memory as a rule: what survives a crash is
// asked by TestKill, not by the suite, which would wait for the disk thousands
// of times.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(proctest.ScratchDir(), "igloo-sqlite-") //nolint:usetesting // not where t.TempDir is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
