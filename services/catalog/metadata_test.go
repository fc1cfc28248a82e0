package catalog

import (
	"fmt"
	"slices"
	"testing"
)

// Of a table that is committed to over and over, the last two documents are kept: others
// would fill the cache with what nobody asks for.
func TestDocumentsThatWereReplacedAreDropped(t *testing.T) {
	cache, d := newTestCache(t), metadataOf(t, 1)
	before := ""
	for i := range 5 {
		location := fmt.Sprintf("file:///w/t/%d", i)
		cache.put("w", TableKind, location, d, before)
		before = location
	}
	if got := locations(cache); !slices.Equal(got, []string{"file:///w/t/3", "file:///w/t/4"}) {
		t.Error(got)
	}
	cache.put("w", TableKind, "file:///w/t/lost", d, before)
	cache.drop("w", []string{"file:///w/t/lost"})
	if got := locations(cache); !slices.Equal(got, []string{"file:///w/t/4"}) {
		t.Error(got)
	}
}
