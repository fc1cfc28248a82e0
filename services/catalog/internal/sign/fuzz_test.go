package sign_test

import (
	"fmt"
	"strings"
	"testing"
)

// SG1: whatever is asked for, what comes back signed is sent to a real store, and
// shows and changes nothing of others. The store is the judge: nothing of how
// requests are read is in this test.
func FuzzSigned(f *testing.F) {
	l := newLake(f)
	for _, w := range allowed() {
		f.Add(w.method, w.path, "x-amz-meta-k", "v", w.body)
	}
	for _, wishes := range refused() {
		for _, w := range wishes {
			name, value := "", ""
			for n, v := range w.headers {
				name, value = n, v
			}
			f.Add(w.method, strings.ReplaceAll(w.path, "{address}", strings.TrimPrefix(l.endpoint, "http://")), name, value, w.body)
		}
	}
	before := fmt.Sprint(l.state(f))
	f.Fuzz(func(t *testing.T, method, path, header, value, body string) {
		w := wish{method: method, path: path, headers: map[string]string{}, body: body}
		if header != "" {
			w.headers[header] = value
		}
		signed, err := l.sign(t, w)
		if err != nil {
			return
		}
		if !strings.HasPrefix(signed.URI, l.endpoint+"/") {
			t.Fatalf("%q was signed as %q", path, signed.URI)
		}
		status, text := send(t, method, signed, body, nil)
		if strings.Contains(text, secret) || status < 400 && strings.Contains(text, outside) {
			t.Errorf("%s %q, signed as %q, shows what is others': %d %.500s", method, path, signed.URI, status, text)
		}
		if method == "GET" || method == "HEAD" {
			return
		}
		if after := fmt.Sprint(l.state(t)); after != before {
			t.Errorf("%s %q, signed as %q: %d; objects of others were %v, are %v", method, path, signed.URI, status, before, after)
		}
		l.put(t, "lake", "warehouse/a/1", "mine")
		l.sourceOfOthers(t)
	})
}

// sourceOfOthers looks whether what others have was copied to the table.
func (l *lake) sourceOfOthers(t *testing.T) {
	t.Helper()
	for _, name := range []string{"n", "1", "copy"} {
		signed, err := l.sign(t, wish{method: "GET", path: "/lake/warehouse/a/" + name})
		if err != nil {
			t.Fatal(err)
		}
		if _, text := send(t, "GET", signed, "", nil); strings.Contains(text, secret) {
			t.Errorf("%s has what is others'", name)
		}
	}
}
