package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/backup"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

const (
	movedTables  = 2000
	movedAtATime = 500
)

// TestGrowsFromLaptopToCluster: what one process kept in SQLite goes on in two
// services over Postgres, and back, although the import is killed in the middle.
func TestGrowsFromLaptopToCluster(t *testing.T) {
	shapes := iglootest.Shapes()
	for _, to := range []int{1, 0} {
		t.Run(shapes[1-to].Name+" to "+shapes[to].Name, func(t *testing.T) {
			from, file := shapes[1-to].Start(t), filepath.Join(t.TempDir(), "export.jsonl")
			settle(t, from)
			shellOf(t, from).ok("export", file)
			d := shapes[to].Start(t)
			s := shellOf(t, d)
			killInTheMiddle(t, d, file)
			if out := s.ok("import", file); !strings.Contains(out, "were there already") {
				t.Errorf("imported: %s", out)
			}
			again := filepath.Join(t.TempDir(), "again.jsonl")
			s.ok("export", again)
			if diff := cmp.Diff(pointers(t, file), pointers(t, again)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}

// settle makes a namespace and tables in it.
func settle(t *testing.T, d *iglootest.Deployment) {
	t.Helper()
	posted(t, d.URL+"/v1/namespaces", `{"namespace":["moved"],"properties":{"a":"b"}}`, 200)
	for first := 0; first < movedTables; first += movedAtATime {
		id := uuid.New()
		changes := make([]string, movedAtATime)
		for n := range changes {
			changes[n] = fmt.Sprintf(`{"createTable":{"key":{"databaseId":"moved","tableId":"t%[1]d"},"metadataLocation":"s3://w/moved/t%[1]d/m","location":"s3://w/moved/t%[1]d"}}`, first+n)
		}
		body := fmt.Sprintf(`{"principal":"corp:alice","operations":[{"id":%q,"outcome":{"status":200}}],"changes":[%s]}`, base64.StdEncoding.EncodeToString(id[:]), strings.Join(changes, ","))
		if status, answer := ask(t, http.MethodPost, d.HTS+"/hts/commit", body); status != http.StatusOK || strings.Contains(answer, `"conflict":{`) {
			t.Fatalf("settle: %d %s", status, answer)
		}
	}
}

// killInTheMiddle ends an import when some tables are there.
func killInTheMiddle(t *testing.T, d *iglootest.Deployment, file string) {
	t.Helper()
	process, err := proctest.Start(proctest.Command{Path: iglootest.Program(t, "igloo"), Args: []string{"import", file, "--server", d.HTS}})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "a table is imported", func() bool {
		_, body := ask(t, http.MethodGet, d.HTS+"/hts/export/tables?pageSize=1", "")
		return strings.Contains(body, `"metadataLocation"`)
	})
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// pointers are the tables of an export, in order: what they are called, whose they
// are, where they point and what they hold.
func pointers(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var found []string
	for line, err := range backup.Lines(file) {
		if err != nil {
			t.Fatal(err)
		}
		if line.Type != backup.TypeTable {
			continue
		}
		var exported struct {
			Table struct {
				Key                     map[string]any
				MetadataLocation, Owner string
			}
			Location string
		}
		if err := json.Unmarshal(line.Value, &exported); err != nil {
			t.Fatal(err)
		}
		found = append(found, fmt.Sprint(exported))
	}
	if len(found) != movedTables || len(slices.Compact(slices.Clone(found))) != movedTables {
		t.Fatalf("%d tables, want %d, each once", len(found), movedTables)
	}
	return found
}
