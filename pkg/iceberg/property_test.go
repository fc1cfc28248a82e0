package iceberg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// commits draws requests that a table may get; next is the id of the next
// snapshot, so that none is ever drawn twice.
type commits struct{ next int64 }

// request draws a few updates for m. Each request stands for itself: what -1
// means in it was added in it.
func (c *commits) request(t *rapid.T, m *TableMetadata) []string {
	count := rapid.IntRange(1, 4).Draw(t, "updates")
	updates := make([]string, 0, 2*count)
	for range count {
		updates = append(updates, c.update(t, m)...)
	}
	return updates
}

func (c *commits) update(t *rapid.T, m *TableMetadata) []string {
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0, 1:
		return c.append(t, m)
	case 2:
		return []string{fmt.Sprintf(`{"action":"set-snapshot-ref","ref-name":%q,"type":%q,"snapshot-id":%d}`,
			drawName(t), rapid.SampledFrom([]string{"branch", "tag"}).Draw(t, "type"), c.known(t))}
	case 3:
		return []string{fmt.Sprintf(`{"action":"remove-snapshots","snapshot-ids":[%d,%d]}`, c.known(t), c.known(t))}
	case 4:
		return []string{fmt.Sprintf(`{"action":"remove-snapshot-ref","ref-name":%q}`, drawName(t))}
	case 5:
		return drawSchema(t, m)
	case 6:
		return drawSpec(t)
	case 7:
		return []string{fmt.Sprintf(`{"action":"set-properties","updates":{%q:%q}}`, drawName(t), drawName(t))}
	case 8:
		return []string{fmt.Sprintf(`{"action":"remove-properties","removals":[%q]}`, drawName(t))}
	}
	return []string{fmt.Sprintf(`{"action":"set-statistics","statistics":{"snapshot-id":%d,"statistics-path":"s3://b/s","file-size-in-bytes":1,`+
		`"file-footer-size-in-bytes":1,"blob-metadata":[],"vendor":1.50}}`, c.known(t))}
}

func (c *commits) append(t *rapid.T, m *TableMetadata) []string {
	c.next++
	sequence := m.head.sequence + int64(rapid.IntRange(0, 2).Draw(t, "ahead"))
	added := fmt.Sprintf(`{"action":"add-snapshot","snapshot":{"snapshot-id":%d,"sequence-number":%d,"timestamp-ms":%d,`+
		`"manifest-list":"s3://b/m","summary":{"operation":"append"},"first-row-id":%d,"added-rows":%d,"vendor":{"a":1E2}}}`,
		c.next, sequence, sampleNow.UnixMilli(), m.head.nextRow, rapid.IntRange(0, 9).Draw(t, "rows"))
	if rapid.Bool().Draw(t, "staged") {
		return []string{added}
	}
	return []string{added, fmt.Sprintf(`{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":%d}`, c.next)}
}

// known is an id that was a snapshot's once, or never.
func (c *commits) known(t *rapid.T) int64 { return rapid.Int64Range(0, c.next+1).Draw(t, "snapshot") }

func drawName(t *rapid.T) string {
	return rapid.SampledFrom([]string{"main", "audit", "b1", "b2", "<&>"}).Draw(t, "name")
}

func drawSchema(t *rapid.T, m *TableMetadata) []string {
	var fields []string
	for id := 1; id <= m.head.lastColumn+1; id++ {
		if id == 1 || rapid.Bool().Draw(t, "kept") {
			fields = append(fields, fmt.Sprintf(`{"id":%d,"name":"c%d","required":false,"type":"long","vendor":"<&>"}`, id, id))
		}
	}
	return []string{
		`{"action":"add-schema","schema":{"type":"struct","fields":[` + strings.Join(fields, ",") + `]}}`,
		`{"action":"set-current-schema","schema-id":-1}`,
	}
}

func drawSpec(t *rapid.T) []string {
	buckets := rapid.IntRange(1, 3).Draw(t, "buckets")
	return []string{
		fmt.Sprintf(`{"action":"add-spec","spec":{"spec-id":0,"fields":[{"name":"p%d","transform":"bucket[%d]","source-id":1}]}}`, buckets, buckets),
		`{"action":"set-default-spec","spec-id":-1}`,
	}
}

func drawTable(t *rapid.T) *TableMetadata {
	m, err := NewTableMetadata(TableCreation{
		UUID: "9c12d441-03fe-4693-9a96-a0705ddf69c1", Location: "s3://b/t", Now: sampleNow,
		Schema:     json.RawMessage(`{"type":"struct","fields":[{"id":7,"name":"c1","required":false,"type":"long"}]}`),
		Properties: map[string]string{"format-version": rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "version")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func apply(t *rapid.T, base *TableMetadata, updates []string) (*TableMetadata, error) {
	decoded, err := DecodeUpdates([]byte("[" + strings.Join(updates, ",") + "]"))
	if err != nil {
		t.Fatalf("%v: %s", err, updates)
	}
	next, err := decoded.Apply(base, Application{Now: sampleNow})
	if refused, ok := errors.AsType[*Error](err); err != nil && (!ok || refused.Path == "" && refused.Message == "") {
		t.Fatalf("refused with %#v", err)
	}
	return next, err
}

// TestCommitsKeepATableWhole: whatever is sent, in whatever order, the document
// can be read, what refers to something finds it, and ids only grow.
func TestCommitsKeepATableWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, c := drawTable(t), commits{}
		for range rapid.IntRange(1, 12).Draw(t, "requests") {
			before := bytes.Clone(m.Document())
			next, err := apply(t, m, c.request(t, m))
			if !bytes.Equal(before, m.Document()) {
				t.Fatal("a commit changed its base")
			}
			if err != nil {
				continue
			}
			checkWhole(t, next)
			checkGrown(t, m, next)
			m = next
		}
	})
}

func checkWhole(t *rapid.T, m *TableMetadata) {
	if err := reparsed(m); err != nil {
		t.Fatalf("%v\n%s", err, m.Document())
	}
	if !json.Valid(m.Document()) || !json.Valid(m.RefsDocument()) {
		t.Fatalf("not JSON: %s", m.Document())
	}
	for name, ref := range m.Refs() {
		if _, ok := m.Snapshot(ref.SnapshotID); !ok {
			t.Fatalf("%s leads to snapshot %d, which is gone", name, ref.SnapshotID)
		}
	}
	main, branched := m.Ref(mainBranch)
	if id, ok := m.CurrentSnapshotID(); ok != branched || ok && id != main.SnapshotID {
		t.Fatalf("current snapshot %d, main %+v", id, main)
	}
}

func checkGrown(t *rapid.T, before, after *TableMetadata) {
	old, now := before.head, after.head
	if now.lastColumn < old.lastColumn || now.lastPartition < old.lastPartition || now.nextRow < old.nextRow || now.updated < old.updated {
		t.Fatalf("ids went back: %+v, then %+v", old, now)
	}
	schemas, err := after.schemaParts()
	if err != nil {
		t.Fatal(err)
	}
	earlier, err := before.schemaParts()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range schemas.items {
		if s.value.highestID() > now.lastColumn {
			t.Fatalf("column id %d is above last-column-id %d", s.value.highestID(), now.lastColumn)
		}
		if same, ok := find(earlier, func(e *schema) bool { return e.id == s.value.id }); ok && !same.same(s.value) {
			t.Fatalf("schema %d became another: %s", s.value.id, s.text)
		}
	}
}

// TestTwoRequestsAreOne: updates that apply one request after the other make the
// same table when they come in one. Only the history differs, which does not
// tell of what was current within a request.
func TestTwoRequestsAreOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, c := drawTable(t), commits{}
		for range rapid.IntRange(0, 4).Draw(t, "requests") {
			if next, err := apply(t, m, c.request(t, m)); err == nil {
				m = next
			}
		}
		first := c.request(t, m)
		half, err := apply(t, m, first)
		if err != nil {
			t.Skip("refused")
		}
		second := c.request(t, half)
		whole, err := apply(t, half, second)
		if err != nil {
			t.Skip("refused")
		}
		once, err := apply(t, m, slices.Concat(first, second))
		if err != nil {
			t.Fatalf("refused at once: %v\n%s\n%s", err, first, second)
		}
		if diff := cmp.Diff(withoutHistory(t, whole), withoutHistory(t, once)); diff != "" {
			t.Fatalf("(-two requests +one)\n%s\n%s\n%s", diff, first, second)
		}
	})
}

func withoutHistory(t *rapid.T, m *TableMetadata) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(m.Document(), &members); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(members, func(key string, _ json.RawMessage) bool {
		return key == "snapshot-log" || key == "refs" || key == "properties"
	})
	for name, ref := range m.Refs() {
		members["refs."+name] = fmt.Appendf(nil, "%+v", ref)
	}
	for key, value := range m.Properties() {
		members["properties."+key] = json.RawMessage(value)
	}
	return members
}
