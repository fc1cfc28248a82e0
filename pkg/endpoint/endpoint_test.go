package endpoint_test

import (
	"testing"

	"github.com/igloo-catalog/igloo/pkg/endpoint"
)

func TestNormal(t *testing.T) {
	for address, want := range map[string]string{
		"":                          "",
		"https://a.example":         "https://a.example",
		"HTTPS://A.Example:443/":    "https://a.example",
		"http://a.example:80//":     "http://a.example",
		"https://a.example:80":      "https://a.example:80",
		"http://a.example:443":      "http://a.example:443",
		"http://a.example:":         "http://a.example",
		"http://[FE80::1]:80/":      "http://[fe80::1]",
		"http://[fe80::1]:9000":     "http://[fe80::1]:9000",
		"https://a.example/Path/":   "https://a.example/Path",
		"https://a.example/a%2Fb":   "https://a.example/a%2Fb",
		"https://a.example/a/../b/": "https://a.example/a/../b",
		"https://me@a.example/":     "https://me@a.example/",
		"https://a.example/?q":      "https://a.example/?q",
		"https://a.example/?":       "https://a.example/?",
		"a.example:9000/":           "a.example:9000/",
		"https://a.example:x/":      "https://a.example:x/",
	} {
		if got := endpoint.Normal(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
		if got := endpoint.Normal(want); got != want {
			t.Errorf("%q is not the last word: %q", want, got)
		}
	}
}
