package roundtrip

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/iceberg"
)

// TestRoundTrip: what is right comes through, what is broken is refused.
func TestRoundTrip(t *testing.T) {
	all := documents(t)
	if len(all) < 90 {
		t.Errorf("%d documents were found, there were 90 and more", len(all))
	}
	broken := broken()
	for _, d := range all {
		reason, refuse := broken[d.name]
		delete(broken, d.name)
		err := through(t, d)
		switch {
		case refuse && (err == nil || !strings.Contains(err.Error(), reason)):
			t.Errorf("%s: err = %v, want %q", d.name, err, reason)
		case !refuse && err != nil:
			t.Errorf("%s: refused: %v", d.name, err)
		}
	}
	for name := range broken {
		t.Errorf("%s: was not found", name)
	}
}

// through puts a document through a commit; the error is that of a document
// which is refused.
func through(t *testing.T, d document) error {
	t.Helper()
	members := membersOf(d.text)
	switch {
	case members["view-uuid"] != nil:
		return viewThrough(t, d)
	case members["function-uuid"] != nil:
		f, err := iceberg.ParseFunctionMetadata(d.text)
		if err == nil && !bytes.Equal(f.Document(), d.text) {
			t.Errorf("%s: comes back as %s", d.name, f.Document())
		}
		return err
	}
	return tableThrough(t, d)
}

const setProperties = `[{"action":"set-properties","updates":{"seen-by":"igloo"}}]`

func tableThrough(t *testing.T, d document) error {
	t.Helper()
	base, err := iceberg.ParseTableMetadata(d.text)
	if err == nil {
		err = base.Validate()
	}
	if err != nil {
		return err
	}
	if same, err := tableCommit(base, "[]"); err != nil || same != base {
		t.Errorf("%s: nothing was changed, and it is another document: %v", d.name, err)
	}
	next, err := tableCommit(base, setProperties)
	if err != nil {
		t.Errorf("%s: %v", d.name, err)
		return nil
	}
	changed := []string{"properties", "last-updated-ms", "metadata-log"}
	if base.FormatVersion() == 1 {
		changed = append(changed, "schema", "partition-spec") // what the newer members say, again
	}
	if _, current := base.CurrentSnapshotID(); !current && base.FormatVersion() > 2 {
		changed = append(changed, "current-snapshot-id") // -1 is null from v3 on
	}
	kept(t, d, next.Document(), changed...)
	again, err := iceberg.ParseTableMetadata(next.Document())
	if err == nil {
		err = again.Validate()
	}
	if err != nil {
		t.Errorf("%s: what was written cannot be read: %v", d.name, err)
	}
	return nil
}

func tableCommit(base *iceberg.TableMetadata, updates string) (*iceberg.TableMetadata, error) {
	decoded, err := iceberg.DecodeUpdates([]byte(updates))
	if err != nil {
		return nil, err
	}
	return decoded.Apply(base, iceberg.Application{Now: time.Now(), PreviousLocation: "s3://b/m.metadata.json"})
}

func viewThrough(t *testing.T, d document) error {
	t.Helper()
	base, err := iceberg.ParseViewMetadata(d.text)
	if err != nil {
		return err
	}
	updates, err := iceberg.DecodeViewUpdates([]byte(setProperties))
	if err != nil {
		t.Fatal(err)
	}
	next, err := updates.Apply(base, iceberg.Application{Now: time.Now()})
	if err != nil {
		t.Errorf("%s: %v", d.name, err)
		return nil
	}
	kept(t, d, next.Document(), "properties")
	if _, err := iceberg.ParseViewMetadata(next.Document()); err != nil {
		t.Errorf("%s: what was written cannot be read: %v", d.name, err)
	}
	return nil
}

// kept fails for a member that is not spelled as it was.
func kept(t *testing.T, d document, next []byte, changed ...string) {
	t.Helper()
	after := membersOf(next)
	for key, value := range membersOf(d.text) {
		if !slices.Contains(changed, key) && !bytes.Equal(after[key], value) {
			t.Errorf("%s: %s was %s, is %s", d.name, key, value, after[key])
		}
	}
	if !bytes.Contains(after["properties"], []byte(`"seen-by":"igloo"`)) {
		t.Errorf("%s: the properties are %s", d.name, after["properties"])
	}
}
