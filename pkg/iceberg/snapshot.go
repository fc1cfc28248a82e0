package iceberg

import (
	"slices"
	"strings"
)

// Snapshot is a table's state at some time.
type Snapshot struct {
	ID             int64
	ParentID       int64
	HasParent      bool
	SequenceNumber int64
	// TimestampMS is when it was made, in milliseconds since the epoch.
	TimestampMS  int64
	ManifestList string
	// Operation is that of the summary: "append", "overwrite", ….
	Operation string
	Summary   map[string]string
}

// snapshot is a snapshot with its text.
type snapshot struct {
	Snapshot

	schemaID  int
	hasSchema bool
	firstRow  int64
	hasFirst  bool
	added     int64
	hasAdded  bool
	text      object
	summary   object
}

func (s *snapshot) public() Snapshot {
	found := s.Snapshot
	found.Summary = make(map[string]string, len(s.summary))
	for _, m := range s.summary {
		found.Summary[m.key], _ = unquote(m.value)
	}
	return found
}

// decodeSnapshot reads a snapshot as Java's SnapshotParser does.
func decodeSnapshot(at string, raw []byte) (*snapshot, error) {
	r := read(at, raw)
	s := &snapshot{text: r.object}
	if r.has("sequence-number") {
		s.SequenceNumber = r.long("sequence-number")
	}
	s.ID = r.long("snapshot-id")
	if s.HasParent = r.has("parent-snapshot-id"); s.HasParent {
		s.ParentID = r.long("parent-snapshot-id")
	}
	s.TimestampMS = r.long("timestamp-ms")
	s.readSummary(r)
	s.schemaID, s.hasSchema = r.optionalInt("schema-id")
	s.firstRow, s.hasFirst = r.optionalLong("first-row-id")
	s.added, s.hasAdded = r.optionalLong("added-rows")
	if s.hasAdded && s.added < 0 {
		r.fail("added-rows", "found %d, 0 and above are allowed", s.added)
	}
	if s.hasFirst && s.firstRow < 0 {
		r.fail("first-row-id", "found %d, 0 and above are allowed", s.firstRow)
	}
	if key, ok := r.optionalText("key-id"); ok && key == "" {
		r.fail("key-id", "must not be empty")
	}
	s.readManifests(r)
	return s, r.err
}

func (s *snapshot) readSummary(r *reader) {
	if !r.has("summary") {
		return
	}
	s.summary = r.textMap("summary")
	if operation, ok := s.summary.get("operation"); ok && r.err == nil {
		s.Operation, _ = unquote(operation)
	}
}

// readManifests takes the manifest list, or the manifests that format v1 may
// have in its place.
func (s *snapshot) readManifests(r *reader) {
	if r.has("manifest-list") {
		s.ManifestList = r.text("manifest-list")
		return
	}
	if !r.has("manifests") {
		r.fail("manifest-list", "is missing")
		return
	}
	r.texts("manifests")
}

// canonical is the snapshot as it is written into a document.
func (s *snapshot) canonical() []byte {
	o := slices.Clone(s.text)
	if s.SequenceNumber <= 0 {
		o = o.without("sequence-number")
	}
	if _, named := s.summary.get("operation"); len(s.summary) > 0 && !named {
		o = o.with("summary", s.summary.with("operation", quoted("overwrite")).encode())
	}
	if len(s.summary) == 0 {
		o = o.without("summary")
	}
	for _, optional := range []string{"schema-id", "first-row-id", "added-rows", "key-id"} {
		if value, ok := o.get(optional); ok && isNull(value) {
			o = o.without(optional)
		}
	}
	return o.encode()
}

// SnapshotRef is a branch or a tag.
type SnapshotRef struct {
	SnapshotID int64
	// Type is "branch" or "tag".
	Type string
	// MaxRefAgeMS, MaxSnapshotAgeMS and MinSnapshotsToKeep are 0 where they are not set.
	MaxRefAgeMS, MaxSnapshotAgeMS int64
	MinSnapshotsToKeep            int
}

func decodeRef(at string, raw []byte) (SnapshotRef, *reader) {
	r := read(at, raw)
	ref := SnapshotRef{SnapshotID: r.long("snapshot-id"), Type: strings.ToLower(r.text("type"))}
	keep, hasKeep := r.optionalInt("min-snapshots-to-keep")
	snapshotAge, hasSnapshotAge := r.optionalLong("max-snapshot-age-ms")
	age, hasAge := r.optionalLong("max-ref-age-ms")
	ref.MinSnapshotsToKeep, ref.MaxSnapshotAgeMS, ref.MaxRefAgeMS = keep, snapshotAge, age
	switch {
	case r.err != nil:
	case ref.Type != "branch" && ref.Type != "tag":
		r.fail("type", "found %q, branch and tag are allowed", ref.Type)
	case ref.Type == "tag" && (hasKeep || hasSnapshotAge):
		r.fail("type", "a tag has neither min-snapshots-to-keep nor max-snapshot-age-ms")
	case hasKeep && keep <= 0:
		r.fail("min-snapshots-to-keep", "found %d, above 0 is allowed", keep)
	case hasSnapshotAge && snapshotAge <= 0:
		r.fail("max-snapshot-age-ms", "found %d, above 0 is allowed", snapshotAge)
	case hasAge && age <= 0:
		r.fail("max-ref-age-ms", "found %d, above 0 is allowed", age)
	}
	return ref, r
}

func (ref SnapshotRef) encode(rest object) []byte {
	o := object{{"snapshot-id", number(ref.SnapshotID)}, {"type", quoted(ref.Type)}}
	if ref.MinSnapshotsToKeep > 0 {
		o = append(o, member{"min-snapshots-to-keep", number(int64(ref.MinSnapshotsToKeep))})
	}
	if ref.MaxSnapshotAgeMS > 0 {
		o = append(o, member{"max-snapshot-age-ms", number(ref.MaxSnapshotAgeMS)})
	}
	if ref.MaxRefAgeMS > 0 {
		o = append(o, member{"max-ref-age-ms", number(ref.MaxRefAgeMS)})
	}
	return append(o, rest...).encode()
}

// Refs are the branches and tags by their names.
func (m *TableMetadata) Refs() map[string]SnapshotRef {
	refs := map[string]SnapshotRef{}
	for _, ref := range m.refsObject() {
		if decoded, r := decodeRef("refs", ref.value); r.err == nil {
			refs[ref.key] = decoded
		}
	}
	return refs
}

// Ref is one branch or tag.
func (m *TableMetadata) Ref(name string) (SnapshotRef, bool) {
	raw, ok := m.refsObject().get(name)
	if !ok {
		return SnapshotRef{}, false
	}
	ref, r := decodeRef("refs", raw)
	return ref, r.err == nil
}

// refsObject is the refs member, or what stands for it in a document that was
// written before there were refs.
func (m *TableMetadata) refsObject() object {
	if raw, ok := m.doc.get("refs"); ok && !isNull(raw) {
		o, _ := parseObject("refs", raw)
		return o
	}
	if m.head.snapshot == noSnapshot {
		return nil
	}
	return object{{mainBranch, SnapshotRef{SnapshotID: m.head.snapshot, Type: "branch"}.encode(nil)}}
}
