package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/housetabletest"
	"github.com/igloo-catalog/igloo/services/housetable/internal/sqlite"
)

func TestStore(t *testing.T) {
	template := sync.OnceValues(func() ([]byte, error) { return migrated(t) })
	written := &statements{seen: map[string]bool{}}
	t.Cleanup(func() { written.probe(t) }) // after those that run side by side
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
			written.add(store.Written())
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return store
	})
}

// wide is a step that reads all that a warehouse has of what it may have many of.
var wide = regexp.MustCompile(`^SCAN (house_table|table_hold|namespace|change_event|access_grant|operation)` +
	`|^SEARCH (house_table|table_hold|h|namespace|change_event|access_grant|job|operation|soft_deleted_table) .*\(warehouse_id=\?\)$`)

// content are statements that may: one takes the first of an index, one finds that
// nothing is there, and of the last the key that others refer to never changes.
var content = regexp.MustCompile(`ORDER BY creation_time_ms, job_id LIMIT 1|^DELETE FROM warehouse |^INSERT INTO access_head `)

// statements are those that writers have made.
type statements struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (s *statements) add(written []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range written {
		s.seen[w] = true
	}
}

// probe: what a commit costs does not grow with what the warehouse holds, so each
// of its statements goes by more of a key than the warehouse.
func (s *statements) probe(t *testing.T) {
	t.Helper()
	store, err := sqlite.Open(context.Background(), filepath.Join(memoryDir(t), "igloo.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var unset [64]any // more than any of them has parameters
	for statement := range s.seen {
		if content.MatchString(statement) {
			continue
		}
		for _, step := range store.Plan(t, statement, unset[:]...) {
			if wide.MatchString(step) {
				t.Errorf("%s: %s", statement, step)
			}
		}
	}
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
