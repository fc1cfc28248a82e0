package rest

import (
	"encoding/json"
	"fmt"
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
		{}, {"t"}, {"a", "b c", `"quoted"`, `back\slash`, "<&>", "ü", "\u2028", "del\x7f", "bad\xff", "tab\t"},
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
			got, err := identifiers(ns, names, next)
			if err != nil || len(got.body) != 1 || string(got.body[0]) != string(text) {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.body, text)
			}
		}
	}
}

// BenchmarkIdentifiers is the encoding of a page of a thousand names.
func BenchmarkIdentifiers(b *testing.B) {
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("t%06d", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := identifiers(catalog.Namespace{"load_1000"}, names, nil); err != nil {
			b.Fatal(err)
		}
	}
}
