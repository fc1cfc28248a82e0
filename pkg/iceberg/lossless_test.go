package iceberg

import (
	"bytes"
	"strings"
	"testing"
)

// fullDocument has, in every object that the format knows, a member that it
// does not, with numbers and white space as no encoder writes them. Every "~"
// stands for one.
func fullDocument(t *testing.T) (doc []byte, strange []string) {
	t.Helper()
	const shape = `{~ "format-version":3,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1","location":"s3://b/t","last-sequence-number":2,
 "last-updated-ms":1795299999123,"last-column-id":7,"current-schema-id":0,"schemas":[{~ "type":"struct","schema-id":0,"identifier-field-ids":[1],"fields":[
  {~ "id":1,"name":"a","required":true,"type":"long","initial-default":9007199254740993,"doc":"<&>"},
  {~ "id":2,"name":"s","required":false,"type":{~ "type":"struct","fields":[{~ "id":3,"name":"x","required":false,"type":"int"}]}},
  {~ "id":4,"name":"l","required":false,"type":{~ "type":"list","element-id":5,"element":"string","element-required":false}},
  {~ "id":8,"name":"m","required":false,"type":{~ "type":"map","key-id":6,"key":"string","value-id":7,"value":"int","value-required":false}}]}],
 "default-spec-id":0,"partition-specs":[{~ "spec-id":0,"fields":[{~ "source-id":1,"field-id":1000,"name":"p","transform":"bucket[4]"}]}],
 "last-partition-id":1000,"default-sort-order-id":1,"sort-orders":[{~ "order-id":1,"fields":[{~ "transform":"identity","source-id":1,"direction":"asc","null-order":"nulls-first"}]}],
 "properties":{"owner":"a \u003c b"},"current-snapshot-id":2,"next-row-id":20,
 "refs":{"main":{~ "snapshot-id":2,"type":"branch"},"t":{~ "snapshot-id":1,"type":"tag"}},
 "snapshots":[{~ "snapshot-id":1,"sequence-number":1,"timestamp-ms":1795299990000,"manifest-list":"s3://b/1","summary":{"operation":"append"},"first-row-id":0,"added-rows":10,"key-id":"k1"},
  {~ "snapshot-id":2,"sequence-number":2,"timestamp-ms":1795299991000,"manifest-list":"s3://b/2","summary":{"operation":"append"},"first-row-id":10,"added-rows":10,"key-id":"k2"}],
 "snapshot-log":[{~ "timestamp-ms":1795299990000,"snapshot-id":1},{~ "timestamp-ms":1795299991000,"snapshot-id":2}],
 "metadata-log":[{~ "timestamp-ms":1795299980000,"metadata-file":"s3://b/m0"}],
 "statistics":[{~ "snapshot-id":1,"statistics-path":"s3://b/s","file-size-in-bytes":1,"file-footer-size-in-bytes":1,"blob-metadata":[{~ "type":"ndv","snapshot-id":1,"sequence-number":1,"fields":[1]}]}],
 "partition-statistics":[{~ "snapshot-id":1,"statistics-path":"s3://b/s","file-size-in-bytes":1}],
 "encryption-keys":[{~ "key-id":"k1","encrypted-key-metadata":"AAAA"}] }`
	var b strings.Builder
	for i, part := range strings.Split(shape, "~") {
		if i > 0 {
			one := `"vendor":{ "n":` + string(number(int64(i))) + `, "z":1e5 ,"a":1.0, "b":9007199254740993,"c":-0.0,"d":"<&>\u00e9\/", "e":[ ] }`
			strange = append(strange, one)
			b.WriteString(one + ",")
		}
		b.WriteString(part)
	}
	return []byte(b.String()), strange
}

// TestUnknownMembersSurvive: whatever a commit changes, what it does not know
// and does not replace is there after it, byte for byte.
func TestUnknownMembersSurvive(t *testing.T) {
	doc, strange := fullDocument(t)
	if err := parsed(t, doc).Validate(); err != nil {
		t.Fatal(err)
	}
	for what, updates := range map[string]string{
		"append": `[{"action":"add-snapshot","snapshot":{"snapshot-id":3,"parent-snapshot-id":2,"sequence-number":3,"timestamp-ms":1795300000000,"manifest-list":"s3://b/3","first-row-id":20,"added-rows":1}},` +
			`{"action":"set-snapshot-ref","ref-name":"b","type":"branch","snapshot-id":3}]`,
		"properties": `[{"action":"set-properties","updates":{"x":"y"}},{"action":"remove-properties","removals":["owner"]}]`,
		"columns": `[{"action":"add-schema","schema":{"type":"struct","fields":[{"id":1,"name":"a","required":true,"type":"long"}]}},{"action":"set-current-schema","schema-id":-1},` +
			`{"action":"add-spec","spec":{"spec-id":9,"fields":[]}},{"action":"set-default-spec","spec-id":-1},{"action":"add-sort-order","sort-order":{"order-id":0,"fields":[]}}]`,
		"refs":     `[{"action":"set-snapshot-ref","ref-name":"u","type":"tag","snapshot-id":2}]`,
		"keys":     `[{"action":"add-encryption-key","encryption-key":{"key-id":"k9","encrypted-key-metadata":"AAAA"}}]`,
		"files":    `[{"action":"set-statistics","statistics":{"snapshot-id":2,"statistics-path":"s3://b/s2","file-size-in-bytes":1,"file-footer-size-in-bytes":1,"blob-metadata":[]}}]`,
		"location": `[{"action":"set-location","location":"s3://b/elsewhere"}]`,
		"version":  `[{"action":"upgrade-format-version","format-version":4}]`,
	} {
		next, err := applied(t, doc, updates)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		for _, one := range strange {
			if bytes.Count(next.Document(), []byte(one)) != 1 {
				t.Errorf("%s: lost %s\nin %s", what, one, next.Document())
			}
		}
	}
}

// TestUntouchedTextStays: order, white space and spelling of what a commit does
// not touch.
func TestUntouchedTextStays(t *testing.T) {
	doc, _ := fullDocument(t)
	next, err := applied(t, doc, `[{"action":"set-location","location":"s3://b/<elsewhere>&"}]`)
	if err != nil {
		t.Fatal(err)
	}
	before, after := parsed(t, doc), next
	for i, m := range before.doc.members {
		if after.doc.members[i].key != m.key {
			t.Fatalf("member %d was %s and is %s", i, m.key, after.doc.members[i].key)
		}
		if m.key == "location" || m.key == "last-updated-ms" || m.key == "metadata-log" {
			continue
		}
		if was, is := m.value.Of(before.doc.text), after.doc.members[i].value.Of(after.doc.text); !bytes.Equal(was, is) {
			t.Errorf("%s: was %s\nis %s", m.key, was, is)
		}
	}
	if !bytes.Contains(after.Document(), []byte(`"location":"s3://b/<elsewhere>&"`)) {
		t.Errorf("characters are escaped that need not be: %s", after.Document())
	}
}

// TestRemovalLosesNoMore: only what belongs to a removed snapshot goes with it.
func TestRemovalLosesNoMore(t *testing.T) {
	doc, strange := fullDocument(t)
	next, err := applied(t, doc, `[{"action":"remove-snapshots","snapshot-ids":[1]}]`)
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, one := range strange {
		if !bytes.Contains(next.Document(), []byte(one)) {
			lost = append(lost, one)
		}
	}
	// The tag, the snapshot, its entry in the log, its statistics with their blob,
	// and its partition statistics.
	if len(lost) != 6 {
		t.Errorf("lost %d objects: %s", len(lost), strings.Join(lost, "\n"))
	}
	if _, ok := next.Ref("t"); ok {
		t.Error("a tag leads to the snapshot that is gone")
	}
	if err := reparsed(next); err != nil {
		t.Error(err)
	}
}

// TestSnapshotKeepsItsKey: without key-id nobody can read the manifest list.
func TestSnapshotKeepsItsKey(t *testing.T) {
	doc, _ := fullDocument(t)
	next, err := applied(t, doc, `[{"action":"add-snapshot","snapshot":{"snapshot-id":3,"parent-snapshot-id":2,"sequence-number":3,"timestamp-ms":1795300000000,`+
		`"manifest-list":"s3://b/3","first-row-id":20,"added-rows":1,"key-id":"k3","summary":{"operation":"append","odd":"\u003c"},"unknown":1.0}}]`)
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`"key-id":"k1"`, `"key-id":"k2"`, `"key-id":"k3"`, `"odd":"\u003c"`, `"unknown":1.0`} {
		if !bytes.Contains(next.Document(), []byte(kept)) {
			t.Errorf("lost %s in %s", kept, next.Document())
		}
	}
}

// TestRefsDocument has the snapshots that refs lead to and their statistics.
func TestRefsDocument(t *testing.T) {
	doc, strange := fullDocument(t)
	if m := parsed(t, doc); !bytes.Equal(m.RefsDocument(), doc) {
		t.Errorf("all snapshots have refs, yet the document is another: %s", m.RefsDocument())
	}
	next, err := applied(t, doc, `[{"action":"remove-snapshot-ref","ref-name":"t"}]`)
	if err != nil {
		t.Fatal(err)
	}
	narrowed := parsed(t, next.RefsDocument())
	if err := narrowed.Validate(); err != nil {
		t.Fatal(err)
	}
	if _, ok := narrowed.Snapshot(1); ok || narrowed.SnapshotCount() != 1 {
		t.Errorf("%d snapshots in %s", narrowed.SnapshotCount(), narrowed.Document())
	}
	if found := bytes.Count(narrowed.Document(), []byte(`"statistics-path"`)); found != 0 {
		t.Errorf("%d statistics of a snapshot that is not there: %s", found, narrowed.Document())
	}
	for _, one := range strange[:12] {
		if !bytes.Contains(narrowed.Document(), []byte(one)) {
			t.Errorf("lost %s", one)
		}
	}
	if narrowed.history.count != 2 {
		t.Errorf("%d entries in the snapshot log", narrowed.history.count)
	}
}

// TestRefsDocumentIsSmall: it holds no more memory than it needs.
func TestRefsDocumentIsSmall(t *testing.T) {
	small := parsed(t, sampleDocument(2_000, 2)).RefsDocument()
	if whole := cap(small); whole > 2*len(small) {
		t.Errorf("%d bytes are held for %d", whole, len(small))
	}
}
