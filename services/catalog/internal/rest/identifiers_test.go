package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// TestIdentifiersAreThoseOfThePackageJSON: byte by byte.
func TestIdentifiersAreThoseOfThePackageJSON(t *testing.T) {
	type identifier struct {
		Namespace catalog.Namespace `json:"namespace"`
		Name      string            `json:"name"`
	}
	for _, names := range [][]string{
		{}, {"t"}, {"a", "b", "c", "d", "e"}, {"a", "b c", `"quoted"`, `back\slash`, "<&>", "ü", "\u2028", "del\x7f", "bad\xff", "tab\t"},
	} {
		for _, next := range []*string{nil, new("a+b<c")} {
			ns := catalog.Namespace{"a", "ü\"<"}
			want := make([]identifier, len(names))
			for i, name := range names {
				want[i] = identifier{ns, name}
			}
			text, err := json.Marshal(struct {
				Identifiers   []identifier `json:"identifiers"`
				NextPageToken *string      `json:"next-page-token"`
			}{want, next})
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{1, 2, 100} {
				got, err := identifiers(ns, pagesOf(names, size), next)
				if body := bytes.Join(got.body, nil); err != nil || string(body) != string(text) {
					t.Errorf("%v\ngot  %s\nwant %s", err, body, text)
				}
			}
		}
	}
}

// pagesOf are names in pages of a size, the last of which is empty.
func pagesOf(names []string, size int) (pages []*catalog.Names) {
	for page := range slices.Chunk(names, size) {
		pages = append(pages, &catalog.Names{All: page})
	}
	return append(pages, &catalog.Names{})
}

// BenchmarkIdentifiers is the encoding of a page of a thousand names.
func BenchmarkIdentifiers(b *testing.B) {
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("t%06d", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := identifiers(catalog.Namespace{"load_1000"}, []*catalog.Names{{All: names}}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
