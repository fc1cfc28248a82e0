package igloo

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Of many that start on one folder at once, all get the one key that stays.
func TestOnePlanKeyAFolder(t *testing.T) {
	folder := t.TempDir()
	keys := make([]string, 32)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			<-start
			key, err := planKey(folder)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	close(start)
	group.Wait()
	stays, err := planKey(folder)
	check(t, err)
	for _, key := range keys {
		if key != stays || len(key) < 20 {
			t.Errorf("a key %q, the folder's is %q", key, stays)
		}
	}
	if files := names(t, folder); len(files) != 1 {
		t.Errorf("files: %q", files)
	}
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	check(t, err)
	found := make([]string, 0, len(entries))
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

// The key is its owner's alone, and what a process left that died before its key
// was whole is no key.
func TestPlanKeyIsWholeAndPrivate(t *testing.T) {
	folder := t.TempDir()
	check(t, os.WriteFile(filepath.Join(folder, "plan.key.1"), []byte("hal"), 0o600))
	key, err := planKey(folder)
	check(t, err)
	if key == "hal" {
		t.Error("half a key was taken")
	}
	info, err := os.Stat(filepath.Join(folder, "plan.key"))
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
}

func TestEmptyPlanKeyIsRefused(t *testing.T) {
	folder := t.TempDir()
	check(t, os.WriteFile(filepath.Join(folder, "plan.key"), nil, 0o600))
	if _, err := planKey(folder); err == nil {
		t.Error("an empty key signs plans")
	}
	if _, err := planKey(filepath.Join(folder, "missing")); err == nil {
		t.Error("a key was made in no folder")
	}
}
