package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestPurgeOutlivesEveryProcess kills all of Igloo under a purge: it is gone on
// with, and at the end no file of the table is left, and each of its neighbour's.
func TestPurgeOutlivesEveryProcess(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t, "--purge-interval", "20ms", "--purge-lease", "1s", "--delete-rate", "100")
			tables := d.URL + "/v1/namespaces/ns/tables"
			must(t, http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":["ns"]}`)
			folder := purgeable(t, tables, "purged", 60)
			neighbour := purgeable(t, tables, "neighbour", 3)
			kept := filesBelow(t, neighbour)
			must(t, http.MethodDelete, tables+"/purged?purgeRequested=true", "")
			for range 2 {
				<-time.After(150 * time.Millisecond)
				d.Kill(t)
				d.Restart(t)
			}
			for limit := time.Now().Add(90 * time.Second); len(filesBelow(t, folder)) > 0; <-time.After(50 * time.Millisecond) {
				if time.Now().After(limit) {
					t.Fatalf("left: %q", filesBelow(t, folder))
				}
			}
			if now := filesBelow(t, neighbour); fmt.Sprint(now) != fmt.Sprint(kept) {
				t.Errorf("of the neighbour %q, want %q", now, kept)
			}
			for limit := time.Now().Add(90 * time.Second); ; <-time.After(50 * time.Millisecond) {
				_, jobs := ask(t, http.MethodGet, d.HTS+"/hts/jobs/query?engineType=igloo-catalog", "")
				if strings.Contains(jobs, `"state":"SUCCEEDED"`) {
					break
				}
				if time.Now().After(limit) {
					t.Fatalf("jobs: %s", jobs)
				}
			}
		})
	}
}

// purgeable makes a table with a past, and returns the folder it lies in.
func purgeable(t *testing.T, tables, name string, commits int) string {
	t.Helper()
	must(t, http.MethodPost, tables, fmt.Sprintf(`{"name":%q,"schema":{"type":"struct","fields":[]}}`, name))
	for i := range commits {
		must(t, http.MethodPost, tables+"/"+name, fmt.Sprintf(`{"requirements":[],"updates":[{"action":"set-properties","updates":{"n":"%d"}}]}`, i))
	}
	_, body := ask(t, http.MethodGet, tables+"/"+name, "")
	_, location, _ := strings.Cut(body, `"metadata-location":"`)
	location, _, _ = strings.Cut(location, `"`)
	u, err := url.Parse(location)
	if err != nil || u.Path == "" {
		t.Fatalf("metadata location %q: %v", location, err)
	}
	return filepath.Dir(filepath.Dir(u.Path))
}

func must(t *testing.T, method, url, body string) {
	t.Helper()
	if status, answer := ask(t, method, url, body); status >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %d %s", method, url, status, answer)
	}
}

func filesBelow(t *testing.T, folder string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		if os.IsNotExist(err) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
