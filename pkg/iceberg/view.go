package iceberg

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	viewFormatVersion   = 1
	versionHistorySize  = "version.history.num-entries"
	versionHistoryCount = 10
	dropDialectAllowed  = "replace.drop-dialect.allowed"
)

// ViewMetadata is a view metadata document. It is never changed, and safe for
// concurrent use.
type ViewMetadata struct {
	doc        document
	uuid       string
	location   string
	current    int
	properties object
	schemas    *parts[*schema]
	versions   []viewVersion
	log        [][]byte
}

// viewVersion is one of a view's versions, with its text.
type viewVersion struct {
	id        int
	schema    int
	timestamp int64
	dialects  []string
	text      object
	// raw is the text as it stands.
	raw []byte
}

// ParseViewMetadata reads a document: JSON, or JSON compressed by gzip. It keeps doc.
func ParseViewMetadata(doc []byte) (*ViewMetadata, error) {
	text, err := decompressed(doc)
	if err != nil {
		return nil, err
	}
	v := &ViewMetadata{doc: document{text: text}}
	if err := v.doc.scan(skipMember); err != nil {
		return nil, malformed("", err)
	}
	r := &reader{object: v.doc.object()}
	if version := r.int("format-version"); r.err == nil && version != viewFormatVersion {
		r.fail("format-version", "found %d, %d is allowed", version, viewFormatVersion)
	}
	v.uuid, v.location, v.current = r.text("view-uuid"), r.text("location"), r.int("current-version-id")
	if r.hasNonNull("properties") {
		v.properties = r.textMap("properties")
	}
	v.readParts(r)
	return v, r.err
}

func (v *ViewMetadata) readParts(r *reader) {
	if v.schemas = decodeParts(r, "schemas", decodeSchema); v.schemas == nil {
		r.fail("schemas", "is missing")
		return
	}
	found := false
	for i, raw := range r.array("versions") {
		version, err := decodeViewVersion(indexed("versions", i), raw)
		r.note(err)
		v.versions = append(v.versions, version)
		found = found || version.id == v.current
	}
	v.log = r.array("version-log")
	if r.err == nil && !found {
		r.fail("current-version-id", "found %d, which is not among the versions", v.current)
	}
}

func decodeViewVersion(at string, raw []byte) (viewVersion, error) {
	r := read(at, raw)
	v := viewVersion{id: r.int("version-id"), schema: r.int("schema-id"), timestamp: r.long("timestamp-ms"), text: r.object, raw: raw}
	r.textMap("summary")
	r.optionalText("default-catalog")
	r.texts("default-namespace")
	for i, raw := range r.array("representations") {
		dialect, err := decodeRepresentation(indexed(r.path("representations"), i), raw)
		r.note(err)
		if dialect != "" {
			v.dialects = append(v.dialects, dialect)
		}
	}
	return v, r.err
}

// decodeRepresentation gives the dialect of a SQL representation; others are
// kept as they stand.
func decodeRepresentation(at string, raw []byte) (string, error) {
	r := read(at, raw)
	if kind := r.text("type"); r.err != nil || strings.ToLower(kind) != "sql" {
		return "", r.err
	}
	r.text("sql")
	return strings.ToLower(r.text("dialect")), r.err
}

// Document is the whole document. It is not to be changed.
func (v *ViewMetadata) Document() []byte { return v.doc.text }

// UUID of the view.
func (v *ViewMetadata) UUID() string { return v.uuid }

// Location is the root of the view's files.
func (v *ViewMetadata) Location() string { return v.location }

// FormatVersion of the document.
func (v *ViewMetadata) FormatVersion() int { return viewFormatVersion }

// CurrentVersionID is the id of the current version.
func (v *ViewMetadata) CurrentVersionID() int { return v.current }

// Properties of the view.
func (v *ViewMetadata) Properties() map[string]string {
	texts := make(map[string]string, len(v.properties))
	for _, m := range v.properties {
		texts[m.key], _ = unquote(m.value)
	}
	return texts
}

// Property is one of the view's properties.
func (v *ViewMetadata) Property(key string) (string, bool) {
	raw, ok := v.properties.get(key)
	if !ok {
		return "", false
	}
	s, err := unquote(raw)
	return s, err == nil
}

// MetadataCodec is how the view's metadata files are to be written: "none" or "gzip".
func (v *ViewMetadata) MetadataCodec() string { return codecOf(v.Property) }

// Size is how much memory the metadata holds, in bytes, about.
func (v *ViewMetadata) Size() int { return 2 * cap(v.doc.text) }

// ViewCreation is what a request to create a view asks for.
type ViewCreation struct {
	UUID, Location      string
	Schema, ViewVersion json.RawMessage
	Properties          map[string]string
	// Now is the time of creation.
	Now time.Time
}

// NewViewMetadata makes the first document of a view.
func NewViewMetadata(c ViewCreation) (*ViewMetadata, error) {
	if c.Schema == nil {
		return nil, invalid("schema", "is missing")
	}
	if c.ViewVersion == nil {
		return nil, invalid("view-version", "is missing")
	}
	s, err := decodeSchema("schema", c.Schema)
	if err != nil {
		return nil, err
	}
	version, err := decodeViewVersion("view-version", c.ViewVersion)
	if err != nil {
		return nil, err
	}
	d := newViewDraft(nil, c.Now)
	d.next.uuid, d.next.location = c.UUID, stripTrailingSlash(c.Location)
	d.addSchema(s)
	version.schema = lastAdded
	if err := d.addVersion(version); err != nil {
		return nil, err
	}
	if err := d.setCurrent(lastAdded); err != nil {
		return nil, err
	}
	for _, key := range sortedKeys(c.Properties) {
		d.next.properties = append(d.next.properties, member{key, quoted(c.Properties[key])})
	}
	return d.build()
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// viewDraft is a view being changed.
type viewDraft struct {
	base    *ViewMetadata
	next    *ViewMetadata
	now     int64
	changed bool

	added       map[int]bool
	lastVersion *int
	entry       *logEntry
}

func newViewDraft(base *ViewMetadata, now time.Time) *viewDraft {
	d := &viewDraft{base: base, now: now.UnixMilli(), added: map[int]bool{}, next: &ViewMetadata{schemas: &parts[*schema]{}}}
	if base != nil {
		copied := *base
		copied.versions = slices.Clone(base.versions)
		copied.schemas = &parts[*schema]{items: base.schemas.items}
		d.next = &copied
	}
	return d
}

// addSchema gives the schema the next id, or finds the one that is the same.
func (d *viewDraft) addSchema(s *schema) {
	id := 0
	for _, existing := range d.next.schemas.items {
		if existing.value.same(s) {
			return
		}
		id = max(id, existing.value.id+1)
	}
	added := *s
	added.id = id
	d.next.schemas.add(id, added.encode(), &added)
	d.changed = true
}

// addVersion gives the version the next id, or finds the one that is the same
// but for its id and time.
func (d *viewDraft) addVersion(v viewVersion) error {
	if v.schema == lastAdded {
		if d.next.schemas.lastAdded == nil {
			return invalid("view-version.schema-id", "Cannot set last added schema: no schema has been added")
		}
		v.schema = *d.next.schemas.lastAdded
	}
	v.text = v.text.with("schema-id", number(int64(v.schema)))
	for _, existing := range d.next.versions {
		if existing.same(v) {
			d.lastVersion = nil
			if d.added[existing.id] {
				d.lastVersion = &existing.id
			}
			return nil
		}
		v.id = max(v.id, existing.id+1)
	}
	if _, ok := find(d.next.schemas, func(s *schema) bool { return s.id == v.schema }); !ok {
		return invalid("view-version.schema-id", "Cannot add version with unknown schema: %d", v.schema)
	}
	for i, dialect := range v.dialects {
		if slices.Contains(v.dialects[:i], dialect) {
			return invalid("view-version.representations", "Invalid view version: Cannot add multiple queries for dialect %s", dialect)
		}
	}
	v.text = v.text.with("version-id", number(int64(v.id)))
	v.raw = v.text.encode()
	d.next.versions = append(d.next.versions, v)
	d.added[v.id], d.lastVersion, d.changed = true, &v.id, true
	return nil
}

func (v viewVersion) same(other viewVersion) bool {
	for _, key := range []string{"summary", "representations", "default-catalog", "default-namespace"} {
		mine, _ := v.text.get(key)
		theirs, _ := other.text.get(key)
		if !sameJSON(mine, theirs) {
			return false
		}
	}
	return v.schema == other.schema
}

func (d *viewDraft) setCurrent(id int) error {
	if id == lastAdded {
		if d.lastVersion == nil {
			return invalid("view-version-id", "Cannot set last version id: no current version id has been set")
		}
		id = *d.lastVersion
	}
	if id == d.next.current {
		return nil
	}
	i := slices.IndexFunc(d.next.versions, func(v viewVersion) bool { return v.id == id })
	if i < 0 {
		return invalid("view-version-id", "Cannot set current version to unknown version: %d", id)
	}
	d.next.current, d.changed = id, true
	d.entry = &logEntry{timestamp: d.now, snapshot: int64(id)}
	if d.added[id] {
		d.entry.timestamp = d.next.versions[i].timestamp
	}
	return nil
}

func (v *ViewMetadata) version(id int) (viewVersion, bool) {
	i := slices.IndexFunc(v.versions, func(v viewVersion) bool { return v.id == id })
	if i < 0 {
		return viewVersion{}, false
	}
	return v.versions[i], true
}

// build makes the new document of what the updates changed.
func (d *viewDraft) build() (*ViewMetadata, error) {
	if d.next.location == "" {
		return nil, invalid("location", "is missing")
	}
	current, ok := d.next.version(d.next.current)
	if !ok {
		return nil, invalid("", "no version of the view is the current one")
	}
	if d.next.uuid == "" {
		d.next.uuid = uuid.NewString()
	}
	if err := d.checkDialects(current); err != nil {
		return nil, err
	}
	if d.entry != nil {
		d.next.log = append(slices.Clip(d.next.log),
			object{{"timestamp-ms", number(d.entry.timestamp)}, {"version-id", number(d.entry.snapshot)}}.encode())
	}
	if err := d.trim(current); err != nil {
		return nil, err
	}
	return d.encode(), nil
}

// checkDialects refuses to lose the query of an engine, unless the view's owner
// allowed it.
func (d *viewDraft) checkDialects(current viewVersion) error {
	if allowed, _ := d.next.Property(dropDialectAllowed); d.base == nil || strings.EqualFold(allowed, "true") {
		return nil
	}
	before, _ := d.base.version(d.base.current)
	for _, dialect := range before.dialects {
		if !slices.Contains(current.dialects, dialect) {
			return invalid("", "Cannot replace view due to loss of view dialects (%s=false): previous dialects: %v, new dialects: %v",
				dropDialectAllowed, before.dialects, current.dialects)
		}
	}
	return nil
}

// trim forgets the oldest versions above the view's limit, never the current
// one nor one that was just added.
func (d *viewDraft) trim(current viewVersion) error {
	limit := versionHistoryCount
	if text, ok := d.next.Property(versionHistorySize); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n <= 0 {
			return invalid("", "property %s: found %q, an integer above 0 is allowed", versionHistorySize, text)
		}
		limit = n
	}
	limit = max(limit, len(d.added))
	if len(d.next.versions) <= limit {
		return nil
	}
	kept := []viewVersion{current}
	byID := slices.Clone(d.next.versions)
	slices.SortFunc(byID, func(a, b viewVersion) int { return b.id - a.id })
	for _, v := range byID {
		if len(kept) < limit && v.id != current.id {
			kept = append(kept, v)
		}
	}
	d.next.versions = kept
	return d.trimLog()
}

// trimLog forgets what came before an entry whose version is gone.
func (d *viewDraft) trimLog() error {
	var kept [][]byte
	for i, raw := range d.next.log {
		r := read(indexed("version-log", i), raw)
		id := r.int("version-id")
		if r.err != nil {
			return r.err
		}
		if _, ok := d.next.version(id); !ok {
			kept = nil
			continue
		}
		kept = append(kept, raw)
	}
	d.next.log = kept
	return nil
}

// encode rewrites the members that say something else than before.
func (d *viewDraft) encode() *ViewMetadata {
	texts := make([][]byte, len(d.next.versions))
	for i, v := range d.next.versions {
		texts[i] = v.raw
	}
	changes := []rewrite{
		{key: "view-uuid", value: quoted(d.next.uuid)},
		{key: "format-version", value: number(viewFormatVersion)},
		{key: "location", value: quoted(d.next.location)},
	}
	if _, there := d.next.doc.get("properties"); there || len(d.next.properties) > 0 {
		changes = append(changes, rewrite{key: "properties", value: d.next.properties.encode()})
	}
	changes = append(changes,
		rewrite{key: "schemas", value: d.next.schemas.encode()},
		rewrite{key: "current-version-id", value: number(int64(d.next.current))},
		rewrite{key: "versions", value: encodeArray(texts)},
		rewrite{key: "version-log", value: encodeArray(d.next.log)},
	)
	changes = slices.DeleteFunc(changes, func(c rewrite) bool {
		old, there := d.next.doc.get(c.key)
		return there && sameJSON(old, c.value)
	})
	d.next.doc = d.next.doc.rewritten(changes)
	return d.next
}

func sameJSON(a, b []byte) bool {
	if string(a) == string(b) {
		return true
	}
	x, y := valueOf(a), valueOf(b)
	return x != nil && y != nil && reflect.DeepEqual(x, y)
}

// valueOf decodes a value with its numbers as they are spelled; nil where there
// is none.
func valueOf(raw []byte) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}
