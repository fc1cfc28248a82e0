package iceberg

import (
	"errors"
	"strings"
	"testing"
)

// edited is sampleDocument(2, 2) with one text in the place of another.
func edited(t *testing.T, old, text string) []byte {
	t.Helper()
	doc := string(sampleDocument(2, 2))
	if strings.Count(doc, old) != 1 {
		t.Fatalf("%q is %d times in %s", old, strings.Count(doc, old), doc)
	}
	return []byte(strings.Replace(doc, old, text, 1))
}

// applied applies updates to a document as a commit does.
func applied(t *testing.T, doc []byte, updates string) (*TableMetadata, error) {
	t.Helper()
	changes, err := DecodeUpdates([]byte(updates))
	if err != nil {
		return nil, err
	}
	return changes.Apply(parsed(t, doc), Application{Now: sampleNow, PreviousLocation: "s3://bucket/db/table/metadata/v1.metadata.json"})
}

func kindOf(err error) Kind {
	refused, ok := errors.AsType[*Error](err)
	if !ok {
		return 0
	}
	return refused.Kind
}

// withoutSnapshots is a document whose arrays that grow are written as text.
func withoutSnapshots(t *testing.T, key, text string) []byte {
	t.Helper()
	empty := string(sampleDocument(0, 2))
	if !strings.Contains(empty, `"`+key+`":[]`) {
		t.Fatalf("no empty %s in %s", key, empty)
	}
	return []byte(strings.Replace(empty, `"`+key+`":[]`, `"`+key+`":`+text, 1))
}

// TestNullArrays: some writers write null for an array that is empty. What is
// appended to it must make an array.
func TestNullArrays(t *testing.T) {
	_, updates := sampleAppend(0)
	for _, key := range []string{"snapshots", "snapshot-log", "metadata-log", "statistics", "partition-statistics"} {
		next, err := applied(t, withoutSnapshots(t, key, "null"), string(updates))
		if err != nil {
			t.Errorf("%s: null is refused: %v", key, err)
			continue
		}
		if err := reparsed(next); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if next.SnapshotCount() != 1 || next.history.count != 1 || next.previous.count != 1 {
			t.Errorf("%s: after an append there are %d snapshots, %d and %d log entries", key, next.SnapshotCount(), next.history.count, next.previous.count)
		}
	}
}

// TestNoArrays: an array that grows is never appended to where it is none.
func TestNoArrays(t *testing.T) {
	for _, key := range []string{"snapshots", "snapshot-log", "metadata-log"} {
		for _, text := range []string{`5`, `"x"`, `{}`, `true`} {
			if _, err := ParseTableMetadata(withoutSnapshots(t, key, text)); kindOf(err) != KindInvalid || !strings.Contains(err.Error(), key) {
				t.Errorf("%s: %s: err = %v", key, text, err)
			}
		}
	}
}

// TestValidateRefusesDamage: what no engine could read, Validate finds.
func TestValidateRefusesDamage(t *testing.T) {
	main := `"refs":{"main":{"snapshot-id":3055729675574597006,"type":"branch"}}`
	for what, doc := range map[string][]byte{
		"refs no object":            edited(t, main, `"refs":[]`),
		"ref no object":             edited(t, main, `"refs":{"main":7}`),
		"ref to nothing":            edited(t, main, `"refs":{"main":{"snapshot-id":3055729675574597006,"type":"branch"},"b":{"snapshot-id":1,"type":"tag"}}`),
		"main elsewhere":            edited(t, main, `"refs":{"main":{"snapshot-id":3055729675574597005,"type":"branch"}}`),
		"main without current":      edited(t, `"current-snapshot-id":3055729675574597006`, `"current-snapshot-id":-1`),
		"properties no object":      edited(t, `"properties":{"owner":"spark","write.parquet.compression-codec":"zstd"}`, `"properties":[]`),
		"property no text":          edited(t, `"owner":"spark"`, `"owner":1`),
		"snapshot twice":            edited(t, `"snapshot-id":3055729675574597005,"timestamp-ms"`, `"snapshot-id":3055729675574597006,"timestamp-ms"`),
		"unknown default spec":      edited(t, `"default-spec-id":0`, `"default-spec-id":4`),
		"unknown current schema":    edited(t, `"current-schema-id":0`, `"current-schema-id":4`),
		"column of an unknown type": edited(t, `"type":"string","doc":"what column 2 <holds>"`, `"type":"text","doc":"what column 2 <holds>"`),
	} {
		m, err := ParseTableMetadata(doc)
		if err == nil {
			err = m.Validate()
		}
		if kindOf(err) != KindInvalid {
			t.Errorf("%s: err = %v", what, err)
		}
	}
}

// TestParseRefusesDamage: what a commit relies on without looking again.
func TestParseRefusesDamage(t *testing.T) {
	for what, doc := range map[string][]byte{
		"nothing":                      {},
		"no JSON":                      []byte("<html>"),
		"cut off":                      sampleDocument(2, 2)[:400],
		"something behind":             append(sampleDocument(2, 2), '{'),
		"format version 0":             edited(t, `"format-version":2`, `"format-version":0`),
		"format version as text":       edited(t, `"format-version":2`, `"format-version":"2"`),
		"no uuid":                      edited(t, `"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1",`, ``),
		"no location":                  edited(t, `"location":"s3://bucket/db/table",`, ``),
		"a number with a fraction":     edited(t, `"last-column-id":2`, `"last-column-id":2.0`),
		"a number with an exponent":    edited(t, `"last-column-id":2`, `"last-column-id":2e0`),
		"a number beyond 32 bits":      edited(t, `"last-column-id":2`, `"last-column-id":2147483648`),
		"a member twice":               edited(t, `"location":"s3://bucket/db/table",`, `"location":"s3://bucket/db/table","location":"s3://bucket/db/table",`),
		"current snapshot missing":     edited(t, `"current-snapshot-id":3055729675574597006`, `"current-snapshot-id":9`),
		"a snapshot without id":        edited(t, `"snapshot-id":3055729675574597005,"timestamp-ms"`, `"timestamp-ms"`),
		"a log entry without time":     edited(t, `{"timestamp-ms":1795299997123,"snapshot-id":3055729675574597005}`, `{"snapshot-id":3055729675574597005}`),
		"a log entry without snapshot": edited(t, `{"timestamp-ms":1795299997123,"snapshot-id":3055729675574597005}`, `{"timestamp-ms":1795299997123}`),
		"a log that goes back":         edited(t, `{"timestamp-ms":1795299997123,"snapshot-id":3055729675574597005}`, `{"timestamp-ms":1795300197123,"snapshot-id":3055729675574597005}`),
	} {
		if _, err := ParseTableMetadata(doc); kindOf(err) != KindInvalid {
			t.Errorf("%s: err = %v", what, err)
		}
	}
}

// TestBackAndForth: a default that goes away and comes back within one commit
// leaves the document as sound as any other.
func TestBackAndForth(t *testing.T) {
	partitioned := `"partition-specs":[{"spec-id":0,"fields":[]},{"spec-id":1,"fields":[{"name":"p","transform":"identity","source-id":1,"field-id":1000}]}]`
	specs := edited(t, `"partition-specs":[{"spec-id":0,"fields":[]}]`, partitioned)
	_, err := applied(t, specs, `[{"action":"set-default-spec","spec-id":1},{"action":"remove-partition-specs","spec-ids":[0]},{"action":"set-default-spec","spec-id":0}]`)
	if kindOf(err) != KindInvalid {
		t.Errorf("a default spec that was removed: err = %v", err)
	}
	other := `{"action":"add-schema","schema":{"type":"struct","fields":[{"id":2,"name":"column_2","required":false,"type":"string"}]}}`
	schemas := strings.Replace(string(specs), `"default-spec-id":0`, `"default-spec-id":1`, 1)
	schemas = strings.Replace(schemas, `"schemas":[`, `"schemas":[{"type":"struct","schema-id":1,"fields":[{"id":1,"name":"column_1","required":false,"type":"string"}]},`, 1)
	schemas = strings.Replace(schemas, `"current-schema-id":0`, `"current-schema-id":1`, 1)
	_, err = applied(t, []byte(schemas), `[{"action":"set-current-schema","schema-id":0},{"action":"remove-schemas","schema-ids":[1]},`+
		strings.Replace(other, `"fields"`, `"note":"takes the id that is free","fields"`, 1)+`,{"action":"set-current-schema","schema-id":-1}]`)
	if kindOf(err) != KindInvalid {
		t.Errorf("a schema without the column that partitions: err = %v", err)
	}
}

// TestNegativeSnapshotIDs: -1 is how formats v1 and v2 say that there is no
// current snapshot; other ids below zero are ids.
func TestNegativeSnapshotIDs(t *testing.T) {
	for _, upgrade := range []string{``, `{"action":"upgrade-format-version","format-version":3},`} {
		for id, allowed := range map[string]bool{"-5": true, "-1": false} {
			next, err := applied(t, sampleDocument(0, 2), `[`+upgrade+`{"action":"add-snapshot","snapshot":{"snapshot-id":`+id+
				`,"sequence-number":1,"timestamp-ms":1795300000000,"manifest-list":"s3://b/m","first-row-id":0,"added-rows":0}},`+
				`{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":`+id+`}]`)
			if allowed != (err == nil) {
				t.Errorf("snapshot %s as main: err = %v", id, err)
			}
			if err != nil {
				continue
			}
			if err := reparsed(next); err != nil {
				t.Error(err)
			}
			if found, ok := next.CurrentSnapshotID(); !ok || found != -5 {
				t.Errorf("current snapshot = %d, %v", found, ok)
			}
		}
	}
}

// TestAmbiguousDefaults: format v1 may leave out which of its schemas, specs and
// orders is the current one. Where there is but one, it is that; where there are
// more, readers differ, and Java reads none of them.
func TestAmbiguousDefaults(t *testing.T) {
	const columns = `"fields":[{"id":1,"name":"a","required":false,"type":"long"}]`
	const one = `{"format-version":1,"location":"s3://b/t","last-updated-ms":1,"last-column-id":1,"last-partition-id":999,` +
		`"schemas":[{"type":"struct","schema-id":0,` + columns + `}],"partition-specs":[{"spec-id":0,"fields":[]}],"sort-orders":[{"order-id":0,"fields":[]}]}`
	if err := parsed(t, []byte(one)).Validate(); err != nil {
		t.Errorf("one of each: %v", err)
	}
	for key, more := range map[string][2]string{
		"current-schema-id":     {`"schemas":[`, `{"type":"struct","schema-id":1,` + columns + `},`},
		"default-spec-id":       {`"partition-specs":[`, `{"spec-id":1,"fields":[]},`},
		"default-sort-order-id": {`"sort-orders":[`, `{"order-id":1,"fields":[{"transform":"identity","source-id":1,"direction":"asc","null-order":"nulls-first"}]},`},
	} {
		doc := strings.Replace(one, more[0], more[0]+more[1], 1)
		if err := parsed(t, []byte(doc)).Validate(); kindOf(err) != KindInvalid || !strings.Contains(err.Error(), key) {
			t.Errorf("%s of two: err = %v", key, err)
		}
		said := strings.Replace(doc, `{"format-version":1,`, `{"format-version":1,"`+key+`":1,`, 1)
		if err := parsed(t, []byte(said)).Validate(); err != nil {
			t.Errorf("%s is said: %v", key, err)
		}
	}
}
