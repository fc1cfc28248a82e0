package objectstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/objectstoretest"
)

func openLocal(t *testing.T, folders ...string) *objectstore.Local {
	t.Helper()
	store, err := objectstore.OpenLocal(folders...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func TestLocal(t *testing.T) {
	t.Run("confined", func(t *testing.T) {
		objectstoretest.Run(t, func(t *testing.T) (objectstore.Store, string) {
			t.Helper()
			dir := t.TempDir()
			return openLocal(t, dir), "file://" + dir + "/"
		})
	})
	t.Run("whole disk", func(t *testing.T) {
		objectstoretest.Run(t, func(t *testing.T) (objectstore.Store, string) {
			t.Helper()
			return openLocal(t), "file:" + t.TempDir() + "/"
		})
	})
	t.Run("behind the router", func(t *testing.T) {
		objectstoretest.Run(t, func(t *testing.T) (objectstore.Store, string) {
			t.Helper()
			dir := t.TempDir()
			return objectstore.NewRouter(map[string]objectstore.Store{"file": openLocal(t, dir)}), dir + "/"
		})
	})
}

func TestLocalSpellings(t *testing.T) {
	dir := t.TempDir()
	store := openLocal(t, dir)
	if err := store.Create(t.Context(), "file://"+dir+"/x", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, location := range []string{dir + "/x", "file:" + dir + "/x", "file://localhost" + dir + "/x", dir + "/./x", dir + "//x"} {
		if got, err := store.Read(t.Context(), location); err != nil || string(got) != "x" {
			t.Errorf("%s: %q, %v", location, got, err)
		}
	}
}

func TestLocalStaysInside(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret")
	must(t, os.WriteFile(secret, []byte("secret"), 0o600))
	must(t, os.Symlink(secret, filepath.Join(dir, "link")))
	must(t, os.Symlink(outside, filepath.Join(dir, "folder")))
	store := openLocal(t, dir)
	for _, location := range []string{
		secret, dir + "/../x", dir + "/a/../../x", "file://" + dir + "/..", "file://host" + dir + "/x",
		"relative", "", "/", dir + "sibling/x", dir + "/a\x00b",
	} {
		if _, err := store.Read(t.Context(), location); !fault.Is(err, fault.Invalid) {
			t.Errorf("read %q: %v", location, err)
		}
		if err := store.Create(t.Context(), location, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("create %q: %v", location, err)
		}
	}
	for _, name := range []string{"link", "folder/secret"} {
		if data, err := store.Read(t.Context(), dir+"/"+name); err == nil {
			t.Errorf("read %s: %q", name, data)
		}
	}
	for _, name := range []string{"/folder/new", "/folder/a/b/new", "/link/new"} {
		if err := store.Create(t.Context(), dir+name, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("create %s outside of the root: %v", name, err)
		}
	}
	must(t, store.Delete(t.Context(), dir+"/link"))
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
}

// TestLocalSaysWhatIsInTheWay: where no file can be, or none may be, trying again
// is no use.
func TestLocalSaysWhatIsInTheWay(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	must(t, os.Symlink(filepath.Join(dir, "nothing"), filepath.Join(dir, "broken")))
	must(t, os.Symlink("round", filepath.Join(dir, "round")))
	must(t, os.Mkdir(filepath.Join(dir, "closed"), 0o500))
	for _, store := range []objectstore.Store{openLocal(t), openLocal(t, dir)} {
		for name, kind := range map[string]fault.Kind{
			"file/x": fault.Invalid, "file/a/b/x": fault.Invalid, "broken/x": fault.Invalid, "round/x": fault.Invalid, "closed/x": fault.Forbidden, "closed/a/x": fault.Forbidden,
		} {
			if kind == fault.Forbidden && os.Geteuid() == 0 {
				continue // nothing is closed to root
			}
			if err := store.Create(t.Context(), filepath.Join(dir, name), nil); !fault.Is(err, kind) {
				t.Errorf("%s: %v, want %s", name, err, kind)
			}
		}
	}
}

func TestRealPath(t *testing.T) {
	dir := objectstore.RealPath(t.TempDir())
	must(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755))
	must(t, os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "link")))
	must(t, os.Symlink("round", filepath.Join(dir, "round")))
	for name, want := range map[string]string{
		"/a/b": "/a/b", "/link": "/a", "/link/b/c/d": "/a/b/c/d", "/none/x": "/none/x", "/round/x": "/round/x",
	} {
		if got := objectstore.RealPath(dir + name); got != dir+want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := objectstore.RealPath("/"); got != "/" {
		t.Error(got)
	}
}

func TestLocalReadsFilesOnly(t *testing.T) {
	dir := t.TempDir()
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	store := openLocal(t)
	for _, location := range []string{dir, dir + "/fifo", "/dev/zero"} {
		if _, err := store.Read(t.Context(), location); !errors.Is(err, objectstore.ErrNotFound) {
			t.Errorf("%s: %v", location, err)
		}
	}
}

func TestLocalRefusesWhatIsTooLarge(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	must(t, os.WriteFile(large, nil, 0o600))
	must(t, os.Truncate(large, objectstore.DefaultReadLimit+1))
	if _, err := openLocal(t).Read(t.Context(), large); !fault.Is(err, fault.TooLarge) {
		t.Errorf("read: %v", err)
	}
}

func TestLocalLeavesNoTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	store := openLocal(t, dir)
	must(t, store.Create(t.Context(), dir+"/x", nil))
	if err := store.Create(t.Context(), dir+"/x", nil); !errors.Is(err, objectstore.ErrExists) {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestRouterRefusesOtherSchemes(t *testing.T) {
	router := objectstore.NewRouter(map[string]objectstore.Store{"file": openLocal(t)})
	for location, want := range map[string]fault.Kind{
		"s3://bucket/x":                 fault.Unsupported,
		"S3://bucket/x":                 fault.Unsupported,
		"gs://bucket/x":                 fault.Unsupported,
		"abfss://c@a.dfs.example/x":     fault.Unsupported,
		"http://169.254.169.254/latest": fault.Invalid,
		"relative":                      fault.Invalid,
	} {
		if _, err := router.Read(t.Context(), location); !fault.Is(err, want) {
			t.Errorf("%s: %v", location, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
