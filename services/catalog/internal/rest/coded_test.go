package rest

import (
	"bytes"
	"fmt"
	"testing"

	"go.opentelemetry.io/otel/metric/noop"
)

// Compressed answers are kept, each once, and no more of them than fit.
func TestCompressedAnswersAreKeptWithinABound(t *testing.T) {
	const bound = 64 << 10
	cache, err := newCodedCache(bound, noop.Meter{})
	if err != nil {
		t.Fatal(err)
	}
	compressed := func(tag string, keep bool) []byte {
		t.Helper()
		a := answer{etag: `"` + tag + `"`, keep: keep, body: [][]byte{bytes.Repeat([]byte(tag), 100)}}
		body, err := cache.compress(t.Context(), a, gzipped)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	if first, second := compressed("a", true), compressed("a", true); &first[0] != &second[0] {
		t.Error("what is kept was compressed again")
	}
	if first, second := compressed("b", false), compressed("b", false); &first[0] == &second[0] {
		t.Error("what may change was kept")
	}
	for i := range 2000 {
		compressed(fmt.Sprint(i), true)
	}
	cache.cache.CleanUp()
	if weight := cache.cache.WeightedSize(); weight > bound || weight == 0 {
		t.Errorf("%d bytes are kept, %d are allowed", weight, bound)
	}
}
