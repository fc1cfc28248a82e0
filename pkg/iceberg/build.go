package iceberg

import (
	"github.com/google/uuid"
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
