package iceberg

import (
	"bytes"
	"testing"
)

// TestAppendAllocationsDoNotGrow: work in proportion to the change means that
// the number of snapshots shows in the size of what is allocated, never in how
// often.
func TestAppendAllocationsDoNotGrow(t *testing.T) {
	count := func(snapshots int) float64 {
		base := parsed(t, sampleDocument(snapshots, 10))
		requirements, updates := sampleAppend(snapshots)
		return testing.AllocsPerRun(20, func() { sampleCommit(t, base, requirements, updates) })
	}
	// Both have as many log entries as the table keeps.
	few, many := count(150), count(3_000)
	if many > few+2 {
		t.Errorf("an append allocates %.0f times at 150 snapshots, %.0f times at 3,000", few, many)
	}
}

// TestSizeIsAboutTheBytes: what a cache holds is the document and little else.
func TestSizeIsAboutTheBytes(t *testing.T) {
	m := parsed(t, sampleDocument(3_000, 100))
	if size, whole := m.Size(), len(m.Document()); size < whole || size > whole+whole/10 {
		t.Errorf("a document of %d bytes takes %d", whole, size)
	}
}

// TestAppendKeepsEveryByte: all that an append does not change stands in the new
// document as it stood, spelling included.
func TestAppendKeepsEveryByte(t *testing.T) {
	doc := bytes.Replace(sampleDocument(3, 4), []byte(`"snapshots":[{`), []byte(`"vendor" : { "z":1.0e5, "a":"<&>\u00e9" },"snapshots":[ {"vendor-id":90071992547409931, `), 1)
	requirements, updates := sampleAppend(3)
	next := sampleCommit(t, parsed(t, doc), requirements, updates)
	for _, kept := range []string{
		`{ "z":1.0e5, "a":"<&>\u00e9" }`, `[ {"vendor-id":90071992547409931, "sequence-number":1,`,
		`"doc":"what column 4 <holds>"`, sampleSnapshot(3, sampleNow.UnixMilli()-2000),
	} {
		if !bytes.Contains(next.Document(), []byte(kept)) {
			t.Errorf("lost: %s\nin %s", kept, next.Document())
		}
	}
	if err := reparsed(next); err != nil {
		t.Error(err)
	}
}

// TestExpiry removes most of a long history: the newest entries stay, in order.
func TestExpiry(t *testing.T) {
	base := parsed(t, sampleDocument(200, 2))
	next := sampleCommit(t, base, []byte("[]"), sampleExpire(190))
	if got := next.SnapshotCount(); got != 10 {
		t.Errorf("%d snapshots are left, want 10", got)
	}
	if _, there := next.Snapshot(sampleID(190)); there {
		t.Error("snapshot 190 is still there")
	}
	if s, there := next.Snapshot(sampleID(191)); !there || s.ParentID != sampleID(190) {
		t.Errorf("snapshot 191 = %+v, %v", s, there)
	}
	if next.history.count != 10 {
		t.Errorf("%d entries are left in the snapshot log, want 10", next.history.count)
	}
	if err := reparsed(next); err != nil {
		t.Error(err)
	}
}
