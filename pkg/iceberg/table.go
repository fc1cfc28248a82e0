package iceberg

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/igloo-catalog/igloo/pkg/span"
)

const (
	// maxWritten is the newest format version whose tables can be committed to.
	maxWritten = 4
	// defaultVersion is the format version of new tables. Source: Java's
	// TableMetadata.DEFAULT_TABLE_FORMAT_VERSION.
	defaultVersion = 2
	// maxDocument bounds a decompressed document, in bytes.
	maxDocument = 1 << 30
	mainBranch  = "main"
	// noSnapshot is how formats v1 and v2 write that there is no current snapshot.
	noSnapshot = -1
)

// TableMetadata is a table metadata document: the bytes as they were read, and
// the places in them that a commit asks for. It is never changed, and safe for
// concurrent use.
type TableMetadata struct {
	doc       document
	head      head
	snapshots []snapshotEntry
	history   logTail
	previous  logTail
}

// head are the scalars of a document.
type head struct {
	version       int
	uuid          string
	location      string
	sequence      int64
	updated       int64
	lastColumn    int
	schema        int
	spec          int
	lastPartition int
	order         int
	snapshot      int64
	nextRow       int64
}

// ParseTableMetadata reads a document: JSON, or JSON compressed by gzip, which it
// tells by the magic number. It keeps doc and looks at each byte once; the parts
// that are small are decoded when a commit needs them, or by Validate. Format
// versions above those that can be written are read, to be served.
func ParseTableMetadata(doc []byte) (*TableMetadata, error) {
	text, err := decompressed(doc)
	if err != nil {
		return nil, err
	}
	m := &TableMetadata{doc: document{text: text}}
	if err := m.scan(); err != nil {
		return nil, malformed("", err)
	}
	if err := m.readHead(); err != nil {
		return nil, err
	}
	return m, m.checkLogs()
}

func decompressed(doc []byte) ([]byte, error) {
	if len(doc) < 2 || doc[0] != 0x1f || doc[1] != 0x8b {
		return doc, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(doc))
	if err != nil {
		return nil, invalid("", "found gzip that does not decompress: %v", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, invalid("", "found gzip that does not decompress: %v", err)
	}
	if len(text) > maxDocument {
		return nil, invalid("", "decompresses to more than %d bytes", maxDocument)
	}
	return text, nil
}

// Compress makes a document what a .gz.metadata.json file holds.
func Compress(doc []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(doc)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("compress metadata: %w", err)
	}
	return b.Bytes(), nil
}

func (m *TableMetadata) scan() error {
	return m.doc.scan(m.scanMember)
}

func (m *TableMetadata) scanMember(s *span.Scanner, name string) (err error) {
	next := s.Peek()
	grows := name == "snapshots" || name == "snapshot-log" || name == "metadata-log"
	if next != '[' {
		value, err := s.Skip()
		if err == nil && grows && next != 'n' {
			err = invalid(name, "found %s, an array is allowed", shorten(value.Of(m.doc.text)))
		}
		return err
	}
	switch name {
	case "snapshots":
		m.snapshots, err = scanSnapshots(s, m.doc.text)
	case "snapshot-log":
		m.history, err = scanLog(s, m.doc.text, name, nil)
	case "metadata-log":
		m.previous, err = scanLog(s, m.doc.text, name, nil)
	default:
		_, err = s.Skip()
	}
	return err
}

// reader looks at the top level of the document.
func (m *TableMetadata) reader() *reader { return &reader{object: m.doc.object()} }

func (d *document) object() object {
	o := make(object, len(d.members))
	for i, m := range d.members {
		o[i] = member{m.key, m.value.Of(d.text)}
	}
	return o
}

func (m *TableMetadata) readHead() error {
	r := m.reader()
	h := &m.head
	if h.version = r.int("format-version"); r.err == nil && h.version < 1 {
		r.fail("format-version", "found %d, 1 and above are allowed", h.version)
	}
	if h.version > maxWritten {
		return m.readFutureHead(r)
	}
	h.uuid, _ = r.optionalText("table-uuid")
	h.location = r.text("location")
	h.updated = r.long("last-updated-ms")
	h.lastColumn = r.int("last-column-id")
	if h.version > 1 {
		h.sequence = r.long("last-sequence-number")
		h.schema, h.spec = r.int("current-schema-id"), r.int("default-spec-id")
		h.lastPartition, h.order = r.int("last-partition-id"), r.int("default-sort-order-id")
		if h.uuid == "" {
			r.fail("table-uuid", "is required in format version %d", h.version)
		}
	} else {
		m.readLegacyHead(r)
	}
	h.snapshot = noSnapshot
	if id, ok := r.optionalLong("current-snapshot-id"); ok {
		h.snapshot = id
	}
	if h.version > 2 {
		h.nextRow = r.long("next-row-id")
	}
	return r.err
}

// readFutureHead reads of a format that does not exist yet what it is likely to
// have still; nothing is committed to such a table.
func (m *TableMetadata) readFutureHead(r *reader) error {
	h := &m.head
	h.uuid, _ = r.optionalText("table-uuid")
	h.location, _ = r.optionalText("location")
	h.updated, _ = r.optionalLong("last-updated-ms")
	h.snapshot = noSnapshot
	if id, ok := r.optionalLong("current-snapshot-id"); ok {
		h.snapshot = id
	}
	return r.err
}

// readLegacyHead reads what format v1 may leave out.
func (m *TableMetadata) readLegacyHead(r *reader) {
	h := &m.head
	if h.schema, _ = r.optionalInt("current-schema-id"); !r.hasNonNull("schemas") {
		h.schema = m.legacySchemaID(r)
	}
	h.spec, _ = r.optionalInt("default-spec-id")
	h.order, _ = r.optionalInt("default-sort-order-id")
	last, ok := r.optionalInt("last-partition-id")
	if !ok {
		last = firstPartitionID - 1
		for _, spec := range m.legacySpecs(r) {
			last = max(last, spec.lastID())
		}
	}
	h.lastPartition = last
}

// legacySchemaID is that of the one schema that format v1 had before there were
// schemas; it is the current one, whatever else the document says.
func (m *TableMetadata) legacySchemaID(r *reader) int {
	raw := r.raw("schema")
	if r.err != nil {
		return 0
	}
	only := read("schema", raw)
	id, _ := only.optionalInt("schema-id")
	r.note(only.err)
	return id
}

// checkLogs checks what Java checks of a document's times and snapshots.
func (m *TableMetadata) checkLogs() error {
	if m.history.count > 0 && m.head.updated-m.history.last.timestamp < -minute {
		return invalid("last-updated-ms", "found %d, which is before the last entry of the snapshot log at %d", m.head.updated, m.history.last.timestamp)
	}
	if m.previous.count > 0 && m.head.updated-m.previous.last.timestamp < -minute {
		return invalid("last-updated-ms", "found %d, which is before the last entry of the metadata log at %d", m.head.updated, m.previous.last.timestamp)
	}
	if m.head.snapshot != noSnapshot {
		if _, ok := m.entry(m.head.snapshot); !ok {
			return invalid("current-snapshot-id", "found %d, which is not among the snapshots", m.head.snapshot)
		}
	}
	return nil
}

func (m *TableMetadata) entry(id int64) (snapshotEntry, bool) {
	for _, entry := range slices.Backward(m.snapshots) {
		if entry.id == id {
			return entry, true
		}
	}
	return snapshotEntry{}, false
}

// Document is the whole document. It is not to be changed.
func (m *TableMetadata) Document() []byte { return m.doc.text }

// UUID of the table; "" where a v1 document has none.
func (m *TableMetadata) UUID() string { return m.head.uuid }

// Location is the root of the table's files.
func (m *TableMetadata) Location() string { return m.head.location }

// FormatVersion of the document.
func (m *TableMetadata) FormatVersion() int { return m.head.version }

// Known reports whether its format version is one that can be written; Validate has
// nothing to say of others.
func (m *TableMetadata) Known() bool { return m.head.version <= maxWritten }

// LastUpdatedMS is the time of the last change in milliseconds since the epoch.
func (m *TableMetadata) LastUpdatedMS() int64 { return m.head.updated }

// Properties of the table.
func (m *TableMetadata) Properties() map[string]string {
	raw, ok := m.doc.get("properties")
	if !ok {
		return map[string]string{}
	}
	return textsOf(raw)
}

// Property is one of the table's properties.
func (m *TableMetadata) Property(key string) (string, bool) {
	raw, _ := m.doc.get("properties")
	return textOf(raw, key)
}

func textsOf(raw []byte) map[string]string {
	o, _ := parseObject("properties", raw)
	texts := make(map[string]string, len(o))
	for _, m := range o {
		texts[m.key], _ = m.text()
	}
	return texts
}

func textOf(raw []byte, key string) (string, bool) {
	o, _ := parseObject("properties", raw)
	value, ok := o.get(key)
	if !ok {
		return "", false
	}
	return member{key, value}.text()
}

// text of a member that is a string.
func (m member) text() (string, bool) {
	if m.value[0] != '"' {
		return "", false
	}
	s, err := unquote(m.value)
	return s, err == nil
}

// CurrentSnapshotID is the id of main's head; false when there is none.
func (m *TableMetadata) CurrentSnapshotID() (int64, bool) {
	return m.head.snapshot, m.head.snapshot != noSnapshot
}

// SnapshotCount is how many snapshots the table has.
func (m *TableMetadata) SnapshotCount() int { return len(m.snapshots) }

// Snapshot finds a snapshot by its id.
func (m *TableMetadata) Snapshot(id int64) (Snapshot, bool) {
	entry, ok := m.entry(id)
	if !ok {
		return Snapshot{}, false
	}
	raw, _ := m.doc.get("snapshots")
	snapshot, err := decodeSnapshot("snapshots", entry.place.Of(raw))
	if err != nil {
		return Snapshot{}, false
	}
	return snapshot.public(), true
}

// MetadataLogEntry is a metadata file that was the current one before.
type MetadataLogEntry struct {
	// TimestampMS is when it became the current one, in milliseconds since the epoch.
	TimestampMS  int64
	MetadataFile string
}

// MetadataLog are the metadata files before this one, oldest first.
func (m *TableMetadata) MetadataLog() []MetadataLogEntry {
	raw, ok := m.doc.get("metadata-log")
	if !ok {
		return nil
	}
	entries, err := logEntries("metadata-log", raw)
	if err != nil {
		return nil
	}
	log := make([]MetadataLogEntry, len(entries))
	for i, e := range entries {
		file, _ := textOf(e.place.Of(raw), "metadata-file")
		log[i] = MetadataLogEntry{TimestampMS: e.timestamp, MetadataFile: file}
	}
	return log
}

// MetadataCodec is how the table's metadata files are to be written: "none" or
// "gzip". Source: table property write.metadata.compression-codec.
func (m *TableMetadata) MetadataCodec() string { return codecOf(m.Property) }

func codecOf(property func(string) (string, bool)) string {
	if codec, _ := property("write.metadata.compression-codec"); codec == "gzip" {
		return codec
	}
	return "none"
}

// Copy is the same metadata in memory of its own.
func (m *TableMetadata) Copy() *TableMetadata {
	c := *m
	c.doc = document{text: slices.Clone(m.doc.text), members: slices.Clone(m.doc.members)}
	c.head.uuid, c.head.location = strings.Clone(m.head.uuid), strings.Clone(m.head.location)
	c.snapshots = slices.Clone(m.snapshots)
	return &c
}

// Size is how much memory the metadata holds, in bytes.
func (m *TableMetadata) Size() int {
	size := cap(m.doc.text) + cap(m.snapshots)*int(unsafe.Sizeof(snapshotEntry{})) + cap(m.doc.members)*int(unsafe.Sizeof(place{}))
	return min(size+int(unsafe.Sizeof(*m)), math.MaxInt32)
}
