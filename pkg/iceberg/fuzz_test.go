package iceberg

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fuzzSeeds are the documents and the requests of the golden cases.
func fuzzSeeds(f *testing.F, pattern string, each func(file goldenFile)) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "golden", pattern))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		each(fuzzSeedFile(f, path))
	}
}

func fuzzSeedFile(f *testing.F, path string) goldenFile {
	f.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	if raw, err = decompressed(raw); err != nil {
		f.Fatal(err)
	}
	var file goldenFile
	if err := json.Unmarshal(raw, &file); err != nil {
		f.Fatal(err)
	}
	return file
}

func seedBases(f *testing.F, pattern string) {
	f.Helper()
	fuzzSeeds(f, pattern, func(file goldenFile) {
		for _, key := range slices.Sorted(maps.Keys(file.Bases)) {
			f.Add([]byte(file.Bases[key]))
		}
	})
}

// ours fails for an error that is not the package's own.
func ours(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*Error](err); err != nil && !ok {
		t.Fatalf("%T: %v", err, err)
	}
}

// FuzzParseTableMetadata: what is read is JSON, is kept, and can be served; what
// is written upon it can be read again.
func FuzzParseTableMetadata(f *testing.F) {
	seedBases(f, "table-*.json.gz")
	updates, err := DecodeUpdates([]byte(`[{"action":"set-properties","updates":{"a":"b"}},{"action":"remove-snapshots","snapshot-ids":[1,2]}]`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		m, err := ParseTableMetadata(doc)
		ours(t, err)
		if err != nil {
			return
		}
		if !json.Valid(m.Document()) || !json.Valid(m.RefsDocument()) {
			t.Fatalf("read, but not JSON: %q", m.Document())
		}
		whole := m.Validate()
		ours(t, whole)
		m.Properties()
		m.MetadataLog()
		next, err := updates.Apply(m, Application{Now: sampleNow, PreviousLocation: "s3://b/m"})
		ours(t, err)
		if err != nil || whole != nil {
			return
		}
		if err := reparsed(next); err != nil {
			t.Fatalf("%v\n%s\n%s", err, m.Document(), next.Document())
		}
	})
}

// FuzzApply: whatever is sent, what comes out can be read.
func FuzzApply(f *testing.F) {
	fuzzSeeds(f, "table-apply.json.gz", func(file goldenFile) {
		for _, c := range file.Cases {
			f.Add([]byte(c.Updates))
		}
	})
	bases := make([]*TableMetadata, 0, 3)
	for _, version := range []string{`"format-version":2`, `"format-version":3,"next-row-id":10`} {
		m, err := ParseTableMetadata([]byte(strings.Replace(string(sampleDocument(2, 3)), `"format-version":2`, version, 1)))
		if err != nil {
			f.Fatal(err)
		}
		bases = append(bases, m)
	}
	bases = append(bases, nil)
	f.Fuzz(func(t *testing.T, raw []byte) {
		updates, err := DecodeUpdates(raw)
		ours(t, err)
		if err != nil {
			return
		}
		for _, base := range bases {
			next, err := updates.Apply(base, Application{Now: sampleNow})
			ours(t, err)
			if err != nil {
				continue
			}
			if !json.Valid(next.Document()) {
				t.Fatalf("not JSON: %s", next.Document())
			}
			if err := reparsed(next); err != nil {
				t.Fatalf("%v\n%s", err, next.Document())
			}
		}
	})
}

// FuzzParseViewMetadata: what is read can be committed to.
func FuzzParseViewMetadata(f *testing.F) {
	seedBases(f, "view.json.gz")
	updates, err := DecodeViewUpdates([]byte(`[{"action":"set-properties","updates":{"a":"b"}}]`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		v, err := ParseViewMetadata(doc)
		ours(t, err)
		if err != nil {
			return
		}
		next, err := updates.Apply(v, Application{Now: sampleNow})
		ours(t, err)
		if err != nil {
			return
		}
		if _, err := ParseViewMetadata(next.Document()); err != nil {
			t.Fatalf("%v\n%s", err, next.Document())
		}
	})
}
