package iceberg

// FunctionMetadata is a function's (UDF's) metadata document, as engines read
// it. Source: specification, "UDF Spec".
type FunctionMetadata struct {
	doc      document
	uuid     string
	location string
}

// ParseFunctionMetadata reads and checks a document: JSON, or JSON compressed by
// gzip. It keeps doc.
func ParseFunctionMetadata(doc []byte) (*FunctionMetadata, error) {
	text, err := decompressed(doc)
	if err != nil {
		return nil, err
	}
	f := &FunctionMetadata{doc: document{text: text}}
	if err := f.doc.scan(skipMember); err != nil {
		return nil, malformed("", err)
	}
	r := &reader{object: f.doc.object()}
	if version := r.int("format-version"); r.err == nil && version != 1 {
		r.fail("format-version", "found %d, 1 is allowed", version)
	}
	f.uuid = r.text("function-uuid")
	f.location, _ = r.optionalText("location")
	for i, raw := range r.array("definitions") {
		r.note(checkDefinition(indexed("definitions", i), raw))
	}
	return f, r.err
}

// checkDefinition checks one overload of a function.
func checkDefinition(at string, raw []byte) error {
	r := read(at, raw)
	r.text("definition-id")
	r.array("parameters")
	if kind, ok := r.optionalText("function-type"); ok && kind != "udf" && kind != "udtf" {
		r.fail("function-type", "found %q, udf and udtf are allowed", kind)
	}
	current, versions := r.int("current-version-id"), r.array("versions")
	found := false
	for i, version := range versions {
		v := read(indexed(r.path("versions"), i), version)
		found = v.int("version-id") == current || found
		v.array("representations")
		r.note(v.err)
	}
	if r.err == nil && !found {
		r.fail("current-version-id", "found %d, which is not among the versions", current)
	}
	return r.err
}

// Document is the whole document. It is not to be changed.
func (f *FunctionMetadata) Document() []byte { return f.doc.text }

// UUID of the function.
func (f *FunctionMetadata) UUID() string { return f.uuid }

// Location is the root of the function's files; "" where it has none.
func (f *FunctionMetadata) Location() string { return f.location }
