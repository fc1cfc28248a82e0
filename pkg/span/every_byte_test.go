package span

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"
)

// TestEveryByteEverywhere: strings are passed eight bytes at a time, so each
// byte must be noticed at each place of the eight, and in what is left of them.
func TestEveryByteEverywhere(t *testing.T) {
	for length := range 20 {
		for at := range length {
			for b := range 256 {
				text := append(append([]byte{'"'}, bytes.Repeat([]byte{'a'}, length)...), '"')
				text[1+at] = byte(b)
				if got, want := valid(text), json.Valid(text) && utf8.Valid(text); got != want {
					t.Fatalf("%q: taken = %v, want %v", text, got, want)
				}
			}
		}
	}
}

// TestEveryByteAnywhere puts each byte in the place of each of a document.
func TestEveryByteAnywhere(t *testing.T) {
	doc := []byte(`{"a" : [ 1 , -0.5e+3 ,true,null] , "bcdefghij":{"x\u00e9\n":"ä"}}`)
	for at := range doc {
		for b := range 256 {
			text := bytes.Clone(doc)
			text[at] = byte(b)
			if got, want := valid(text), json.Valid(text) && utf8.Valid(text); got != want {
				t.Fatalf("%q: taken = %v, want %v", text, got, want)
			}
		}
	}
}

// TestSkipAllocatesNothing: most of a document is passed over.
func TestSkipAllocatesNothing(t *testing.T) {
	doc := []byte(`{"a" : [ 1 , -0.5e+3 ,true,null, {"k":[[]]}] , "b":{"x\u00e9\n":"ä"}}`)
	s := NewScanner(doc)
	allocations := testing.AllocsPerRun(100, func() {
		s.pos = 0
		if _, err := s.Skip(); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%.0f allocations", allocations)
	}
}

// TestErrorsSayWhere: the offset is that of the byte which is wrong.
func TestErrorsSayWhere(t *testing.T) {
	for text, offset := range map[string]int{
		`{"a":1,}`: 7, `[1 2]`: 3, `"abcdefghijkl` + "\x01" + `"`: 13, `{"a" 1}`: 5, `tru`: 0, `1.x`: 2, `"\q"`: 1, `[] []`: 3,
	} {
		s := NewScanner([]byte(text))
		_, err := s.Skip()
		if err == nil {
			err = s.End()
		}
		wrong, ok := errors.AsType[*SyntaxError](err)
		if !ok || wrong.Offset != offset {
			t.Errorf("%q: err = %v, want it at %d", text, err, offset)
		}
	}
}
