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
