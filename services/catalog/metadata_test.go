package catalog

import (
	"fmt"
	"slices"
	"testing"
)

// Of a table that is committed to over and over, the last two documents are kept: others
// would fill the cache with what nobody asks for.
func TestDocumentsThatWereReplacedAreDropped(t *testing.T) {
	cache, err := newMetadataCache(nil, 1<<20, false)
	if err != nil {
		t.Fatal(err)
	}
	d, err := parseDocument(TableKind, []byte(`{"format-version":2,"table-uuid":"0b3e9a52-5b6e-4b0e-8d0a-0a7c2f3f9d11","location":"file:///w/t",
		"last-sequence-number":0,"last-updated-ms":1,"last-column-id":0,"schemas":[{"type":"struct","schema-id":0,"fields":[]}],"current-schema-id":0,
		"partition-specs":[{"spec-id":0,"fields":[]}],"default-spec-id":0,"last-partition-id":999,"sort-orders":[{"order-id":0,"fields":[]}],"default-sort-order-id":0}`))
	if err != nil {
		t.Fatal(err)
	}
	held := func() (locations []string) {
		for _, key := range slices.Collect(cache.cache.Keys()) {
			locations = append(locations, key.location)
		}
		slices.Sort(locations)
		return locations
	}
	before := ""
	for i := range 5 {
		location := fmt.Sprintf("file:///w/t/%d", i)
		cache.put("w", TableKind, location, d, before)
		before = location
	}
	if got := held(); !slices.Equal(got, []string{"file:///w/t/3", "file:///w/t/4"}) {
		t.Error(got)
	}
	cache.put("w", TableKind, "file:///w/t/lost", d, before)
	cache.drop("w", []string{"file:///w/t/lost"})
	if got := held(); !slices.Equal(got, []string{"file:///w/t/4"}) {
		t.Error(got)
	}
}
