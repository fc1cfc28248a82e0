package span

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// valid tells whether the scanner takes a text.
func valid(text []byte) bool {
	s := NewScanner(text)
	if _, err := s.Skip(); err != nil {
		return false
	}
	return s.End() == nil
}

func TestScannerAgreesWithTheStandardLibrary(t *testing.T) {
	for _, text := range []string{
		"", " ", "{}", "[]", "[1,]", "{,}", `{"a":1,}`, `{"a" : [ 1 , -0.5e+3 , "x\u00e9\n" ] }`, "01", "-", "1.", "1e", "1e5",
		`"\x"`, `"\u12g4"`, "\"a\nb\"", `"a`, "nul", "true false", "[true,false,null]", `{"a"}`, `{1:2}`, "\x00", "[[[]]]", "1 ",
	} {
		if got, want := valid([]byte(text)), json.Valid([]byte(text)); got != want {
			t.Errorf("%q: taken = %v, want %v", text, got, want)
		}
	}
}

func TestDepthIsBounded(t *testing.T) {
	deep := strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2)
	if valid([]byte(deep)) {
		t.Errorf("%d arrays in one another were taken", maxDepth+2)
	}
	fine := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	if !valid([]byte(fine)) {
		t.Errorf("%d arrays in one another were refused", maxDepth)
	}
}

func TestNotUTF8(t *testing.T) {
	if valid([]byte("\"\xff\"")) {
		t.Error("a string that is not UTF-8 was taken")
	}
}

// FuzzScanner: a text is taken if and only if the standard library takes it,
// which is laxer on UTF-8 and on depth alone.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"a" : [ 1 , -0.5e+3 , "x\u00e9\n", true, null ] , "b":{}}`))
	f.Add([]byte(`[01]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, want := valid(text), json.Valid(text)
		if got && !want {
			t.Errorf("taken: %q", text)
		}
		if want && !got && utf8.Valid(text) && strings.Count(string(text), "[")+strings.Count(string(text), "{") < maxDepth {
			t.Errorf("refused: %q", text)
		}
	})
}

// TestPick: of an object's own members, not of those within them, by the names
// as they are spelled.
func TestPick(t *testing.T) {
	text := []byte(` { "b" : {"a":0}, "a":[1, 2] ,"c":"x\"y", "\u0061":3 } `)
	values := make([]Span, 3)
	whole, err := NewScanner(text).Pick([]string{"a", "c", "d"}, values)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(whole.Of(text)), strings.TrimSpace(string(text)); got != want {
		t.Errorf("the whole is %s", got)
	}
	for i, want := range []string{"[1, 2]", `"x\"y"`, ""} {
		if got := string(values[i].Of(text)); got != want {
			t.Errorf("value %d is %s, want %s", i, got, want)
		}
	}
	for _, wrong := range []string{`{"a":1,"a":1}`, `{"a":1`, `{"a"}`, `["a"]`, `{"a":1,}`, ``} {
		if _, err := NewScanner([]byte(wrong)).Pick([]string{"a"}, values[:1]); err == nil {
			t.Errorf("taken: %s", wrong)
		}
	}
}
