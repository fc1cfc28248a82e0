package rest

import (
	"bytes"
	"strings"
	"testing"
)

// writes counts.
type writes struct {
	bytes.Buffer
	many int
}

func (w *writes) Write(p []byte) (int, error) {
	w.many++
	return w.Buffer.Write(p)
}

// A body says the same however many writes it takes: a single one where copying costs less
// than the others.
func TestBodiesOfParts(t *testing.T) {
	for size, want := range map[int]int{
		0: 3, joinedAtLeast - 1: 3, joinedAtLeast: 1, joinedAtMost: 1, joinedAtMost + 1: 3,
	} {
		for range 2 { // buffers are used again
			middle := strings.Repeat("x", max(0, size-2))
			var w writes
			if err := (answer{body: [][]byte{[]byte("{"), []byte(middle), []byte("}")}}).writeBody(&w); err != nil {
				t.Fatal(err)
			}
			if w.many != want || w.String() != "{"+middle+"}" {
				t.Errorf("%d bytes: %d writes of %d bytes, want %d writes", size, w.many, w.Len(), want)
			}
		}
	}
}
