package iceberg

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const viewSchema = `{"type":"struct","fields":[{"id":1,"name":"a","required":false,"type":"long","vendor":1.0}]}`

// viewVersionText is a version as a client sends it.
func viewVersionText(id int, dialect, sql string) string {
	return fmt.Sprintf(`{"version-id":%d,"timestamp-ms":%d,"schema-id":-1,"summary":{"engine":"<&>"},"default-namespace":["n"],"vendor":{"z":1e5,"a":9007199254740993},`+
		`"representations":[{"type":"sql","sql":%q,"dialect":%q,"vendor":1.50}]}`, id, sampleNow.UnixMilli()-int64(100-id), sql, dialect)
}

func sampleView(t *testing.T, properties map[string]string) *ViewMetadata {
	t.Helper()
	v, err := NewViewMetadata(ViewCreation{
		UUID: "fa6506c3-7681-40c8-86dc-e36561f83385", Location: "s3://b/v/", Now: sampleNow,
		Schema: []byte(viewSchema), ViewVersion: []byte(viewVersionText(1, "spark", "select 1")), Properties: properties,
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func replaced(t *testing.T, v *ViewMetadata, updates string) (*ViewMetadata, error) {
	t.Helper()
	decoded, err := DecodeViewUpdates([]byte(updates))
	if err != nil {
		return nil, err
	}
	return decoded.Apply(v, Application{Now: sampleNow})
}

func newVersion(version string) string {
	return `[{"action":"add-schema","schema":` + viewSchema + `},{"action":"add-view-version","view-version":` +
		strings.Replace(version, `"schema-id":-1`, `"schema-id":0`, 1) + `},{"action":"set-current-view-version","view-version-id":-1}]`
}

func TestView(t *testing.T) {
	v := sampleView(t, map[string]string{"b": "2", "a": "1", "write.metadata.compression-codec": "gzip"})
	again, err := ParseViewMetadata(v.Document())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*ViewMetadata{v, again} {
		if m.UUID() != "fa6506c3-7681-40c8-86dc-e36561f83385" || m.Location() != "s3://b/v" || m.FormatVersion() != 1 || m.CurrentVersionID() != 1 {
			t.Errorf("view = %s", m.Document())
		}
		if got := m.Properties(); len(got) != 3 || got["a"] != "1" || got["b"] != "2" || m.MetadataCodec() != "gzip" {
			t.Errorf("properties = %v, codec %s", got, m.MetadataCodec())
		}
	}
	if v.Size() < len(v.Document()) {
		t.Errorf("size = %d of %d bytes", v.Size(), len(v.Document()))
	}
}

// TestViewKeepsVersions: what a version says beyond the format stays with it.
func TestViewKeepsVersions(t *testing.T) {
	v := sampleView(t, nil)
	v, err := ParseViewMetadata(bytes.Replace(v.Document(), []byte(`{"view-uuid"`), []byte(`{"vendor" : [ 1.0 ],"view-uuid"`), 1))
	if err != nil {
		t.Fatal(err)
	}
	next, err := replaced(t, v, newVersion(viewVersionText(7, "SPARK", "select 2")))
	if err != nil {
		t.Fatal(err)
	}
	if next.CurrentVersionID() != 2 && next.CurrentVersionID() != 7 {
		t.Errorf("current version = %d", next.CurrentVersionID())
	}
	for kept, times := range map[string]int{
		`"vendor":[ 1.0 ]`: 1, `"vendor":{"z":1e5,"a":9007199254740993}`: 2, `"vendor":1.50`: 2, `"engine":"<&>"`: 2, `"vendor":1.0}`: 1,
	} {
		if found := bytes.Count(next.Document(), []byte(kept)); found != times {
			t.Errorf("%s is there %d times, want %d: %s", kept, found, times, next.Document())
		}
	}
}

// TestViewVersionsByTheirNumbers: what an unknown member says is compared as it
// is written, not as a float.
func TestViewVersionsByTheirNumbers(t *testing.T) {
	v := sampleView(t, nil)
	other := strings.Replace(viewVersionText(1, "spark", "select 1"), `"vendor":1.50`, `"vendor":9007199254740993`, 1)
	first, err := replaced(t, v, newVersion(other))
	if err != nil {
		t.Fatal(err)
	}
	second, err := replaced(t, first, newVersion(strings.Replace(other, "993}]", "992}]", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if second == first || second.CurrentVersionID() == first.CurrentVersionID() {
		t.Errorf("two versions are taken for one: %s", second.Document())
	}
	// -1 names what this very request added, as in Java.
	again := strings.Replace(newVersion(strings.Replace(other, "993}]", "992}]", 1)), `"view-version-id":-1`, fmt.Sprintf(`"view-version-id":%d`, second.CurrentVersionID()), 1)
	if same, err := replaced(t, second, again); err != nil || same != second {
		t.Errorf("the same version became another: %v", err)
	}
}

func TestViewHistoryIsTrimmed(t *testing.T) {
	v := sampleView(t, map[string]string{versionHistorySize: "3"})
	for i := 2; i <= 8; i++ {
		next, err := replaced(t, v, newVersion(viewVersionText(i, "spark", fmt.Sprintf("select %d", i))))
		if err != nil {
			t.Fatal(err)
		}
		v = next
	}
	if len(v.versions) != 3 || len(v.log) != 3 || v.CurrentVersionID() != 8 {
		t.Errorf("%d versions, %d log entries, current %d", len(v.versions), len(v.log), v.CurrentVersionID())
	}
	if _, err := ParseViewMetadata(v.Document()); err != nil {
		t.Error(err)
	}
}

func TestViewRefused(t *testing.T) {
	v := sampleView(t, map[string]string{"x": "y"})
	for updates, want := range map[string]string{
		newVersion(viewVersionText(2, "trino", "select 1")):                                   "loss of view dialects",
		`[{"action":"assign-uuid","uuid":"11111111-7681-40c8-86dc-e36561f83385"}]`:            "Cannot reassign uuid",
		`[{"action":"upgrade-format-version","format-version":2}]`:                            "format-version",
		`[{"action":"set-current-view-version","view-version-id":9}]`:                         "unknown version: 9",
		`[{"action":"set-current-view-version","view-version-id":-1}]`:                        "no current version",
		`[{"action":"set-location","location":""}]`:                                           "location",
		`[{"action":"set-properties","updates":{"a":1}}]`:                                     "a string is allowed",
		`[{"action":"add-snapshot"}]`:                                                         "not a view update",
		`[{"action":"set-properties","updates":{"version.history.num-entries":"none"}}]`:      "version.history.num-entries",
		`[{"action":"add-view-version","view-version":` + viewVersionText(2, "s", "x") + `}]`: "no schema has been added",
		`{"action":"set-location"}`:                                                           "an array is allowed",
	} {
		_, err := replaced(t, v, updates)
		if kindOf(err) != KindInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: err = %v, want %s", updates, err, want)
		}
	}
}

func TestViewDialectMayBeDropped(t *testing.T) {
	v := sampleView(t, map[string]string{dropDialectAllowed: "true"})
	if _, err := replaced(t, v, newVersion(viewVersionText(2, "trino", "select 1"))); err != nil {
		t.Error(err)
	}
}

func TestViewCreationRefused(t *testing.T) {
	version := viewVersionText(1, "spark", "select 1")
	for what, c := range map[string]ViewCreation{
		"no schema":      {Location: "s3://b/v", ViewVersion: []byte(version)},
		"no version":     {Location: "s3://b/v", Schema: []byte(viewSchema)},
		"no location":    {Schema: []byte(viewSchema), ViewVersion: []byte(version)},
		"no namespace":   {Location: "s3://b/v", Schema: []byte(viewSchema), ViewVersion: []byte(strings.Replace(version, `"default-namespace":["n"],`, "", 1))},
		"dialects twice": {Location: "s3://b/v", Schema: []byte(viewSchema), ViewVersion: []byte(strings.Replace(version, `[{"type":"sql"`, `[{"type":"sql","sql":"x","dialect":"Spark"},{"type":"sql"`, 1))},
	} {
		c.Now = sampleNow
		if _, err := NewViewMetadata(c); kindOf(err) != KindInvalid {
			t.Errorf("%s: err = %v", what, err)
		}
	}
}

func TestViewRequirements(t *testing.T) {
	v := sampleView(t, nil)
	for uuid, holds := range map[string]bool{"FA6506C3-7681-40c8-86dc-e36561f83385": true, "11111111-7681-40c8-86dc-e36561f83385": false} {
		requirements, err := DecodeViewRequirements([]byte(`[{"type":"assert-view-uuid","uuid":"` + uuid + `"}]`))
		if err != nil {
			t.Fatal(err)
		}
		if err := requirements.Check(v); holds != (err == nil) || !holds && kindOf(err) != KindConflict {
			t.Errorf("%s: err = %v", uuid, err)
		}
		if err := requirements.Check(nil); kindOf(err) != KindConflict {
			t.Errorf("of no view: err = %v", err)
		}
	}
	for _, raw := range []string{`[{"type":"assert-table-uuid","uuid":"x"}]`, `[{"type":"assert-view-uuid"}]`, `{}`, `[7]`} {
		if _, err := DecodeViewRequirements([]byte(raw)); kindOf(err) != KindInvalid {
			t.Errorf("%s: err = %v", raw, err)
		}
	}
}

// TestViewKeepsWhatItDoesNotChange: order, white space and spelling too.
func TestViewKeepsWhatItDoesNotChange(t *testing.T) {
	const kept = `"versions" : [ {"version-id": 1, "timestamp-ms":1573518431292,"schema-id":0,"default-namespace": [ "a" ],` +
		`"summary": { }, "representations":[ {"type":"sql","sql":"select \u0031","dialect":"spark"} ]} ]`
	doc := `{ "location":"s3:\/\/b/v", "format-version":1,"view-uuid":"fa6506c3-7681-40c8-86dc-e36561f83385", "current-version-id":1,` +
		`"schemas":[ {"type":"struct", "schema-id":0,"fields":[ ]} ],"version-log":[ {"version-id":1,"timestamp-ms":1573518431292} ],` + kept + ` }`
	v, err := ParseViewMetadata([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	next, err := replaced(t, v, `[{"action":"set-properties","updates":{"a":"b"}}]`)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range v.doc.members {
		if was, is := string(m.value.Of(v.doc.text)), string(memberOf(next, m.key)); is != was {
			t.Errorf("%s was %s, is %s", m.key, was, is)
		}
	}
	if next, err = replaced(t, v, newVersion(viewVersionText(2, "spark", "select 2"))); err != nil {
		t.Fatal(err)
	}
	if one := strings.TrimPrefix(kept[:len(kept)-2], `"versions" : [ `); !strings.Contains(string(memberOf(next, "versions")), one) {
		t.Errorf("lost: %s\nin %s", one, next.Document())
	}
}

func memberOf(v *ViewMetadata, key string) []byte {
	value, _ := v.doc.get(key)
	return value
}

func TestCurrentQuery(t *testing.T) {
	v := sampleView(t, nil)
	if q := v.CurrentQuery(); q.DefaultCatalog != "" || !slices.Equal(q.DefaultNamespace, []string{"n"}) || len(q.SQL) != 1 || q.SQL["spark"] != "select 1" {
		t.Errorf("%+v", q)
	}
	text := strings.Replace(viewVersionText(2, "Spark", "select 2"), `"default-namespace":["n"]`, `"default-namespace":["a","b"],"default-catalog":"lake"`, 1)
	text = strings.Replace(text, `"representations":[`, `"representations":[{"type":"vendor","sql":7},{"type":"sql","sql":"select 3","dialect":"trino"},`, 1)
	v, err := replaced(t, v, newVersion(text))
	if err != nil {
		t.Fatal(err)
	}
	if q := v.CurrentQuery(); q.DefaultCatalog != "lake" || !slices.Equal(q.DefaultNamespace, []string{"a", "b"}) || len(q.SQL) != 2 || q.SQL["spark"] != "select 2" || q.SQL["trino"] != "select 3" {
		t.Errorf("%+v", q)
	}
}
