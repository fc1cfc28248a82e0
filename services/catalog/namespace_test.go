package catalog_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
)

func TestDatabaseID(t *testing.T) {
	for id, ns := range map[string]catalog.Namespace{
		"db":              {"db"},
		"a.b":             {"a", "b"},
		"a%2Eb":           {"a.b"},
		"100%25":          {"100%"},
		"a b/c+d":         {"a b/c+d"},
		"é日本":             {"é日本"},
		"a%1Fb":           {"a\x1fb"},
		"%C2%85":          {"\u0085"},
		"a%2E%2E.%25":     {"a..", "%"},
		"UPPER.lower":     {"UPPER", "lower"},
		"sp ace.sl/ash.+": {"sp ace", "sl/ash", "+"},
	} {
		if got := ns.DatabaseID(); got != id {
			t.Errorf("%q: id = %q, want %q", ns, got, id)
		}
		got, err := catalog.ParseDatabaseID(id)
		if err != nil || !got.Equal(ns) {
			t.Errorf("parse %q = %q, %v, want %q", id, got, err, ns)
		}
	}
}

func TestParseDatabaseIDRefusesOtherSpellings(t *testing.T) {
	for _, id := range []string{"%", "%2", "%zz", "%2e", "%41", "a\x1fb", "%+2", "a%2Gb"} {
		if ns, err := catalog.ParseDatabaseID(id); !fault.Is(err, fault.Invalid) {
			t.Errorf("parse %q = %q, %v", id, ns, err)
		}
	}
}

func TestDatabaseIDIsOneToOne(t *testing.T) {
	level := rapid.StringN(1, -1, 40)
	namespace := rapid.SliceOfN(level, 1, 5)
	rapid.Check(t, func(t *rapid.T) {
		a, b := catalog.Namespace(namespace.Draw(t, "a")), catalog.Namespace(namespace.Draw(t, "b"))
		back, err := catalog.ParseDatabaseID(a.DatabaseID())
		if err != nil || !back.Equal(a) {
			t.Fatalf("%q → %q → %q, %v", a, a.DatabaseID(), back, err)
		}
		if (a.DatabaseID() == b.DatabaseID()) != a.Equal(b) {
			t.Fatalf("%q and %q share %q", a, b, a.DatabaseID())
		}
	})
}

func FuzzParseDatabaseID(f *testing.F) {
	for _, seed := range []string{"a", "a.b", "a%2Eb", "%", "%25", "..", "%ff", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		ns, err := catalog.ParseDatabaseID(id)
		if err == nil && ns.DatabaseID() != id {
			t.Errorf("%q → %q → %q", id, ns, ns.DatabaseID())
		}
	})
}

func TestValidate(t *testing.T) {
	long := strings.Repeat("x", catalog.MaxNameBytes)
	for name, test := range map[string]struct {
		ns   catalog.Namespace
		fine bool
	}{
		"plain":         {catalog.Namespace{"a"}, true},
		"odd":           {catalog.Namespace{"a b", "é/%+.", "..."}, true},
		"way up":        {catalog.Namespace{"a", ".."}, false},
		"way nowhere":   {catalog.Namespace{"."}, false},
		"longest level": {catalog.Namespace{long}, true},
		"too long":      {catalog.Namespace{long + "x"}, false},
		"too long all":  {catalog.Namespace{long, long, long, long, long}, false},
		"no levels":     {catalog.Namespace{}, false},
		"empty level":   {catalog.Namespace{"a", ""}, false},
		"NUL":           {catalog.Namespace{"a\x00"}, false},
		"separator":     {catalog.Namespace{"a\x1fb"}, false},
		"delete":        {catalog.Namespace{"a\x7f"}, false},
		"C1 control":    {catalog.Namespace{"a\u0085"}, false},
		"not UTF-8":     {catalog.Namespace{"a\xff"}, false},
	} {
		if err := test.ns.Validate(); (err == nil) != test.fine || (err != nil && !fault.Is(err, fault.Invalid)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
