package iceberg

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestGzip(t *testing.T) {
	doc := sampleDocument(2, 2)
	zipped, err := Compress(doc)
	if err != nil {
		t.Fatal(err)
	}
	if m := parsed(t, zipped); !bytes.Equal(m.Document(), doc) {
		t.Errorf("document = %s", m.Document())
	}
	for what, text := range map[string][]byte{"cut off": zipped[:len(zipped)-9], "no header": zipped[:4], "damaged": append(bytes.Clone(zipped[:len(zipped)-6]), 1, 2, 3, 4, 5, 6)} {
		if _, err := ParseTableMetadata(text); kindOf(err) != KindInvalid || !strings.Contains(err.Error(), "gzip") {
			t.Errorf("%s: err = %v", what, err)
		}
	}
}

func TestTableReads(t *testing.T) {
	m := parsed(t, edited(t, `"owner":"spark"`, `"owner":"\u0061 <b>","write.metadata.compression-codec":"gzip"`))
	if m.UUID() != "9c12d441-03fe-4693-9a96-a0705ddf69c1" || m.Location() != "s3://bucket/db/table" || m.FormatVersion() != 2 || m.SnapshotCount() != 2 {
		t.Errorf("table = %+v", m.head)
	}
	if owner, ok := m.Property("owner"); !ok || owner != "a <b>" || m.Properties()["owner"] != owner || len(m.Properties()) != 3 {
		t.Errorf("properties = %v", m.Properties())
	}
	if _, ok := m.Property("none"); ok {
		t.Error("a property that is not there was found")
	}
	if m.MetadataCodec() != "gzip" || parsed(t, sampleDocument(1, 1)).MetadataCodec() != "none" {
		t.Errorf("codec = %s", m.MetadataCodec())
	}
	if log := m.MetadataLog(); len(log) != 2 || log[1].TimestampMS <= log[0].TimestampMS || !strings.HasSuffix(log[1].MetadataFile, "/00001-0d94a2a8-0a3f-4b9e-8f5c-7a1d3c5e9b11.metadata.json") {
		t.Errorf("metadata log = %+v", m.MetadataLog())
	}
	s, ok := m.Snapshot(sampleID(2))
	if !ok || s.ParentID != sampleID(1) || s.Operation != "append" || s.Summary["added-records"] != "100000" || s.SequenceNumber != 2 {
		t.Errorf("snapshot = %+v", s)
	}
}

// TestMetadataLogIsTrimmed: the newest files stay, as many as the table's
// property says, 100 by default and never none.
func TestMetadataLogIsTrimmed(t *testing.T) {
	for limit, want := range map[string]int{"": 100, "5": 5, "1": 1, "0": 1, "-3": 1, "1000": 152} {
		doc := sampleDocument(150, 2)
		log := `"metadata-log":[{"timestamp-ms":1,"metadata-file":"first"},`
		for i := range 50 {
			log += fmt.Sprintf(`{"timestamp-ms":2,"metadata-file":"early-%d"},`, i)
		}
		doc = bytes.Replace(doc, []byte(`"metadata-log":[`), []byte(log), 1)
		if limit != "" {
			doc = bytes.Replace(doc, []byte(`"owner":"spark"`), []byte(`"write.metadata.previous-versions-max":"`+limit+`"`), 1)
		}
		next, err := applied(t, doc, `[{"action":"set-properties","updates":{"a":"b"}}]`)
		if err != nil {
			t.Fatal(err)
		}
		files := next.MetadataLog()
		if len(files) != want || next.previous.count != want {
			t.Errorf("limit %q: %d files, %d counted, want %d", limit, len(files), next.previous.count, want)
		}
		last := files[len(files)-1]
		if last.MetadataFile != "s3://bucket/db/table/metadata/v1.metadata.json" || last.TimestampMS != parsed(t, doc).LastUpdatedMS() {
			t.Errorf("limit %q: the last file is %+v", limit, last)
		}
		if want > 1 && !strings.Contains(files[len(files)-2].MetadataFile, "/00099-") {
			t.Errorf("limit %q: the last but one is %+v", limit, files[len(files)-2])
		}
	}
	_, err := applied(t, edited(t, `"owner":"spark"`, `"write.metadata.previous-versions-max":"many"`), `[{"action":"set-properties","updates":{"a":"b"}}]`)
	if kindOf(err) != KindInvalid || !strings.Contains(err.Error(), "write.metadata.previous-versions-max") {
		t.Errorf("err = %v", err)
	}
}

// TestNoChangeNoDocument: a commit that changes nothing is its base.
func TestNoChangeNoDocument(t *testing.T) {
	doc := sampleDocument(2, 2)
	base := parsed(t, doc)
	for _, updates := range []string{
		`[]`, `[{"action":"set-location","location":"s3://bucket/db/table/"}]`, `[{"action":"remove-snapshot-ref","ref-name":"none"}]`,
		`[{"action":"remove-snapshots","snapshot-ids":[5]}]`, `[{"action":"set-properties","updates":{}}]`, `[{"action":"upgrade-format-version","format-version":2}]`,
		`[{"action":"assign-uuid","uuid":"9C12D441-03fe-4693-9a96-a0705ddf69c1"}]`, `[{"action":"remove-schemas","schema-ids":[]}]`,
	} {
		decoded, err := DecodeUpdates([]byte(updates))
		if err != nil {
			t.Fatal(err)
		}
		if next, err := decoded.Apply(base, Application{Now: sampleNow}); err != nil || next != base {
			t.Errorf("%s: another document, err = %v", updates, err)
		}
	}
}

// TestWhatUpdatesTell is what a catalog asks of updates without applying them.
func TestWhatUpdatesTell(t *testing.T) {
	u, err := DecodeUpdates([]byte(`[{"action":"assign-uuid","uuid":"u"},{"action":"set-location","location":"s3://b/x/"},` +
		`{"action":"remove-snapshot-ref","ref-name":"r"},{"action":"add-snapshot","snapshot":` + sampleSnapshot(3, 1) + `}]`))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(u.AssignedUUIDs(), u.SetLocations(), u.RemovedRefs(), u.RemovesSnapshots()); got != "[u] [s3://b/x] [r] false" {
		t.Error(got)
	}
	if added := u.AddedSnapshots(); len(added) != 1 || added[0].ID != sampleID(3) || !strings.HasPrefix(added[0].ManifestList, "s3://bucket/db/table/metadata/snap-") {
		t.Errorf("added = %+v", added)
	}
	if _, err := DecodeUpdates([]byte(`[{"action":"assign-uuid","uuid":"u"},{"action":"drop"}]`)); kindOf(err) != KindInvalid || err.Error() != `updates[1].action: found "drop", which is not a table update` {
		t.Errorf("err = %v", err)
	}
	requirements, err := DecodeRequirements([]byte(`[{"type":"assert-create"}]`))
	if err != nil || !requirements.AssertsCreate() || requirements.Len() != 1 || requirements[:0].AssertsCreate() {
		t.Errorf("requirements = %+v, %v", requirements, err)
	}
}

// TestErrorsSayWhere: an update by its index and action, the member, what was
// found and what is allowed.
func TestErrorsSayWhere(t *testing.T) {
	for updates, want := range map[string]string{
		`[{"action":"set-location"}]`:                                    `updates[0] (set-location): location: is missing`,
		`[{"action":"set-location","location":7}]`:                       `updates[0] (set-location): location: found 7, a string is allowed`,
		`[{"action":"set-current-schema","schema-id":1.0}]`:              `updates[0] (set-current-schema): schema-id: found 1.0, a 32-bit integer is allowed`,
		`[{"action":"remove-snapshots","snapshot-ids":[9e3]}]`:           `updates[0] (remove-snapshots): snapshot-ids: found 9e3, 64-bit integers are allowed`,
		`[{"action":"set-current-schema","schema-id":4}]`:                `updates[0] (set-current-schema): schema-id: Cannot set current schema to unknown schema: 4`,
		`[{"action":"set-statistics","statistics":{"snapshot-id":"1"}}]`: `updates[0] (set-statistics): statistics.snapshot-id: found "1", a 64-bit integer is allowed`,
		`[7]`:   `updates[0]: found 7, an object is allowed`,
		`[{},]`: `updates: malformed JSON at byte 4: a value was expected`,
	} {
		_, err := applied(t, sampleDocument(1, 1), updates)
		if kindOf(err) != KindInvalid || err.Error() != want {
			t.Errorf("%s: err = %v\nwant %s", updates, err, want)
		}
	}
}

// TestIDsFromZero: a request to create a table may number its columns as it
// likes, from 0 too.
func TestIDsFromZero(t *testing.T) {
	m, err := NewTableMetadata(TableCreation{
		UUID: "u", Location: "s3://b/t", Now: sampleNow,
		Schema: []byte(`{"type":"struct","identifier-field-ids":[1],"fields":[{"id":0,"name":"s","required":true,"type":{"type":"struct","fields":[` +
			`{"id":1,"name":"x","required":true,"type":"int"}]}},{"id":2,"name":"x","required":false,"type":"int"}]}`),
		PartitionSpec: []byte(`{"fields":[{"source-id":1,"transform":"bucket[4]","name":"p"}]}`),
		WriteOrder:    []byte(`{"fields":[{"source-id":1,"transform":"identity","direction":"asc","null-order":"nulls-last"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := `"source-id":3`; bytes.Count(m.Document(), []byte(want)) != 2 {
		t.Errorf("the nested column is not the source: %s", m.Document())
	}
	_, err = NewTableMetadata(TableCreation{
		UUID: "u", Location: "s3://b/t", Now: sampleNow,
		Schema: []byte(`{"type":"struct","identifier-field-ids":[1],"fields":[{"id":0,"name":"s","required":false,"type":{"type":"struct","fields":[` +
			`{"id":1,"name":"x","required":true,"type":"int"}]}}]}`),
	})
	if kindOf(err) != KindInvalid {
		t.Errorf("an identifier in an optional struct: err = %v", err)
	}
}

// TestFirstFormat: documents of format v1 may lack most members.
func TestFirstFormat(t *testing.T) {
	doc := `{"format-version":1,"location":"s3://b/t","last-updated-ms":1,"last-column-id":1,"schema":{"type":"struct","schema-id":3,"fields":[` +
		`{"id":1,"name":"a","required":false,"type":"long"}]},"partition-spec":[{"name":"p","transform":"identity","source-id":1}]}`
	if err := parsed(t, []byte(doc)).Validate(); err != nil {
		t.Fatal(err)
	}
	next, err := applied(t, []byte(doc), `[{"action":"assign-uuid","uuid":"u"},{"action":"upgrade-format-version","format-version":2}]`)
	if err != nil {
		t.Fatal(err)
	}
	if err := reparsed(next); err != nil {
		t.Error(err)
	}
	for _, part := range []string{`"current-schema-id":3`, `"schema-id":3`, `"last-partition-id":1000`, `"field-id":1000`, `"default-sort-order-id":0`} {
		if !bytes.Contains(next.Document(), []byte(part)) {
			t.Errorf("no %s in %s", part, next.Document())
		}
	}
	if strings.Contains(string(next.Document()), `"partition-spec":`) || strings.Contains(string(next.Document()), `"schema":`) {
		t.Errorf("members of v1 are in %s", next.Document())
	}
}
