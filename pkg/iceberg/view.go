package iceberg

import (
	"slices"
	"strings"
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

// ViewQuery is what a version of a view reads from, in the words of its engines.
type ViewQuery struct {
	// DefaultCatalog is where names are that name no catalog; empty where that is the
	// view's own.
	DefaultCatalog string
	// DefaultNamespace is where names are that name no namespace.
	DefaultNamespace []string
	// SQL is the query by dialect, in lower case.
	SQL map[string]string
}

// CurrentQuery is that of the current version.
func (v *ViewMetadata) CurrentQuery() ViewQuery {
	current, _ := v.version(v.current)
	r := &reader{object: current.text}
	q := ViewQuery{DefaultNamespace: r.texts("default-namespace"), SQL: map[string]string{}}
	q.DefaultCatalog, _ = r.optionalText("default-catalog")
	for _, raw := range r.array("representations") {
		representation := read("", raw)
		if dialect, err := decodeRepresentation("", raw); err == nil && dialect != "" {
			q.SQL[dialect] = representation.text("sql")
		}
	}
	return q
}

// Size is how much memory the metadata holds, in bytes, about.
func (v *ViewMetadata) Size() int { return 2 * cap(v.doc.text) }

func (v *ViewMetadata) version(id int) (viewVersion, bool) {
	i := slices.IndexFunc(v.versions, func(v viewVersion) bool { return v.id == id })
	if i < 0 {
		return viewVersion{}, false
	}
	return v.versions[i], true
}
