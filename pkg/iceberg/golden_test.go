package iceberg

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// goldenNow is the time of every commit in the golden cases.
var goldenNow = time.UnixMilli(1_795_300_000_123)

type goldenFile struct {
	What         string
	BaseLocation string `json:"base-location"`
	Bases        map[string]json.RawMessage
	Cases        []goldenCase
}

type goldenCase struct {
	ID, Op, Base       string
	Updates            json.RawMessage
	Requirements       json.RawMessage
	Schema, Spec, Sort json.RawMessage
	Props              map[string]string
	Java               goldenOutcome
}

type goldenOutcome struct {
	Accept   bool
	Result   json.RawMessage
	Error    string
	NoChange bool `json:"no-change"`
}

// TestGolden compares every decision with Java's: accepted or refused, refused
// as what, and the resulting document. IGLOO_GOLDEN names a folder with further
// files of the same form.
func TestGolden(t *testing.T) {
	folder := os.Getenv("IGLOO_GOLDEN")
	if folder == "" {
		folder = filepath.Join("testdata", "golden")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files in %s: %v", folder, err)
	}
	passed, total := 0, 0
	for _, path := range files {
		file := readGolden(t, path)
		for _, c := range file.Cases {
			total++
			if t.Run(filepath.Base(path)+"/"+c.ID, func(t *testing.T) { c.check(t, file) }) {
				passed++
			}
		}
	}
	t.Logf("%d of %d golden cases passed", passed, total)
}

func readGolden(t *testing.T, path string) goldenFile {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		r, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	var file goldenFile
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return file
}

func (c goldenCase) check(t *testing.T, file goldenFile) {
	t.Helper()
	document, changed, err := c.run(file)
	if c.worseInJava(t, document, err) {
		return
	}
	if !c.Java.Accept {
		c.checkRefusal(t, err)
		return
	}
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	if c.Java.NoChange {
		if changed {
			t.Error("a commit that changes nothing made a new document")
		}
		return
	}
	want, got := decodeJSON(t, c.Java.Result), decodeJSON(t, document)
	if c.Op != "apply" && c.Op != "create" {
		want, got = spelled(want), spelled(got)
		got = onlyKnownTo(want, got)
	}
	if c.Op == "create" || c.Base == "" && !strings.Contains(string(c.Updates), "assign-uuid") {
		delete(want.(map[string]any), "table-uuid")
		delete(got.(map[string]any), "table-uuid")
	}
	want, got = unordered(want), unordered(got)
	if diff := cmp.Diff(want, now(got)); diff != "" {
		t.Errorf("(-Java +ours)\n%s", diff)
	}
}

// worseInJava are the decisions of Java's that are not followed, because they
// leave a table that nobody can read or lose what the client asked for.
func (c goldenCase) worseInJava(t *testing.T, document []byte, err error) bool {
	t.Helper()
	if !c.Java.Accept || c.Op != "apply" {
		return false
	}
	updates := string(c.Updates)
	switch {
	case c.Base == "" && regexp.MustCompile(`"format-version": ?(0|-1)\b`).MatchString(updates),
		regexp.MustCompile(`"sequence-number": ?-`).MatchString(updates),
		strings.Contains(updates, `"uuid": ""`), strings.Contains(updates, `"uuid":""`):
		// No reader takes a document of format version 0, or one whose uuid is "", or
		// whose last sequence number is below 0.
		if err == nil {
			t.Errorf("accepted: %s", document)
		}
		return true
	case c.ID == "assign uuid new":
		// Whoever asserts the identity that the table had would be refused forever.
		if err == nil {
			t.Error("accepted: another uuid for a table that has one")
		}
		return true
	case strings.Index(updates, "remove-schemas") > 0 && strings.Index(updates, "remove-schemas") < strings.Index(updates, "add-schema"):
		// Java finds the schema that it has just removed, and adds nothing.
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return true
	}
	return false
}

func (c goldenCase) checkRefusal(t *testing.T, err error) {
	t.Helper()
	refused, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("err = %v, Java refuses: %s", err, c.Java.Error)
	}
	want := KindInvalid
	if strings.HasPrefix(c.Java.Error, "CommitFailedException") || strings.HasPrefix(c.Java.Error, "RetryableValidationException") {
		want = KindConflict
	}
	if strings.HasPrefix(c.Java.Error, "NullPointerException") && c.Requirements != nil && c.Base == "" {
		want = refused.Kind // of a table that does not exist, Java says nothing but a crash
	}
	if refused.Kind != want {
		t.Errorf("kind = %d, want %d: %v (Java: %s)", refused.Kind, want, err, c.Java.Error)
	}
}

func (c goldenCase) run(file goldenFile) (document []byte, changed bool, err error) {
	switch c.Op {
	case "apply":
		return c.apply(file)
	case "roundtrip":
		return roundtrip(file.Bases[c.Base])
	case "create":
		m, err := NewTableMetadata(TableCreation{
			UUID: "8e6dbca4-6797-4e23-869f-51ebc1e6d719", Location: "s3://b/t", Now: goldenNow,
			Schema: c.Schema, PartitionSpec: c.Spec, WriteOrder: c.Sort, Properties: c.Props,
		})
		if err != nil {
			return nil, false, err
		}
		return m.Document(), true, nil
	}
	return c.runView(file)
}

func (c goldenCase) apply(file goldenFile) ([]byte, bool, error) {
	base, location, err := c.base(file)
	if err != nil {
		return nil, false, err
	}
	if c.Requirements != nil {
		requirements, err := DecodeRequirements(c.Requirements)
		if err != nil {
			return nil, false, err
		}
		if err := requirements.Check(base); err != nil {
			return nil, false, err
		}
	}
	updates, err := DecodeUpdates(c.Updates)
	if err != nil {
		return nil, false, err
	}
	next, err := updates.Apply(base, Application{Now: goldenNow, PreviousLocation: location})
	if err != nil {
		return nil, false, err
	}
	return next.Document(), next != base, reparsed(next)
}

func (c goldenCase) base(file goldenFile) (*TableMetadata, string, error) {
	if c.Base == "" {
		return nil, "", nil
	}
	m, err := ParseTableMetadata(file.Bases[c.Base])
	return m, file.BaseLocation, err
}

// reparsed makes sure that what a commit derived is what a reader would find.
func reparsed(m *TableMetadata) error {
	again, err := ParseTableMetadata(m.Document())
	if err != nil {
		return err
	}
	if diff := cmp.Diff(again, m, cmp.AllowUnexported(TableMetadata{}, document{}, place{}, head{}, snapshotEntry{}, logTail{}, logEntry{}),
		cmp.FilterPath(func(p cmp.Path) bool {
			return strings.HasSuffix(p.String(), "history.last.place") || strings.HasSuffix(p.String(), "previous.last.place")
		}, cmp.Ignore()),
		cmp.Comparer(func(a, b []snapshotEntry) bool {
			return len(a) == len(b) && (len(a) == 0 || cmp.Equal(slices.Clip(a), slices.Clip(b), cmp.AllowUnexported(snapshotEntry{})))
		})); diff != "" {
		return invalid("", "derived and parsed differ:\n%s", diff)
	}
	return again.Validate()
}

func roundtrip(raw []byte) ([]byte, bool, error) {
	m, err := ParseTableMetadata(raw)
	if err != nil {
		return nil, false, err
	}
	if err := m.Validate(); err != nil {
		return nil, false, err
	}
	d := newDraft(m, m.head.version, goldenNow)
	d.now = m.head.updated
	next, err := d.build("")
	if err != nil {
		return nil, false, err
	}
	return next.Document(), true, nil
}

func decodeJSON(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return v
}

// now puts back the mark that stands for the time of the commit.
func now(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = now(value)
		}
	case []any:
		for i, value := range v {
			v[i] = now(value)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil && n > 1_700_000_000_000 && n < 2_000_000_000_000 {
			return "<now>"
		}
	}
	return v
}

// unordered brings what has no order into one, and leaves out empty properties
// of statistics, which mean the same as none.
func unordered(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for _, key := range []string{"statistics", "partition-statistics"} {
		files, _ := m[key].([]any)
		slices.SortFunc(files, func(a, b any) int { return strings.Compare(snapshotOf(a), snapshotOf(b)) })
		for _, file := range files {
			blobs, _ := file.(map[string]any)["blob-metadata"].([]any)
			for _, blob := range blobs {
				if properties, ok := blob.(map[string]any)["properties"].(map[string]any); ok && len(properties) == 0 {
					delete(blob.(map[string]any), "properties")
				}
			}
		}
	}
	return m
}

func snapshotOf(file any) string {
	id, _ := file.(map[string]any)["snapshot-id"].(json.Number)
	return string(id)
}

// onlyKnownTo leaves out of got what want does not have at all: a round trip of
// ours keeps what Java drops.
func onlyKnownTo(want, got any) any {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return got
		}
		kept := map[string]any{}
		for key, value := range w {
			if other, ok := g[key]; ok {
				kept[key] = onlyKnownTo(value, other)
			}
		}
		return kept
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return got
		}
		kept := make([]any, len(w))
		for i := range w {
			kept[i] = onlyKnownTo(w[i], g[i])
		}
		return kept
	}
	return got
}

// spelled brings what may be written in more than one way to Java's way.
func spelled(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = spelled(value)
			text, isText := value.(string)
			switch {
			case isText && key == "type":
				if name, ok := parsePrimitive(text); ok {
					v[key] = name
				} else if text == "BRANCH" {
					v[key] = "branch"
				}
			case isText && (key == "direction" || key == "null-order"):
				v[key] = strings.ToLower(text)
			case isText && strings.HasSuffix(key, "-default"):
				v[key] = strings.ToUpper(text)
			}
		}
		if v["type"] == "struct" && v["fields"] != nil && v["id"] == nil && v["schema-id"] == nil {
			v["schema-id"] = json.Number("0")
		}
		if summary, ok := v["summary"].(map[string]any); ok && summary["operation"] == nil && len(summary) > 0 {
			summary["operation"] = "overwrite"
		}
	case []any:
		for i, value := range v {
			v[i] = spelled(value)
		}
	}
	return v
}
