package iceberg

import (
	"github.com/igloo-catalog/igloo/pkg/span"
)

func (b *builder) snapshots() {
	raw, ok := b.document().get("snapshots")
	if !ok || isNull(raw) {
		raw, ok = []byte("[]"), false
	}
	texts := make([][]byte, len(b.added))
	for i, s := range b.added {
		texts[i] = s.canonical()
	}
	switch {
	case len(b.removed) > 0:
		b.set("snapshots", b.retained(raw, texts))
	case len(texts) > 0 && b.base != nil && ok:
		b.changes = append(b.changes, rewrite{key: "snapshots", appended: texts})
		b.indexAdded(lengthBeforeClose(raw), len(b.base.snapshots) > 0, texts)
	case len(texts) > 0 || !ok:
		b.set("snapshots", encodeArray(texts))
		b.next.snapshots = nil
		b.indexAdded(1, false, texts)
	}
}

// lengthBeforeClose is where new elements of an array begin.
func lengthBeforeClose(array []byte) int { return len(array) - 1 }

// indexAdded derives the index of the new array from that of the old one.
func (b *builder) indexAdded(offset int, comma bool, texts [][]byte) {
	index := make([]snapshotEntry, len(b.next.snapshots), len(b.next.snapshots)+len(texts))
	copy(index, b.next.snapshots)
	for i, text := range texts {
		if comma {
			offset++
		}
		comma = true
		index = append(index, snapshotEntry{id: b.added[i].ID, place: span.Span{Start: offset, End: offset + len(text)}})
		offset += len(text)
	}
	b.next.snapshots = index
}

// retained copies the snapshots that stay, then those that are new.
func (b *builder) retained(raw []byte, texts [][]byte) []byte {
	kept := make([]byte, 0, len(raw))
	kept = append(kept, '[')
	index := make([]snapshotEntry, 0, len(b.next.snapshots)+len(texts))
	put := func(entry snapshotEntry, text []byte) {
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		entry.place = span.Span{Start: len(kept), End: len(kept) + len(text)}
		kept = append(kept, text...)
		index = append(index, entry)
	}
	for _, entry := range b.next.snapshots {
		if !b.removed[entry.id] {
			put(entry, entry.place.Of(raw))
		}
	}
	for i, text := range texts {
		put(snapshotEntry{id: b.added[i].ID}, text)
	}
	b.next.snapshots = index
	return append(kept, ']')
}
