package iceberg

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/iceberg/internal/span"
)

const (
	previousVersionsMax     = "write.metadata.previous-versions-max"
	previousVersionsDefault = 100
)

// build makes the new document of what the updates changed.
func (d *draft) build(previousLocation string) (*TableMetadata, error) {
	d.head.updated = d.now
	if d.base == nil && d.head.uuid == "" {
		d.head.uuid = uuid.NewString()
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	b := &builder{draft: d, next: &TableMetadata{head: d.head}}
	if d.base != nil {
		b.next.snapshots, b.next.history, b.next.previous = d.base.snapshots, d.base.history, d.base.previous
	}
	b.scalars()
	if err := b.smallParts(); err != nil {
		return nil, err
	}
	b.snapshots()
	if err := b.snapshotLog(); err != nil {
		return nil, err
	}
	if err := b.metadataLog(previousLocation); err != nil {
		return nil, err
	}
	b.next.doc = b.document().rewritten(b.changes)
	return b.next, b.next.checkLogs()
}

// check refuses a result that no engine could read.
func (d *draft) check() error {
	switch {
	case d.head.location == "":
		return invalid("", "location: is missing")
	case d.head.uuid == "" && d.head.version > 1:
		return invalid("", "table-uuid: is required in format version %d", d.head.version)
	case d.head.version == 1 && d.head.sequence != 0:
		return invalid("", "last-sequence-number: must be 0 in format version 1, found %d", d.head.sequence)
	}
	if err := d.checkSequence(); err != nil {
		return err
	}
	if d.sameDefaults() {
		return nil
	}
	return d.checkDefaults()
}

// checkSequence refuses a snapshot that is ahead of the table: one without parent
// may set the last sequence number back. Source: Java's
// TableMetadata.indexAndValidateSnapshots.
func (d *draft) checkSequence() error {
	for _, s := range d.added {
		if s.SequenceNumber > d.head.sequence {
			return staleSequence(s.SequenceNumber, d.head.sequence)
		}
	}
	if d.base == nil || d.head.sequence >= d.base.head.sequence {
		return nil
	}
	raw, _ := d.base.doc.get("snapshots")
	for i, entry := range d.base.snapshots {
		if d.removed[entry.id] {
			continue
		}
		s, err := decodeSnapshot(indexed("snapshots", i), entry.place.Of(raw))
		if err != nil {
			return err
		}
		if s.SequenceNumber > d.head.sequence {
			return staleSequence(s.SequenceNumber, d.head.sequence)
		}
	}
	return nil
}

func staleSequence(found, last int64) error {
	return conflict("Invalid snapshot with sequence number %d greater than last sequence number %d", found, last)
}

// sameDefaults tells whether the current schema and the default spec and order
// are the base's: the same ids, which no other schema or spec can have taken.
func (d *draft) sameDefaults() bool {
	return d.base != nil && (d.schemas == nil || !d.schemas.shrunk) && (d.specs == nil || !d.specs.shrunk) &&
		d.head.schema == d.base.head.schema && d.head.spec == d.base.head.spec && d.head.order == d.base.head.order
}

// checkDefaults binds the default spec and order to the current schema.
func (d *draft) checkDefaults() error {
	columns, err := d.currentSchema()
	if err != nil {
		return err
	}
	if err := d.loadSpecs(); err != nil {
		return err
	}
	spec, ok := find(d.specs, func(s *partitionSpec) bool { return s.id == d.head.spec })
	if !ok {
		return invalid("", "default-spec-id: found %d, which is not among the partition specs", d.head.spec)
	}
	if err := spec.check("partition-spec", columns); err != nil {
		return err
	}
	if err := d.loadOrders(); err != nil {
		return err
	}
	order, ok := find(d.orders, func(o *sortOrder) bool { return o.id == d.head.order })
	if !ok {
		return invalid("", "default-sort-order-id: found %d, which is not among the sort orders", d.head.order)
	}
	return order.check("sort-order", columns)
}

// builder collects what is to be rewritten.
type builder struct {
	*draft

	next    *TableMetadata
	changes []rewrite
}

// document is the base's, or an empty one.
func (b *builder) document() *document {
	if b.base == nil {
		return &document{}
	}
	return &b.base.doc
}

func (b *builder) set(key string, value []byte) {
	b.changes = append(b.changes, rewrite{key: key, value: value})
}

// number sets a member that is not that number already.
func (b *builder) number(key string, value int64) {
	if raw, ok := b.document().get(key); ok {
		if n, ok := parseInt64(raw); ok && n == value {
			return
		}
	}
	b.set(key, number(value))
}

func (b *builder) text(key, value string) {
	if raw, ok := b.document().get(key); ok && len(raw) > 1 && raw[0] == '"' {
		if s, err := unquote(raw); err == nil && s == value {
			return
		}
	}
	b.set(key, quoted(value))
}

// array sets a member that changed, or that is not there yet.
func (b *builder) array(key string, changed bool, encode func() []byte) {
	if raw, ok := b.document().get(key); changed || !ok || isNull(raw) {
		b.set(key, encode())
	}
}

func (b *builder) scalars() {
	h := b.head
	b.number("format-version", int64(h.version))
	if h.uuid != "" {
		b.text("table-uuid", h.uuid)
	}
	b.text("location", h.location)
	if h.version > 1 {
		b.number("last-sequence-number", h.sequence)
	}
	b.number("last-updated-ms", h.updated)
	b.number("last-column-id", int64(h.lastColumn))
	b.number("current-schema-id", int64(h.schema))
	b.number("default-spec-id", int64(h.spec))
	b.number("last-partition-id", int64(h.lastPartition))
	b.number("default-sort-order-id", int64(h.order))
	switch {
	case h.snapshot != noSnapshot || h.version < 3:
		b.number("current-snapshot-id", h.snapshot)
	default:
		b.set("current-snapshot-id", []byte("null"))
	}
	if h.version > 2 {
		b.number("next-row-id", h.nextRow)
	}
}

func (b *builder) smallParts() error {
	if err := b.columns(); err != nil {
		return err
	}
	b.array("properties", b.propertiesChanged, func() []byte { return b.properties.encode() })
	b.array("refs", b.refsChanged, func() []byte { b.loadRefs(); return b.refs.encode() })
	b.array("statistics", b.statistics.changed, b.statistics.encode)
	b.array("partition-statistics", b.partitions.changed, b.partitions.encode)
	if b.keysChanged {
		value := encodeArray(b.keys)
		if len(b.keys) == 0 {
			value = nil
		}
		b.set("encryption-keys", value)
	}
	return nil
}

// columns writes schemas, specs and orders; of a document of format v1 also the
// members that its first readers know.
func (b *builder) columns() error {
	doc := b.document()
	_, hasSchemas := doc.get("schemas")
	_, hasSpecs := doc.get("partition-specs")
	_, hasOrders := doc.get("sort-orders")
	if b.schemas == nil && !hasSchemas {
		if err := b.loadSchemas(); err != nil {
			return err
		}
	}
	if b.specs == nil && (!hasSpecs || b.head.version == 1) {
		if err := b.loadSpecs(); err != nil {
			return err
		}
	}
	if b.orders == nil && !hasOrders {
		if err := b.loadOrders(); err != nil {
			return err
		}
	}
	b.array("schemas", b.schemas != nil && b.schemas.changed, func() []byte { return b.schemas.encode() })
	b.array("partition-specs", b.specs != nil && b.specs.changed, func() []byte { return b.specs.encode() })
	b.array("sort-orders", b.orders != nil && b.orders.changed, func() []byte { return b.orders.encode() })
	if b.head.version == 1 {
		return b.legacyColumns()
	}
	b.dropLegacy()
	return nil
}

func (b *builder) legacyColumns() error {
	columns, err := b.currentSchema()
	if err != nil {
		return err
	}
	if err := b.loadSpecs(); err != nil {
		return err
	}
	spec, ok := find(b.specs, func(s *partitionSpec) bool { return s.id == b.head.spec })
	if !ok {
		return invalid("", "default-spec-id: found %d, which is not among the partition specs", b.head.spec)
	}
	b.set("schema", columns.encode())
	b.set("partition-spec", spec.encodeFields())
	return nil
}

// dropLegacy leaves out what only format v1 has, once a table is no longer v1.
func (b *builder) dropLegacy() {
	if b.previousVersion != 1 {
		return
	}
	b.set("schema", nil)
	b.set("partition-spec", nil)
}

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
