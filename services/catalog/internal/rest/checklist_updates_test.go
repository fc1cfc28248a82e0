package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The actions of the protocol by their names: what each does to a table with two
// snapshots and a tag on the first, and what it refuses. Every update of every
// kind is decided by Iceberg's own code in package iceberg's golden tests.
func TestEveryUpdateOfATable(t *testing.T) {
	const (
		more  = `{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":true},{"id":2,"name":"data","type":"string","required":false},{"id":9,"name":"more","type":"long","required":false}]}`
		spec  = `{"spec-id":7,"fields":[{"name":"p","transform":"bucket[4]","source-id":1}]}`
		order = `{"order-id":7,"fields":[{"transform":"identity","source-id":1,"direction":"asc","null-order":"nulls-first"}]}`
		stats = `{"snapshot-id":1,"statistics-path":"file:///s","file-size-in-bytes":1,"file-footer-size-in-bytes":1,"blob-metadata":[]}`
		parts = `{"snapshot-id":1,"statistics-path":"file:///p","file-size-in-bytes":1}`
		key   = `{"key-id":"k","encrypted-key-metadata":"AAAA"}`
	)
	for name, test := range map[string]struct {
		updates string
		path    string // into the metadata
		want    any
	}{
		"assign-uuid":                 {`{"action":"assign-uuid","uuid":"{uuid}"}`, "format-version", 3.0},
		"upgrade-format-version":      {`{"action":"upgrade-format-version","format-version":3}`, "format-version", 3.0},
		"add-schema":                  {`{"action":"add-schema","schema":` + more + `}`, "last-column-id", 9.0},
		"set-current-schema":          {`{"action":"add-schema","schema":` + more + `},{"action":"set-current-schema","schema-id":-1}`, "current-schema-id", 1.0},
		"add-spec":                    {`{"action":"add-spec","spec":` + spec + `}`, "last-partition-id", 1000.0},
		"set-default-spec":            {`{"action":"add-spec","spec":` + spec + `},{"action":"set-default-spec","spec-id":-1}`, "default-spec-id", 1.0},
		"add-sort-order":              {`{"action":"add-sort-order","sort-order":` + order + `}`, "default-sort-order-id", 0.0},
		"set-default-sort-order":      {`{"action":"add-sort-order","sort-order":` + order + `},{"action":"set-default-sort-order","sort-order-id":-1}`, "default-sort-order-id", 1.0},
		"add-snapshot":                {strings.Trim(snapshot3, "[]"), "last-sequence-number", 3.0},
		"set-snapshot-ref":            {`{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":1}`, "current-snapshot-id", 1.0},
		"remove-snapshots":            {`{"action":"remove-snapshot-ref","ref-name":"old"},{"action":"remove-snapshots","snapshot-ids":[1,99]}`, "snapshots", 1},
		"remove-snapshot-ref":         {`{"action":"remove-snapshot-ref","ref-name":"old"},{"action":"remove-snapshot-ref","ref-name":"never"}`, "refs", 1},
		"set-location":                {`{"action":"set-location","location":"{folder}/moved/"}`, "location", "{folder}/moved"},
		"set-properties":              {`{"action":"set-properties","updates":{"k":"v"}}`, "properties", 2},
		"remove-properties":           {`{"action":"remove-properties","removals":["write.parquet.compression-codec","never"]}`, "properties", 0},
		"set-statistics":              {`{"action":"set-statistics","statistics":` + stats + `}`, "statistics", 1},
		"remove-statistics":           {`{"action":"set-statistics","statistics":` + stats + `},{"action":"remove-statistics","snapshot-id":1}`, "statistics", 0},
		"set-partition-statistics":    {`{"action":"set-partition-statistics","partition-statistics":` + parts + `}`, "partition-statistics", 1},
		"remove-partition-statistics": {`{"action":"set-partition-statistics","partition-statistics":` + parts + `},{"action":"remove-partition-statistics","snapshot-id":1}`, "partition-statistics", 0},
		"remove-partition-specs":      {`{"action":"add-spec","spec":` + spec + `},{"action":"set-default-spec","spec-id":-1},{"action":"remove-partition-specs","spec-ids":[0]}`, "partition-specs", 1},
		"remove-schemas":              {`{"action":"add-schema","schema":` + more + `},{"action":"remove-schemas","schema-ids":[1]}`, "schemas", 1},
		"add-encryption-key":          {`{"action":"upgrade-format-version","format-version":3},{"action":"add-encryption-key","encryption-key":` + key + `}`, "encryption-keys", 1},
		"remove-encryption-key":       {`{"action":"upgrade-format-version","format-version":3},{"action":"add-encryption-key","encryption-key":` + key + `},{"action":"remove-encryption-key","key-id":"k"},{"action":"remove-encryption-key","key-id":"never"}`, "encryption-keys", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := withSnapshots(t)
			metadata := at(w.must(t, "GET", table, ""), "metadata")
			fill := strings.NewReplacer("{uuid}", text(metadata, "table-uuid"), "{folder}", "file://"+w.folder)
			want := test.want
			if place, ok := want.(string); ok {
				want = fill.Replace(place)
			}
			if name == "assign-uuid" {
				want = at(metadata, "format-version") // the same uuid changes nothing
			}
			committed := w.must(t, "POST", table, `{"requirements":[],"updates":[`+fill.Replace(test.updates)+`]}`)
			if got := sizeOf(at(committed, "metadata", test.path), want); !cmp.Equal(got, want) {
				t.Errorf("%s is %v, want %v", test.path, got, want)
			}
		})
	}
	for name, test := range map[string]struct {
		updates string
		status  int
		kind    string
	}{
		"assign-uuid another":             {`{"action":"assign-uuid","uuid":"00000000-0000-0000-0000-000000000000"}`, 400, "BadRequestException"},
		"upgrade-format-version down":     {`{"action":"upgrade-format-version","format-version":1}`, 400, "BadRequestException"},
		"upgrade-format-version beyond":   {`{"action":"upgrade-format-version","format-version":99}`, 400, "BadRequestException"},
		"set-current-schema none was":     {`{"action":"set-current-schema","schema-id":-1}`, 400, "BadRequestException"},
		"set-default-spec unknown":        {`{"action":"set-default-spec","spec-id":9}`, 400, "BadRequestException"},
		"set-default-sort-order unknown":  {`{"action":"set-default-sort-order","sort-order-id":9}`, 400, "BadRequestException"},
		"set-snapshot-ref unknown":        {`{"action":"set-snapshot-ref","ref-name":"x","type":"tag","snapshot-id":99}`, 400, "BadRequestException"},
		"set-snapshot-ref main as a tag":  {`{"action":"set-snapshot-ref","ref-name":"main","type":"tag","snapshot-id":1}`, 400, "BadRequestException"},
		"remove-partition-specs default":  {`{"action":"remove-partition-specs","spec-ids":[0]}`, 400, "BadRequestException"},
		"remove-schemas current":          {`{"action":"remove-schemas","schema-ids":[0]}`, 400, "BadRequestException"},
		"add-snapshot with an old number": {strings.Replace(strings.Trim(snapshot3, "[]"), `"sequence-number":3`, `"sequence-number":2`, 1), 409, "CommitFailedException"},
	} {
		t.Run(name, func(t *testing.T) {
			w := withSnapshots(t)
			w.refused(t, test.status, test.kind, "POST", table, `{"requirements":[],"updates":[`+test.updates+`]}`)
		})
	}
}

const snapshot3 = `[{"action":"add-snapshot","snapshot":{"snapshot-id":3,"parent-snapshot-id":2,"sequence-number":3,"timestamp-ms":1999999999999,
	"manifest-list":"file:///m3","summary":{"operation":"append"},"schema-id":0}}]`

// withSnapshots makes a world whose n.t has the snapshots 1 and 2, and a tag on 1.
func withSnapshots(t *testing.T) *world {
	t.Helper()
	w := withTable(t)
	w.must(t, "POST", table, appends(1, 0, "file:///m1"))
	w.must(t, "POST", table, `{"requirements":[],"updates":[{"action":"set-snapshot-ref","ref-name":"old","type":"tag","snapshot-id":1}]}`)
	w.must(t, "POST", table, appends(2, 1, "file:///m2"))
	return w
}

// sizeOf is how many there are of something, where that is what is wanted.
func sizeOf(v, want any) any {
	if _, ok := want.(int); !ok {
		return v
	}
	switch x := v.(type) {
	case []any:
		return len(x)
	case map[string]any:
		return len(x)
	default:
		return 0
	}
}

func TestEveryUpdateOfAView(t *testing.T) {
	const more = `{"type":"struct","schema-id":1,"fields":[{"id":1,"name":"id","type":"long","required":true}]}`
	version := strings.Replace(viewVersion, "select 1", "select 9", 1)
	for name, test := range map[string]struct {
		updates, path string
		want          any
	}{
		"assign-uuid":              {`{"action":"assign-uuid","uuid":"{uuid}"}`, "view-uuid", "{uuid}"},
		"upgrade-format-version":   {`{"action":"upgrade-format-version","format-version":1}`, "format-version", 1.0},
		"add-schema":               {`{"action":"add-schema","schema":` + more + `}`, "schemas", 2},
		"set-location":             {`{"action":"set-location","location":"{folder}/moved"}`, "location", "{folder}/moved"},
		"set-properties":           {`{"action":"set-properties","updates":{"x":"y"}}`, "properties", 2},
		"remove-properties":        {`{"action":"remove-properties","removals":["k"]}`, "properties", 0},
		"add-view-version":         {`{"action":"add-view-version","view-version":` + version + `}`, "current-version-id", 1.0},
		"set-current-view-version": {`{"action":"add-view-version","view-version":` + version + `},{"action":"set-current-view-version","view-version-id":-1}`, "current-version-id", 2.0},
	} {
		t.Run(name, func(t *testing.T) {
			w := withView(t)
			fill := strings.NewReplacer("{uuid}", text(w.must(t, "GET", view, ""), "metadata", "view-uuid"), "{folder}", "file://"+w.folder)
			want := test.want
			if place, ok := want.(string); ok {
				want = fill.Replace(place)
			}
			replaced := w.must(t, "POST", view, `{"updates":[`+fill.Replace(test.updates)+`]}`)
			if got := sizeOf(at(replaced, "metadata", test.path), want); !cmp.Equal(got, want) {
				t.Errorf("%s is %v, want %v", test.path, got, want)
			}
		})
	}
	w := withView(t)
	for _, updates := range []string{
		`{"action":"assign-uuid","uuid":"00000000-0000-0000-0000-000000000000"}`, `{"action":"upgrade-format-version","format-version":9}`,
		`{"action":"set-current-view-version","view-version-id":-1}`, `{"action":"add-snapshot","snapshot":{}}`,
	} {
		if r := w.do(t, "POST", view, fmt.Sprintf(`{"updates":[%s]}`, updates)); r.status != 400 {
			t.Errorf("%s: %d %s", updates, r.status, r.body)
		}
	}
}
