package iceberg

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestIntegers: those of 64 bits, spelled as integers, and no others.
func TestIntegers(t *testing.T) {
	for _, n := range []int64{0, 7, -7, 99_999_999_999_999_999, 999_999_999_999_999_999, -99_999_999_999_999_999, 1_000_000_000_000_000_000, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1} {
		if got, ok := parseInt64(strconv.AppendInt(nil, n, 10)); !ok || got != n {
			t.Errorf("%d: %d, %v", n, got, ok)
		}
	}
	for _, text := range []string{"", "-", "+1", "1.0", "1e5", "null", `"1"`, "9223372036854775808", "-9223372036854775809", "1_0", "true", " 1", "--1", "1-1"} {
		if got, ok := parseInt64([]byte(text)); ok {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
	for text, want := range map[string]bool{"2147483647": true, "-2147483648": true, "2147483648": false, "-2147483649": false} {
		if got, ok := parseInt32([]byte(text)); ok != want || ok && strconv.Itoa(got) != text {
			t.Errorf("%s: %d, %v", text, got, ok)
		}
	}
}

// TestStrings: what is written is what is read, with as little escaped as may be.
func TestStrings(t *testing.T) {
	for text, want := range map[string]string{"<&>'": `"<&>'"`, "a\"b\\c/": `"a\"b\\c/"`, "\n\x00\x1f": `"\u000a\u0000\u001f"`, "ä\u2028😀": "\"ä\u2028😀\"", "": `""`} {
		written := quoted(text)
		if string(written) != want {
			t.Errorf("%q: written %s, want %s", text, written, want)
		}
		var decoded string
		if err := json.Unmarshal(written, &decoded); err != nil || decoded != text {
			t.Errorf("%s: read as %q, %v", written, decoded, err)
		}
		if read, err := unquote(written); err != nil || read != text {
			t.Errorf("%s: unquoted as %q, %v", written, read, err)
		}
	}
}

func TestShortened(t *testing.T) {
	long := shorten([]byte(strings.Repeat("ä", 60)))
	if !utf8.ValidString(long) || len(long) > 90 || !strings.HasSuffix(long, "…") {
		t.Errorf("shortened to %q", long)
	}
	// Nothing says that what is shown is UTF-8; the message must be.
	for _, text := range []string{strings.Repeat("\xa6", 81), strings.Repeat("\xff", 200), "\xf0\x9f", strings.Repeat("a", 79) + "😀😀"} {
		if got := shorten([]byte(text)); !utf8.ValidString(got) || len(got) > 300 {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
	for text, want := range map[string]string{" ": "nothing", " 1 ": "1"} {
		if got := shorten([]byte(text)); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestObjects: changes make new objects; members stand where they stood.
func TestObjects(t *testing.T) {
	o, err := parseObject("", []byte(`{"b":1,"a": [ 2 ] ,"c":null}`))
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		string(o.encode()):                                                              `{"b":1,"a":[ 2 ],"c":null}`,
		string(o.with("a", number(3)).encode()):                                         `{"b":1,"a":3,"c":null}`,
		string(o.with("d", number(3)).encode()):                                         `{"b":1,"a":[ 2 ],"c":null,"d":3}`,
		string(o.without("a", "x").encode()):                                            `{"b":1,"c":null}`,
		string(o.merged(object{{"d", number(4)}, {"b", number(5)}}).encode()):           `{"b":5,"a":[ 2 ],"c":null,"d":4}`,
		string(o.merged(object{{"d", number(4)}, {"d", number(5)}}).without().encode()): `{"b":1,"a":[ 2 ],"c":null,"d":5}`,
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if string(o.encode()) != `{"b":1,"a":[ 2 ],"c":null}` {
		t.Errorf("the object itself changed: %s", o.encode())
	}
	for _, text := range []string{`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `[]`, `{"a":1}x`, `{"a"}`} {
		if _, err := parseObject("", []byte(text)); kindOf(err) != KindInvalid {
			t.Errorf("%s: err = %v", text, err)
		}
	}
}
