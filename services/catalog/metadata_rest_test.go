package catalog

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// At rest nobody answers by what was replaced.
func TestWhatWasReplacedGoesAtRest(t *testing.T) {
	cache := newTestCache(t)
	d := metadataOf(t, 1)
	cache.put("w", TableKind, "file:///w/t/0", d, "")
	cache.put("w", TableKind, "file:///w/t/1", d, "file:///w/t/0")
	cache.put("w", TableKind, "file:///w/u/0", d, "")
	cache.rest()
	if got := locations(cache); !slices.Equal(got, []string{"file:///w/t/1", "file:///w/u/0"}) {
		t.Error(got)
	}
	kept, err := cache.load(t.Context(), "w", TableKind, "file:///w/t/1")
	if err != nil || string(kept.Bytes()) != string(d.Bytes()) || kept.UUID() != d.UUID() || kept.Location() != d.Location() || kept.Size() > d.Size() {
		t.Errorf("a document at rest is another: %v, %v", kept, err)
	}
}

// What is at rest already is not moved again.
func TestDocumentsComeToRestOnce(t *testing.T) {
	cache := newTestCache(t)
	cache.put("w", TableKind, "file:///w/t/0", metadataOf(t, 1), "")
	cache.rest()
	rested, err := cache.load(t.Context(), "w", TableKind, "file:///w/t/0")
	if err != nil {
		t.Fatal(err)
	}
	cache.rest()
	if again, err := cache.load(t.Context(), "w", TableKind, "file:///w/t/0"); err != nil || again != rested {
		t.Errorf("a document at rest was made anew: %v", err)
	}
}

// Documents that stay lie among those that are gone, until there is rest.
func TestDocumentsAtRestLieSideBySide(t *testing.T) {
	cache := newTestCache(t)
	oneOfTwenty(t, cache)
	before := unused()
	cache.rest()
	if after := unused(); after > before/2 {
		t.Errorf("%d bytes lie unused among documents at rest, and %d before", after, before)
	}
	runtime.KeepAlive(cache)
}

// oneOfTwenty keeps few of many documents that were there at the same time.
func oneOfTwenty(t *testing.T, cache *metadataCache) {
	t.Helper()
	all := make([]document, 20_000)
	for i := range all {
		if all[i] = metadataOf(t, i); i%20 == 0 {
			cache.put("w", TableKind, fmt.Sprintf("file:///w/t/%d", i), all[i], "")
		}
	}
	runtime.KeepAlive(all)
}

// unused is memory between objects, which the runtime cannot give back.
func unused() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse - stats.HeapAlloc
}

// What is asked for by a long line is kept without the line.
func TestCachesKeepNoRequests(t *testing.T) {
	cache := newTestCache(t)
	heads := newHeads(1 << 20)
	d := metadataOf(t, 1)
	line := strings.Repeat("x", 1<<20)
	before := alive()
	for i := range 64 {
		location := fmt.Sprintf("file:///w/t/%d", i)
		cache.put(strings.Clone(line)[:1], TableKind, location, d, "")
		heads.won(lineKey{strings.Clone(line)[:1], location}, Pointer{}, Winner{})
	}
	if more := alive() - before; more > 16<<20 {
		t.Errorf("64 documents and heads keep %d bytes", more)
	}
	runtime.KeepAlive(cache)
	runtime.KeepAlive(heads)
}

func alive() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func newTestCache(t *testing.T) *metadataCache {
	t.Helper()
	return newMetadataCache(nil, 32<<20, false)
}

func metadataOf(t *testing.T, number int) document {
	t.Helper()
	d, err := parseDocument(TableKind, fmt.Appendf(nil, `{"format-version":2,"table-uuid":"0b3e9a52-5b6e-4b0e-8d0a-%012d","location":"file:///w/t",
		"last-sequence-number":0,"last-updated-ms":1,"last-column-id":0,"schemas":[{"type":"struct","schema-id":0,"fields":[]}],"current-schema-id":0,
		"partition-specs":[{"spec-id":0,"fields":[]}],"default-spec-id":0,"last-partition-id":999,"sort-orders":[{"order-id":0,"fields":[]}],"default-sort-order-id":0}`, number))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func locations(c *metadataCache) (all []string) {
	for _, key := range c.cache.keys() {
		all = append(all, key.location)
	}
	slices.Sort(all)
	return all
}
