package backup_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/services/igloo/backup"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var header = backup.Header{Format: backup.Format, ID: uuid.MustParse("01890000-0000-7000-8000-000000000001"), ExportedAt: time.UnixMilli(1_700_000_000_123).UTC(), Program: "igloo test"}

func written(t *testing.T) string {
	t.Helper()
	var file bytes.Buffer
	w, err := backup.NewWriter(&file, header)
	check(t, err)
	for _, name := range []string{"a", "b", "a"} {
		check(t, w.Write(backup.TypeTable, "w", map[string]string{"name": name}))
	}
	w.Changed()
	_, err = w.End()
	check(t, err)
	return file.String()
}

func TestAFileIsReadAsItWasWritten(t *testing.T) {
	file := written(t)
	h, trailer, err := backup.Check(strings.NewReader(file))
	check(t, err)
	if h != header || trailer.Lines != 4 || trailer.Counts[backup.TypeTable] != 3 || trailer.Unchanged {
		t.Errorf("%+v, %+v", h, trailer)
	}
	var kinds []string
	for line, err := range backup.Lines(strings.NewReader(file)) {
		check(t, err)
		kinds = append(kinds, line.Type+line.Warehouse)
	}
	if got := strings.Join(kinds, " "); got != "header tablew tablew tablew trailer" {
		t.Errorf("lines: %s", got)
	}
}

// TestDamageIsTold: whatever byte is lost, and whichever line.
func TestDamageIsTold(t *testing.T) {
	file := written(t)
	for at := range len(file) {
		if _, _, err := backup.Check(strings.NewReader(file[:at])); err == nil {
			t.Fatalf("the first %d bytes are taken for a whole file", at)
		}
	}
	lines := strings.SplitAfter(file, "\n")
	for at := range len(lines) - 1 {
		without := strings.Join(append(append([]string{}, lines[:at]...), lines[at+1:]...), "")
		if _, _, err := backup.Check(strings.NewReader(without)); err == nil {
			t.Errorf("without line %d it is taken for whole", at)
		}
	}
	for from, to := range map[string]string{`"a"`: `"c"`, `"format":1`: `"format":2`, "header": "leader"} {
		if _, _, err := backup.Check(strings.NewReader(strings.Replace(file, from, to, 1))); err == nil {
			t.Errorf("with %s for %s it is taken for whole", to, from)
		}
	}
}

// TestOperations: of one line the same, of others others, and none like a random one.
func TestOperations(t *testing.T) {
	seen := map[uuid.UUID]bool{}
	other := header
	other.ID = uuid.New()
	a := backup.Line{Type: "table", Warehouse: "w", Value: []byte("a")}
	for _, id := range []uuid.UUID{
		header.Operation(a, "create"), header.Operation(a, "drop"), other.Operation(a, "create"),
		header.Operation(backup.Line{Type: "table", Warehouse: "v", Value: []byte("a")}, "create"),
		header.Operation(backup.Line{Type: "table", Warehouse: "w", Value: []byte("b")}, "create"),
	} {
		if seen[id] || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Errorf("%s: version %d, seen %v", id, id.Version(), seen[id])
		}
		seen[id] = true
		if seconds, nanos := id.Time().UnixTime(); time.Unix(seconds, nanos).UnixMilli() != header.ExportedAt.UnixMilli() {
			t.Errorf("%s is of %s", id, time.Unix(seconds, nanos))
		}
	}
	again := header
	if header.Operation(a, "create") != again.Operation(a, "create") {
		t.Error("one line is two operations")
	}
}
