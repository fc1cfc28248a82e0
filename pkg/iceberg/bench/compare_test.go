package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"

	"github.com/igloo-catalog/igloo/pkg/iceberg"
)

const (
	columns  = 100
	tableID  = "9c12d441-03fe-4693-9a96-a0705ddf69c1"
	location = "s3://bucket/db/table"
)

// BenchmarkAppend is one append from bytes to bytes: parse, check the
// requirements, apply add-snapshot and set-snapshot-ref, serialise.
func BenchmarkAppend(b *testing.B) {
	program := build(b)
	for _, n := range []int{1, 100, 1_000, 10_000} {
		doc := document(b, n)
		requirements, updates := appendRequest(n)
		ours := 0.0
		b.Run(fmt.Sprintf("igloo/snapshots=%d", n), func(b *testing.B) {
			ours = measureProgram(b, program, b.N*min(100, 10_000/n), doc, requirements, updates)
		})
		b.Run(fmt.Sprintf("iceberg-go/snapshots=%d", n), func(b *testing.B) {
			theirs := measure(b, func() error { return last(icebergGoAppend(doc, requirements, updates)) })
			b.ReportMetric(theirs/ours, "times-igloo")
		})
	}
}

// build makes the program that appends as Igloo does, in a process of its own.
func build(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "igloo")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, "./igloo").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// measureProgram gives the CPU time of one append of count in nanoseconds. A
// short one is made more often: the kernel's clock is a coarse one.
func measureProgram(b *testing.B, program string, count int, input ...[]byte) float64 {
	b.Helper()
	folder := b.TempDir()
	args := make([]string, 0, len(input)+1)
	for i, data := range input {
		path := filepath.Join(folder, strconv.Itoa(i))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			b.Fatal(err)
		}
		args = append(args, path)
	}
	out, err := exec.CommandContext(b.Context(), program, append(args, strconv.Itoa(count))...).Output()
	if err != nil {
		b.Fatal(err)
	}
	each, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(each, "cpu-ns/op")
	return each
}

// TestSameAppend: what is compared comes to the same.
func TestSameAppend(t *testing.T) {
	doc := document(t, 3)
	requirements, updates := appendRequest(3)
	ours, err := iglooAppend(doc, requirements, updates)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := icebergGoAppend(doc, requirements, updates)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"snapshots", "refs", "current-snapshot-id", "last-sequence-number", "snapshot-log"} {
		if a, b := memberOf(t, ours, key), memberOf(t, theirs, key); a != b {
			t.Errorf("%s: %s\niceberg-go makes %s", key, a, b)
		}
	}
}

// memberOf is a member of a document, its own members in one order.
func memberOf(t *testing.T, doc []byte, key string) string {
	t.Helper()
	var members map[string]any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&members); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(members[key])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func last(_ []byte, err error) error { return err }

func iglooAppend(doc, requirements, updates []byte) ([]byte, error) {
	base, err := iceberg.ParseTableMetadata(doc)
	if err != nil {
		return nil, err
	}
	next, err := iglooCommit(base, requirements, updates)
	if err != nil {
		return nil, err
	}
	return next.Document(), nil
}

func iglooCommit(base *iceberg.TableMetadata, requirements, updates []byte) (*iceberg.TableMetadata, error) {
	asserted, err := iceberg.DecodeRequirements(requirements)
	if err != nil {
		return nil, err
	}
	if err := asserted.Check(base); err != nil {
		return nil, err
	}
	changes, err := iceberg.DecodeUpdates(updates)
	if err != nil {
		return nil, err
	}
	return changes.Apply(base, iceberg.Application{Now: time.Now(), PreviousLocation: location + "/metadata/v.metadata.json"})
}

func icebergGoAppend(doc, requirements, updates []byte) ([]byte, error) {
	base, err := table.ParseMetadataBytes(doc)
	if err != nil {
		return nil, err
	}
	var asserted table.Requirements
	if err := json.Unmarshal(requirements, &asserted); err != nil {
		return nil, err
	}
	for _, one := range asserted {
		if err := one.Validate(base); err != nil {
			return nil, err
		}
	}
	var changes table.Updates
	if err := json.Unmarshal(updates, &changes); err != nil {
		return nil, err
	}
	builder, err := table.MetadataBuilderFromBase(base, location+"/metadata/v.metadata.json")
	if err != nil {
		return nil, err
	}
	for _, one := range changes {
		if err := one.Apply(builder); err != nil {
			return nil, err
		}
	}
	next, err := builder.Build()
	if err != nil {
		return nil, err
	}
	return json.Marshal(next)
}

// document is a table's metadata after that many appends.
func document(tb testing.TB, snapshots int) []byte {
	tb.Helper()
	m, err := iceberg.ParseTableMetadata(withSnapshots(tb, emptyTable(tb), snapshots))
	if err != nil {
		tb.Fatal(err)
	}
	if err := m.Validate(); err != nil {
		tb.Fatal(err)
	}
	return m.Document()
}

func emptyTable(tb testing.TB) []byte {
	tb.Helper()
	fields := make([]string, columns)
	for i := range fields {
		fields[i] = fmt.Sprintf(`{"id":%d,"name":"column_%d","required":false,"type":"string","doc":"what column %d holds"}`, i+1, i+1, i+1)
	}
	m, err := iceberg.NewTableMetadata(iceberg.TableCreation{
		UUID: tableID, Location: location, Now: time.Now().Add(-24 * time.Hour),
		Schema: json.RawMessage(`{"type":"struct","fields":[` + strings.Join(fields, ",") + `]}`),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return m.Document()
}

// withSnapshots puts snapshots into a document, with what goes with them.
func withSnapshots(tb testing.TB, doc []byte, count int) []byte {
	tb.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(doc, &members); err != nil {
		tb.Fatal(err)
	}
	var snapshots, history, previous []string
	start := time.Now().Add(-12 * time.Hour).UnixMilli()
	for n := range count {
		snapshots = append(snapshots, snapshot(n, start+int64(n)))
		history = append(history, fmt.Sprintf(`{"timestamp-ms":%d,"snapshot-id":%d}`, start+int64(n), snapshotID(n+1)))
	}
	for n := range min(count, 100) {
		previous = append(previous, fmt.Sprintf(`{"timestamp-ms":%d,"metadata-file":"%s/metadata/%05d.metadata.json"}`, start+int64(n), location, n))
	}
	for key, value := range map[string]string{
		"snapshots": "[" + strings.Join(snapshots, ",") + "]", "snapshot-log": "[" + strings.Join(history, ",") + "]",
		"metadata-log": "[" + strings.Join(previous, ",") + "]", "last-sequence-number": strconv.Itoa(count),
		"last-updated-ms": strconv.FormatInt(start+int64(count), 10), "current-snapshot-id": strconv.FormatInt(snapshotID(count), 10),
		"refs": fmt.Sprintf(`{"main":{"snapshot-id":%d,"type":"branch"}}`, snapshotID(count)),
	} {
		members[key] = json.RawMessage(value)
	}
	text, err := json.Marshal(members)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func snapshotID(n int) int64 { return 3_055_729_675_574_597_004 + int64(n) }

// appendRequest is the append after n others.
func appendRequest(n int) (requirements, updates []byte) {
	requirements = fmt.Appendf(nil, `[{"type":"assert-table-uuid","uuid":%q},{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":%d}]`, tableID, snapshotID(n))
	updates = fmt.Appendf(nil, `[{"action":"add-snapshot","snapshot":%s},{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":%d}]`,
		snapshot(n, time.Now().UnixMilli()), snapshotID(n+1))
	return requirements, updates
}

// snapshot is that of the append after n others, with a summary as Spark writes it.
func snapshot(n int, timestamp int64) string {
	parent := ""
	if n > 0 {
		parent = fmt.Sprintf(`"parent-snapshot-id":%d,`, snapshotID(n))
	}
	id := snapshotID(n + 1)
	return fmt.Sprintf(`{"sequence-number":%d,"snapshot-id":%d,%s"timestamp-ms":%d,"summary":{"operation":"append",`+
		`"spark.app.id":"application_1700000000000_0001","added-data-files":"4","added-records":"100000","added-files-size":"12345678",`+
		`"changed-partition-count":"1","total-records":"%d","total-files-size":"%d","total-data-files":"%d","total-delete-files":"0",`+
		`"total-position-deletes":"0","total-equality-deletes":"0","engine-version":"3.5.1","engine-name":"spark"},`+
		`"manifest-list":"s3://bucket/db/table/metadata/snap-%d-1-0d94a2a8-0a3f-4b9e-8f5c-7a1d3c5e9b11.avro","schema-id":0}`,
		n+1, id, parent, timestamp, n*100_000, n*12_345_678, n*4, id)
}

// measure gives the CPU time of one call in nanoseconds.
func measure(b *testing.B, one func() error) float64 {
	b.Helper()
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		if err := one(); err != nil {
			b.Fatal(err)
		}
	}
	each := float64(cpuTime(b)-before) / float64(b.N)
	b.ReportMetric(each, "cpu-ns/op")
	return each
}

func cpuTime(b *testing.B) int64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
