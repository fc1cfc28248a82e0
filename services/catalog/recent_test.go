package catalog

import (
	"fmt"
	"slices"
	"testing"
)

// held is a cache of strings that weigh what is said of them.
func held(most int64) *recent[string, int64] {
	return newRecent(most, func(_ string, weight int64) int64 { return weight })
}

func TestWhatIsNewIsLetIn(t *testing.T) {
	r := held(10)
	for i := range 100 {
		r.put("often", 5)
		if _, known := r.get("often"); !known {
			t.Fatal("what is used often is gone")
		}
		key := fmt.Sprint(i)
		if r.put(key, 1); !slices.Contains(r.keys(), key) {
			t.Fatalf("%s was not let in", key)
		}
	}
	if got := r.keys(); !slices.Equal(got, []string{"95", "96", "97", "98", "often", "99"}) {
		t.Error(got)
	}
	if bytes, evictions := r.size(); bytes != 10 || evictions != 95 {
		t.Errorf("%d bytes, %d evictions", bytes, evictions)
	}
}

func TestAPeekIsNoUse(t *testing.T) {
	r := held(2)
	r.put("a", 1)
	r.put("b", 1)
	r.peek("a")
	if r.put("c", 1); !slices.Equal(r.keys(), []string{"b", "c"}) {
		t.Error(r.keys())
	}
}

func TestWhatIsTooMuchIsNotHeld(t *testing.T) {
	r := held(10)
	r.put("a", 3)
	r.put("b", 3)
	r.put("b", 11)
	if bytes, _ := r.size(); bytes != 3 || !slices.Equal(r.keys(), []string{"a"}) {
		t.Errorf("%v of %d bytes", r.keys(), bytes)
	}
}

func TestChangesAreWeighed(t *testing.T) {
	r := held(10)
	r.put("a", 3)
	r.put("b", 3)
	r.change("c", func(int64) (int64, bool) { t.Error("of what is not there"); return 0, true })
	r.change("a", func(was int64) (int64, bool) { return was + 1, false })
	if bytes, _ := r.size(); bytes != 6 {
		t.Errorf("%d bytes and nothing has changed", bytes)
	}
	r.change("a", func(was int64) (int64, bool) { return was + 5, true })
	if bytes, _ := r.size(); bytes != 8 || !slices.Equal(r.keys(), []string{"a"}) {
		t.Errorf("%v of %d bytes", r.keys(), bytes)
	}
	if r.remove("a"); len(r.keys()) != 0 {
		t.Error(r.keys())
	}
}

// A table that was just written is known, however full the cache is of what others
// asked for before.
func TestTheNewestVersionIsKnown(t *testing.T) {
	cache, d := newTestCache(t), metadataOf(t, 1)
	for i := range 50_000 {
		location := fmt.Sprintf("file:///w/old/%d", i)
		cache.put("w", TableKind, location, d, "")
		if i%2 == 0 {
			_, _ = cache.load(t.Context(), "w", TableKind, location)
		}
	}
	if use := cache.use(); use.Evictions == 0 || use.Bytes > 32<<20 {
		t.Fatalf("%+v", use)
	}
	before := ""
	for i := range 100 {
		location := fmt.Sprintf("file:///w/t/%d", i)
		cache.put("w", TableKind, location, d, before)
		if _, err := cache.load(t.Context(), "w", TableKind, location); err != nil {
			t.Fatal(err)
		}
		before = location
	}
	if use := cache.use(); use.Misses != 0 {
		t.Errorf("%+v", use)
	}
}
