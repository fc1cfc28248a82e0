package seal_test

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/seal"
)

const canary = "canary-5f2c"

func ring(t *testing.T, keys ...string) *seal.Ring {
	t.Helper()
	r, err := seal.ParseRing(strings.Join(keys, ","))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sealed(t *testing.T, r *seal.Ring, place ...string) string {
	t.Helper()
	s, err := r.Seal(canary, place...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsSealedOpensAtItsPlaceAlone(t *testing.T) {
	a := seal.NewKey("a")
	r := ring(t, a)
	s := sealed(t, r, "w1", "s3.secret")
	if got, err := r.Open(s, "w1", "s3.secret"); err != nil || got != canary {
		t.Errorf("%q, %v", got, err)
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "a:"))
	if err != nil || strings.Contains(string(plain), canary) || s == sealed(t, r, "w1", "s3.secret") {
		t.Errorf("%q, %v", s, err)
	}
	for name, open := range map[string]func() (string, error){
		"of another warehouse": func() (string, error) { return r.Open(s, "w2", "s3.secret") },
		"of another field":     func() (string, error) { return r.Open(s, "w1", "gcs.secret") },
		"parted elsewhere":     func() (string, error) { return r.Open(s, "w1s", "3.secret") },
		"of another key":       func() (string, error) { return ring(t, seal.NewKey("a")).Open(s, "w1", "s3.secret") },
		"of an unknown key":    func() (string, error) { return ring(t, seal.NewKey("b")).Open(s, "w1", "s3.secret") },
		"with another id":      func() (string, error) { return ring(t, a, "b"+a[1:]).Open("b"+s[1:], "w1", "s3.secret") },
		"damaged":              func() (string, error) { return r.Open(s[:len(s)-8]+"AAAAAAA=", "w1", "s3.secret") },
		"cut":                  func() (string, error) { return r.Open(s[:5], "w1", "s3.secret") },
		"nothing":              func() (string, error) { return r.Open("", "w1", "s3.secret") },
	} {
		if got, err := open(); err == nil || strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), a[2:]) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestTheFirstKeySealsAndAllOpen(t *testing.T) {
	old, next := seal.NewKey("old"), seal.NewKey("next")
	before := sealed(t, ring(t, old), "w", "f")
	both := ring(t, next, old)
	if got, err := both.Open(before, "w", "f"); err != nil || got != canary {
		t.Errorf("%q, %v", got, err)
	}
	after := sealed(t, both, "w", "f")
	if got, err := ring(t, next).Open(after, "w", "f"); err != nil || got != canary {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRingsThatCannotBe(t *testing.T) {
	good := seal.NewKey("a")
	for _, text := range []string{"a", "a:", ":" + good[2:], "a:AAAA", good + "," + good, "a b:" + good[2:], good[2:]} {
		if _, err := seal.ParseRing(text); err == nil || strings.Contains(err.Error(), good[2:]) {
			t.Errorf("%q: %v", text, err)
		}
	}
	r, err := seal.ParseRing(" \n")
	if r != nil || err != nil {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := r.Seal("x"); !errors.Is(err, seal.ErrNoKey) {
		t.Error(err)
	}
	if _, err := r.Open("x"); !errors.Is(err, seal.ErrNoKey) {
		t.Error(err)
	}
}

func TestRingOfAFile(t *testing.T) {
	a, b := seal.NewKey("a"), seal.NewKey("b")
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte(a+"\n"+b+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := seal.KeySettings{SealKeysFile: file}.Ring()
	if err != nil || !strings.HasPrefix(sealed(t, r, "w"), "a:") {
		t.Error(err)
	}
	if _, err := (seal.KeySettings{SealKeys: a, SealKeysFile: file}).Ring(); err == nil {
		t.Error("both are taken")
	}
	if _, err := (seal.KeySettings{SealKeysFile: file + ".none"}).Ring(); err == nil {
		t.Error("a file that is not there is taken")
	}
}
