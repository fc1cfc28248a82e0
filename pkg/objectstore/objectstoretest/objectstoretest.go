// Package objectstoretest owns the behaviour that every objectstore.Store must
// show; a new store is right when Run passes on it.
package objectstoretest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// Run checks a store; open returns a fresh one and the prefix, ending in a
// slash, below which the test may write.
func Run(t *testing.T, open func(t *testing.T) (objectstore.Store, string)) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, objectstore.Store, string){
		"a created object can be read":         created,
		"a missing object is ErrNotFound":      missing,
		"create never overwrites":              neverOverwrites,
		"of concurrent creates one wins":       oneWins,
		"delete passes over what is not there": deletes,
		"list yields what begins with prefix":  lists,
		"an ended context ends the operation":  ended,
		"odd names are kept as they are":       oddNames,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, prefix := open(t)
			check(t, store, prefix)
		})
	}
}

func created(t *testing.T, store objectstore.Store, prefix string) {
	t.Helper()
	for _, size := range []int{0, 1, 4096, 1 << 20} {
		location := prefix + "a/b/c/" + strconv.Itoa(size)
		want := bytes.Repeat([]byte{'x'}, size)
		if err := store.Create(t.Context(), location, want); err != nil {
			t.Fatal(err)
		}
		got, err := store.Read(t.Context(), location)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("read %d bytes, error %v, want %d bytes", len(got), err, size)
		}
		object, err := store.Stat(t.Context(), location)
		if err != nil || object.Size != int64(size) || object.Location != location || object.Modified.IsZero() {
			t.Errorf("stat = %+v, %v", object, err)
		}
	}
}

func missing(t *testing.T, store objectstore.Store, prefix string) {
	t.Helper()
	for _, name := range []string{"nothing", "no/folder/either"} {
		if _, err := store.Read(t.Context(), prefix+name); !errors.Is(err, objectstore.ErrNotFound) {
			t.Errorf("read %s: %v", name, err)
		}
		if _, err := store.Stat(t.Context(), prefix+name); !errors.Is(err, objectstore.ErrNotFound) {
			t.Errorf("stat %s: %v", name, err)
		}
	}
}

func neverOverwrites(t *testing.T, store objectstore.Store, prefix string) {
	t.Helper()
	if err := store.Create(t.Context(), prefix+"once", []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(t.Context(), prefix+"once", []byte("second")); !errors.Is(err, objectstore.ErrExists) {
		t.Errorf("second create: %v", err)
	}
	if got, err := store.Read(t.Context(), prefix+"once"); err != nil || string(got) != "first" {
		t.Errorf("read %q, %v", got, err)
	}
}

func oneWins(t *testing.T, store objectstore.Store, prefix string) {
	t.Helper()
	var winners atomic.Int32
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			err := store.Create(t.Context(), prefix+"deep/contended", []byte{byte(i)})
			switch {
			case err == nil:
				winners.Add(1)
			case !errors.Is(err, objectstore.ErrExists):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if winners.Load() != 1 {
		t.Errorf("%d creates won", winners.Load())
	}
}

func deletes(t *testing.T, store objectstore.Store, prefix string) {
	t.Helper()
	if err := store.Create(t.Context(), prefix+"gone", nil); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), prefix+"never/was", prefix+"gone", prefix+"gone"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Read(t.Context(), prefix+"gone"); !errors.Is(err, objectstore.ErrNotFound) {
		t.Errorf("read: %v", err)
	}
	if err := store.Create(t.Context(), prefix+"gone", nil); err != nil {
		t.Errorf("create again: %v", err)
	}
}

func lists(t *testing.T, store objectstore.Store, prefix string) {
	t.Helper()
	for _, name := range []string{"t/metadata/1", "t/metadata/2", "t/data/1", "tt/1", "u"} {
		if err := store.Create(t.Context(), prefix+name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	for under, want := range map[string][]string{
		"t/":           {"t/data/1", "t/metadata/1", "t/metadata/2"},
		"t":            {"t/data/1", "t/metadata/1", "t/metadata/2", "tt/1"},
		"t/metadata/1": {"t/metadata/1"},
		"":             {"t/data/1", "t/metadata/1", "t/metadata/2", "tt/1", "u"},
		"nothing/":     nil,
	} {
		found := map[string]bool{}
		for object, err := range store.List(t.Context(), prefix+under) {
			if err != nil {
				t.Fatal(err)
			}
			found[object.Location[len(prefix):]] = true
		}
		if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
			t.Errorf("list %q = %q, want %q", under, got, want)
		}
	}
}

func ended(t *testing.T, store objectstore.Store, prefix string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Read(ctx, prefix+"x"); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if err := store.Create(ctx, prefix+"x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("create: %v", err)
	}
	if err := store.Delete(ctx, prefix+"x"); !errors.Is(err, context.Canceled) {
		t.Errorf("delete: %v", err)
	}
}

func oddNames(t *testing.T, store objectstore.Store, prefix string) {
	t.Helper()
	for _, name := range []string{"a b", "a+b", "a%20b", "a%2Fb", "é", "日本", "a=b", "a:b", "#?&"} {
		if err := store.Create(t.Context(), prefix+name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a b", "a+b", "a%20b", "a%2Fb", "é", "日本", "a=b", "a:b", "#?&"} {
		if got, err := store.Read(t.Context(), prefix+name); err != nil || string(got) != name {
			t.Errorf("read %q = %q, %v", name, got, err)
		}
	}
}
