package iceberg

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refusal is what becomes of updates that cannot be applied.
type refusal struct {
	name, updates string
	kind          Kind
	path, message string
}

// lostRaces were right for another state of the table: they are worth trying again
// from fresh metadata.
func lostRaces() []refusal {
	const snapshot = "updates[1] (add-snapshot): snapshot."
	return []refusal{
		{"stale sequence number", addedSnapshot(`"sequence-number":2,"first-row-id":100,"added-rows":1`), KindConflict, snapshot + "sequence-number", "2 older than last sequence number 2"},
		{"stale first-row-id", addedSnapshot(`"sequence-number":3,"first-row-id":99,"added-rows":1`), KindConflict, snapshot + "first-row-id", "99 < 100"},
	}
}

// wrongSnapshots are wrong whatever the state of the table.
func wrongSnapshots() []refusal {
	const snapshot = "updates[1] (add-snapshot): snapshot."
	there := fmt.Sprintf(`[{"action":"add-snapshot","snapshot":{"snapshot-id":%d,"timestamp-ms":1,"manifest-list":"s3://b/m"}}]`, sampleID(1))
	return []refusal{
		{"no first-row-id", addedSnapshot(`"sequence-number":3,"added-rows":1`), KindInvalid, snapshot + "first-row-id", "is missing"},
		{"more rows than there are ids", addedSnapshot(`"sequence-number":3,"first-row-id":100,"added-rows":9223372036854775807`), KindInvalid, snapshot + "added-rows", "no room"},
		{"sequence number as text", addedSnapshot(`"sequence-number":"3"`), KindInvalid, snapshot + "sequence-number", `found "3", a 64-bit integer is allowed`},
		{"snapshot that is there", there, KindInvalid, "updates[0] (add-snapshot): snapshot.snapshot-id", "already exists"},
		{"unknown snapshot", `[{"action":"set-snapshot-ref","ref-name":"b","type":"branch","snapshot-id":4}]`, KindInvalid, "updates[0] (set-snapshot-ref): snapshot-id", "unknown snapshot: 4"},
	}
}

// wrongUpdates are, too.
func wrongUpdates() []refusal {
	const listDefault = `[{"action":"add-schema","schema":{"type":"struct","fields":[{"id":5,"name":"l","required":false,"initial-default":[],` +
		`"type":{"type":"list","element-id":6,"element":"int","element-required":false}}]}}]`
	return []refusal{
		{"unknown action", `[{"action":"set-owner"}]`, KindInvalid, "updates[0].action", `"set-owner"`},
		{"no array", `{"action":"set-location"}`, KindInvalid, "updates", "an array is allowed"},
		{"downgrade", `[{"action":"upgrade-format-version","format-version":2}]`, KindInvalid, "updates[0] (upgrade-format-version): format-version", "downgrade"},
		{"default of a list", listDefault, KindInvalid, "updates[0] (add-schema): schema.fields[0].initial-default", "found []"},
		{"member twice", `[{"action":"set-location","location":"s3://b/x","location":"s3://b/y"}]`, KindInvalid, "updates[0]", "location: occurs twice"},
	}
}

// addedSnapshot adds a snapshot with those members, after an update that is right.
func addedSnapshot(members string) string {
	return `[{"action":"set-location","location":"s3://b/x"},{"action":"add-snapshot","snapshot":{"snapshot-id":9,"parent-snapshot-id":8,` +
		`"timestamp-ms":1795300000123,"manifest-list":"s3://b/m",` + members + `}}]`
}

// TestRaceOrError: the error tells a lost race from what is wrong, and names the
// update, the field, what was found and what is allowed.
func TestRaceOrError(t *testing.T) {
	v3 := []byte(strings.Replace(string(sampleDocument(2, 2)), `"format-version":2`, `"format-version":3,"next-row-id":100`, 1))
	for _, c := range slices.Concat(lostRaces(), wrongSnapshots(), wrongUpdates()) {
		t.Run(c.name, func(t *testing.T) {
			_, err := applied(t, v3, c.updates)
			refused, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("err = %v", err)
			}
			if refused.Kind != c.kind || refused.Path != c.path || !strings.Contains(refused.Message, c.message) {
				t.Errorf("refused as %d, path %q, message %q", refused.Kind, refused.Path, refused.Message)
			}
		})
	}
}

// TestRequirements: the texts are those that Java's clients and tests look for.
func TestRequirements(t *testing.T) {
	base := parsed(t, sampleDocument(2, 2))
	for _, c := range []struct{ requirement, message, expected, found string }{
		{`{"type":"assert-create"}`, "table already exists", "no table", base.UUID()},
		{`{"type":"ASSERT-TABLE-UUID","uuid":"x"}`, "UUID does not match: expected " + base.UUID() + " != x", "x", base.UUID()},
		{
			`{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":null}`, "branch main was created concurrently", "none",
			"3055729675574597006",
		},
		{
			`{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":3055729675574597005}`,
			"branch main has changed: expected id 3055729675574597005 != 3055729675574597006", "3055729675574597005", "3055729675574597006",
		},
		{`{"type":"assert-ref-snapshot-id","ref":"b","snapshot-id":1}`, "branch or tag b is missing, expected 1", "1", "none"},
		{`{"type":"assert-last-assigned-field-id","last-assigned-field-id":7}`, "last assigned field id changed: expected id 7 != 2", "7", "2"},
		{`{"type":"assert-current-schema-id","current-schema-id":7}`, "current schema changed: expected id 7 != 0", "7", "0"},
		{`{"type":"assert-last-assigned-partition-id","last-assigned-partition-id":7}`, "last assigned partition id changed: expected id 7 != 999", "7", "999"},
		{`{"type":"assert-default-spec-id","default-spec-id":7}`, "default partition spec changed: expected id 7 != 0", "7", "0"},
		{`{"type":"assert-default-sort-order-id","default-sort-order-id":7}`, "default sort order changed: expected id 7 != 0", "7", "0"},
	} {
		requirements, err := DecodeRequirements([]byte("[" + c.requirement + "]"))
		if err != nil {
			t.Fatal(err)
		}
		refused, ok := errors.AsType[*Error](requirements.Check(base))
		if !ok {
			t.Errorf("%s holds", c.requirement)
			continue
		}
		want := Error{
			Kind: KindConflict, Message: "Requirement failed: " + c.message,
			Requirement: refused.Requirement, Expected: c.expected, Found: c.found,
		}
		if diff := cmp.Diff(want, *refused); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.requirement, diff)
		}
	}
}

// TestRequirementsHold are those that an unchanged table meets.
func TestRequirementsHold(t *testing.T) {
	base := parsed(t, sampleDocument(2, 2))
	requirements, err := DecodeRequirements([]byte(`[{"type":"assert-table-uuid","uuid":"9C12D441-03FE-4693-9A96-A0705DDF69C1"},
		{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":3055729675574597006},{"type":"assert-ref-snapshot-id","ref":"b","snapshot-id":null},
		{"type":"assert-ref-snapshot-id","ref":"b"},{"type":"assert-last-assigned-field-id","last-assigned-field-id":2},
		{"type":"assert-current-schema-id","current-schema-id":0},{"type":"assert-last-assigned-partition-id","last-assigned-partition-id":999},
		{"type":"assert-default-spec-id","default-spec-id":0},{"type":"assert-default-sort-order-id","default-sort-order-id":0}]`))
	if err != nil {
		t.Fatal(err)
	}
	if err := requirements.Check(base); err != nil {
		t.Error(err)
	}
	if err := requirements.Check(nil); kindOf(err) != KindConflict {
		t.Errorf("of a table that does not exist: err = %v", err)
	}
	if _, err := DecodeRequirements([]byte(`[{"type":"assert-create"},{"type":"assert-owner"}]`)); kindOf(err) != KindInvalid || !strings.Contains(err.Error(), "requirements[1]") {
		t.Errorf("an unknown requirement: err = %v", err)
	}
}

// TestGuardRebase: expiry must not take along what was tagged after the client
// had looked.
func TestGuardRebase(t *testing.T) {
	seen := parsed(t, sampleDocument(3, 1))
	tag := fmt.Sprintf(`[{"action":"set-snapshot-ref","ref-name":"keep","type":"tag","snapshot-id":%d}]`, sampleID(1))
	head := sampleCommit(t, seen, []byte("[]"), []byte(tag))
	expire := fmt.Sprintf(`{"action":"remove-snapshots","snapshot-ids":[%d]}`, sampleID(1))
	for updates, refused := range map[string]bool{
		"[" + expire + "]": true,
		`[{"action":"remove-snapshot-ref","ref-name":"keep"},` + expire + "]":           false,
		fmt.Sprintf(`[{"action":"remove-snapshots","snapshot-ids":[%d]}]`, sampleID(2)): false,
		`[{"action":"set-location","location":"s3://b/y"}]`:                             false,
	} {
		decoded, err := DecodeUpdates([]byte(updates))
		if err != nil {
			t.Fatal(err)
		}
		if err := decoded.GuardRebase(seen, head); refused != (kindOf(err) == KindConflict) || !refused && err != nil {
			t.Errorf("%s: err = %v", updates, err)
		}
		if err := decoded.GuardRebase(head, head); err != nil {
			t.Errorf("%s, all seen: err = %v", updates, err)
		}
	}
}

// TestFutureFormat: a format that does not exist yet is served, never written.
func TestFutureFormat(t *testing.T) {
	m, err := ParseTableMetadata([]byte(`{"format-version":9,"table-uuid":"u","location":"s3://b/t","snapshots":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	if m.FormatVersion() != 9 || m.Location() != "s3://b/t" || m.Validate() != nil {
		t.Errorf("version %d at %s, %v", m.FormatVersion(), m.Location(), m.Validate())
	}
	updates, err := DecodeUpdates([]byte(`[{"action":"set-properties","updates":{"a":"b"}}]`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := updates.Apply(m, Application{Now: sampleNow}); kindOf(err) != KindInvalid {
		t.Errorf("written: err = %v", err)
	}
}

// TestTimeNeverGoesBack: the clock of the writer before may have been ahead.
func TestTimeNeverGoesBack(t *testing.T) {
	base := parsed(t, sampleDocument(1, 1))
	updates, err := DecodeUpdates([]byte(`[{"action":"set-properties","updates":{"a":"b"}}]`))
	if err != nil {
		t.Fatal(err)
	}
	next, err := updates.Apply(base, Application{Now: sampleNow.AddDate(-1, 0, 0), PreviousLocation: "s3://b/m"})
	if err != nil {
		t.Fatal(err)
	}
	if next.LastUpdatedMS() != base.LastUpdatedMS() {
		t.Errorf("last updated %d after %d", next.LastUpdatedMS(), base.LastUpdatedMS())
	}
}
