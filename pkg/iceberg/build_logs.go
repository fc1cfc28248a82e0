package iceberg

import (
	"strconv"
)

const (
	previousVersionsMax     = "write.metadata.previous-versions-max"
	previousVersionsDefault = 100
)

func (e logEntry) encodeSnapshot() []byte {
	return object{{"timestamp-ms", number(e.timestamp)}, {"snapshot-id", number(e.snapshot)}}.encode()
}

// snapshotLog adds to the history of main. A snapshot that was main's only
// within this commit never was for anybody else, and an entry whose snapshot is
// gone takes all before it along, or time travel would go wrong.
// Source: Java's TableMetadata.Builder.updateSnapshotLog.
func (b *builder) snapshotLog() error {
	raw, ok := b.document().get("snapshot-log")
	intermediate := b.intermediate()
	rewriting := len(b.removed) > 0 || len(intermediate) > 0
	if !rewriting {
		return b.extendLog(ok && !isNull(raw))
	}
	var entries []logEntry
	if ok && !isNull(raw) {
		old, err := logEntries("snapshot-log", raw)
		if err != nil {
			return err
		}
		entries = old
	}
	return b.replaceLog(raw, append(entries, b.log...), intermediate)
}

func (b *builder) extendLog(exists bool) error {
	texts := make([][]byte, len(b.log))
	for i, e := range b.log {
		texts[i] = e.encodeSnapshot()
		if err := b.follow(&b.next.history, e); err != nil {
			return err
		}
	}
	switch {
	case !exists:
		b.set("snapshot-log", encodeArray(texts))
	case len(texts) > 0:
		b.changes = append(b.changes, rewrite{key: "snapshot-log", appended: texts})
	}
	return nil
}

func (b *builder) replaceLog(raw []byte, entries []logEntry, intermediate map[int64]bool) error {
	var texts [][]byte
	tail := logTail{}
	for _, e := range entries {
		if !b.hasSnapshot(e.snapshot) {
			if len(b.removed) > 0 {
				texts, tail = nil, logTail{}
			}
			continue
		}
		if intermediate[e.snapshot] {
			continue
		}
		if err := b.follow(&tail, e); err != nil {
			return err
		}
		text := e.place.Of(raw)
		if len(text) == 0 {
			text = e.encodeSnapshot()
		}
		texts = append(texts, text)
	}
	if b.head.snapshot != noSnapshot && (tail.count == 0 || tail.last.snapshot != b.head.snapshot) {
		return invalid("", "snapshot-log: the last entry would not be the current snapshot %d", b.head.snapshot)
	}
	b.next.history = tail
	b.set("snapshot-log", encodeArray(texts))
	return nil
}

// follow checks that an entry comes after the last one.
func (b *builder) follow(tail *logTail, e logEntry) error {
	if tail.count > 0 && e.timestamp-tail.last.timestamp < -minute {
		return invalid("", "snapshot-log: entries must be sorted by time: found %d after %d", e.timestamp, tail.last.timestamp)
	}
	*tail = logTail{count: tail.count + 1, last: e}
	return nil
}

// intermediate are the snapshots of this commit that were main's head on the way.
func (d *draft) intermediate() map[int64]bool {
	var ids map[int64]bool
	for _, id := range d.mainSteps {
		if id != d.head.snapshot && d.addedSnapshot(id) != nil {
			if ids == nil {
				ids = map[int64]bool{}
			}
			ids[id] = true
		}
	}
	return ids
}

// metadataLog appends the file that the base was read from, and forgets the
// oldest above the table's limit.
func (b *builder) metadataLog(previousLocation string) error {
	limit, err := b.previousVersions()
	if err != nil {
		return err
	}
	raw, ok := b.document().get("metadata-log")
	exists := ok && !isNull(raw)
	if b.base == nil || previousLocation == "" {
		if !exists {
			b.set("metadata-log", []byte("[]"))
		}
		return nil
	}
	entry := logEntry{timestamp: b.base.head.updated}
	text := object{{"timestamp-ms", number(entry.timestamp)}, {"metadata-file", quoted(previousLocation)}}.encode()
	if exists && b.base.previous.count < limit {
		b.changes = append(b.changes, rewrite{key: "metadata-log", appended: [][]byte{text}})
	} else {
		var kept [][]byte
		if exists {
			entries, err := logEntries("metadata-log", raw)
			if err != nil {
				return err
			}
			for _, e := range entries[len(entries)-limit+1:] {
				kept = append(kept, e.place.Of(raw))
			}
		}
		b.set("metadata-log", encodeArray(append(kept, text)))
	}
	b.next.previous = logTail{count: min(b.base.previous.count+1, limit), last: entry}
	return nil
}

func (b *builder) previousVersions() (int, error) {
	text, ok := b.property(previousVersionsMax)
	if !ok {
		return previousVersionsDefault, nil
	}
	limit, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, invalid("", "property %s: found %q, an integer is allowed", previousVersionsMax, text)
	}
	return max(1, int(limit)), nil
}
