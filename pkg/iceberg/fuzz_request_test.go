package iceberg

import (
	"bytes"
	"testing"
)

// FuzzRequirements: whatever is asserted, of whatever table, is held, refused as
// a race, or refused as no requirement.
func FuzzRequirements(f *testing.F) {
	fuzzSeeds(f, "*.json.gz", func(file goldenFile) {
		for _, c := range file.Cases {
			if c.Requirements != nil {
				f.Add([]byte(c.Requirements))
			}
		}
	})
	base := parsed(f, sampleDocument(2, 3))
	f.Fuzz(func(t *testing.T, raw []byte) {
		requirements, err := DecodeRequirements(raw)
		ours(t, err)
		if err != nil {
			if kindOf(err) != KindInvalid {
				t.Fatalf("malformed, yet %v", err)
			}
			return
		}
		for _, m := range []*TableMetadata{base, nil} {
			err := requirements.Check(m)
			ours(t, err)
			if err != nil && kindOf(err) != KindConflict {
				t.Fatalf("does not hold, yet %v", err)
			}
		}
		if requirements.AssertsCreate() && requirements.Check(base) == nil {
			t.Fatal("a table that exists is to be created")
		}
	})
}

// FuzzViewUpdates: whatever is sent, what comes out can be read.
func FuzzViewUpdates(f *testing.F) {
	fuzzSeeds(f, "view.json.gz", func(file goldenFile) {
		for _, c := range file.Cases {
			if c.Op == "vapply" {
				f.Add([]byte(c.Updates))
			}
		}
	})
	base, err := NewViewMetadata(ViewCreation{
		UUID: "u", Location: "s3://b/v", Now: sampleNow, Schema: []byte(viewSchema),
		ViewVersion: []byte(viewVersionText(1, "spark", "select 1")), Properties: map[string]string{versionHistorySize: "2"},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		updates, err := DecodeViewUpdates(raw)
		ours(t, err)
		if err != nil {
			return
		}
		before := bytes.Clone(base.Document())
		for _, from := range []*ViewMetadata{base, nil} {
			next, err := updates.Apply(from, Application{Now: sampleNow})
			ours(t, err)
			if err != nil {
				continue
			}
			again, err := ParseViewMetadata(next.Document())
			if err != nil {
				t.Fatalf("%v\n%s", err, next.Document())
			}
			if again.CurrentVersionID() != next.CurrentVersionID() || again.UUID() != next.UUID() || len(again.versions) != len(next.versions) {
				t.Fatalf("read otherwise than made: %s", next.Document())
			}
		}
		if !bytes.Equal(before, base.Document()) {
			t.Fatal("a commit changed its base")
		}
	})
}

// FuzzCreate: whatever is asked for, the first document of a table is whole.
func FuzzCreate(f *testing.F) {
	fuzzSeeds(f, "create.json.gz", func(file goldenFile) {
		for _, c := range file.Cases {
			f.Add([]byte(c.Schema), []byte(c.Spec), []byte(c.Sort), c.Props["format-version"])
		}
	})
	f.Fuzz(func(t *testing.T, schema, spec, order []byte, version string) {
		c := TableCreation{UUID: "u", Location: "s3://b/t", Now: sampleNow, Schema: schema}
		if len(spec) > 0 {
			c.PartitionSpec = spec
		}
		if len(order) > 0 {
			c.WriteOrder = order
		}
		if version != "" {
			c.Properties = map[string]string{"format-version": version}
		}
		m, err := NewTableMetadata(c)
		ours(t, err)
		if err != nil {
			return
		}
		if err := reparsed(m); err != nil {
			t.Fatalf("%v\n%s", err, m.Document())
		}
	})
}
