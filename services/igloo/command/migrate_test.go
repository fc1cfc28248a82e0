package command_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	emptySchema = `"schema":{"type":"struct","schema-id":0,"fields":[]}`
	aView       = `{"name":"v","schema":{"type":"struct","schema-id":0,"fields":[]},"properties":{},"view-version":{"version-id":1,"timestamp-ms":1,"schema-id":0,"summary":{},"default-namespace":["sales"],"representations":[{"type":"sql","sql":"select 1","dialect":"spark"}]}}`
)

// other makes a catalog to bring in from, with two namespaces, three tables and a view.
func other(t *testing.T) shell {
	t.Helper()
	s := at(first(serve(t, nil)))
	s.post(t, "/v1/namespaces", `{"namespace":["sales"],"properties":{"owner":"o"}}`)
	s.post(t, "/v1/namespaces", `{"namespace":["sales","e.u"]}`)
	for path, name := range map[string]string{"sales": "a", "sales%1Fe.u": "x.y"} {
		s.post(t, "/v1/namespaces/"+path+"/tables", `{"name":"`+name+`",`+emptySchema+`}`)
	}
	s.post(t, "/v1/namespaces/sales/tables", `{"name":"left",`+emptySchema+`}`)
	s.post(t, "/v1/namespaces/sales/views", aView)
	return s
}

func (s shell) location(t *testing.T, path string) string {
	t.Helper()
	status, answer := s.send(t, "GET", "/v1/namespaces/"+path, "")
	if status != 200 {
		return ""
	}
	var loaded struct {
		Location string `json:"metadata-location"`
	}
	check(t, json.Unmarshal([]byte(answer), &loaded))
	return loaded.Location
}

// TestMigration: shown first, then done and noted; what is done is not done again,
// and what goes on in the other catalog is followed.
func TestMigration(t *testing.T) {
	from, to, journal := other(t), at(first(serve(t, nil))), filepath.Join(t.TempDir(), "journal")
	args := []string{"migrate-from", from.env["IGLOO_SERVER"], "--exclude", "sales.left", "--journal", journal}
	out := to.ok(t, args...)
	if strings.Count(out, " make") != 5 || strings.Contains(out, "left") || to.location(t, "sales/tables/a") != "" {
		t.Fatalf("shown:\n%s", out)
	}
	to.ok(t, append(args, "--apply")...)
	for _, path := range []string{"sales/tables/a", "sales%1Fe.u/tables/x.y", "sales/views/v"} {
		if is, was := to.location(t, path), from.location(t, path); is != was || is == "" {
			t.Errorf("%s is at %q, want %q", path, is, was)
		}
	}
	if status, answer := to.send(t, "GET", "/v1/namespaces/sales", ""); status != 200 || !strings.Contains(answer, `"owner":"o"`) {
		t.Errorf("namespace: %d %s", status, answer)
	}
	from.post(t, "/v1/namespaces/sales/tables/a", `{"requirements":[],"updates":[{"action":"set-properties","updates":{"n":"1"}}]}`)
	if out := to.ok(t, append(args, "--apply")...); strings.Contains(out, " make") || strings.Count(out, " there") != 5 {
		t.Errorf("again:\n%s", out)
	}
	if out := to.ok(t, append(args, "--apply", "--follow")...); strings.Count(out, " follow") != 1 {
		t.Errorf("followed:\n%s", out)
	}
	if is, was := to.location(t, "sales/tables/a"), from.location(t, "sales/tables/a"); is != was {
		t.Errorf("followed to %q, want %q", is, was)
	}
	noted, err := os.ReadFile(journal)
	check(t, err)
	check(t, os.WriteFile(journal, append([]byte(`{"type":"table","na`), noted[len(noted)/2:]...), 0o600))
	if out := to.ok(t, append(args, "--apply")...); strings.Contains(out, " make") {
		t.Errorf("half a journal:\n%s", out)
	}
}

// TestMigrationsOverwriteNothing: neither another table, nor what became of one here.
func TestMigrationsOverwriteNothing(t *testing.T) {
	from, to := other(t), at(first(serve(t, nil)))
	source := from.env["IGLOO_SERVER"]
	to.post(t, "/v1/namespaces", `{"namespace":["sales"]}`)
	to.post(t, "/v1/namespaces/sales/tables", `{"name":"left",`+emptySchema+`}`)
	mine := to.location(t, "sales/tables/left")
	out, err := to.run(t, "migrate-from", source, "--apply")
	if err == nil || !strings.Contains(err.Error(), "2 are not as they are") || !strings.Contains(out, "is another one") || !strings.Contains(out, "with other properties") {
		t.Errorf("%v\n%s", err, out)
	}
	change := `{"requirements":[],"updates":[{"action":"set-properties","updates":{"n":"1"}}]}`
	from.post(t, "/v1/namespaces/sales/tables/a", change)
	to.post(t, "/v1/namespaces/sales/tables/a", change)
	out, err = to.run(t, "migrate-from", source, "--apply", "--follow", "--include", "sales.a")
	if err == nil || !strings.Contains(out, "of which the other catalog knows nothing") {
		t.Errorf("%v\n%s", err, out)
	}
	if is := to.location(t, "sales/tables/left"); is != mine {
		t.Errorf("left is at %s, want %s", is, mine)
	}
	to.refused(t, "the other catalog: ", "migrate-from", "http://127.0.0.1:1")
	to.refused(t, "is no pattern", "migrate-from", source, "--include", "[")
}

// TestCatalogsWithoutViews answer nothing to the list of them, or refuse it.
func TestCatalogsWithoutViews(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusNotAcceptable} {
		source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answers := map[string]string{
				"/v1/config": `{"defaults":{},"overrides":{}}`, "/v1/namespaces": `{"namespaces":[["n"]]}`,
				"/v1/namespaces/n": `{"namespace":["n"],"properties":{}}`, "/v1/namespaces/n/tables": `{"identifiers":[]}`,
			}
			answer, known := answers[r.URL.Path]
			switch {
			case !known:
				w.WriteHeader(status)
			case r.URL.Query().Get("parent") != "":
				_, _ = io.WriteString(w, `{"namespaces":[]}`)
			default:
				_, _ = io.WriteString(w, answer)
			}
		}))
		t.Cleanup(source.Close)
		if out := at(first(serve(t, nil))).ok(t, "migrate-from", source.URL); !strings.Contains(out, "n     make") {
			t.Errorf("%d: shown:\n%s", status, out)
		}
	}
}

// TestRowsOfOpenHouse, as its database has them, in each form.
func TestRowsOfOpenHouse(t *testing.T) {
	to, folder := at(first(serve(t, nil))), t.TempDir()
	for name, rows := range map[string]string{
		"a.csv":   "database_id,table_id,version,metadata_location,storage_type,creation_time\nd1,t1,3,/d1/t1/m,hdfs,77\nd1,t2,0,\"/d1/t2,m\",s3,NULL\n",
		"a.tsv":   "database_id\ttable_id\tmetadata_location\nd2\tt1\t/d2/t1/m\n",
		"a.jsonl": `{"databaseId":"d3","tableId":"t1","version":5,"metadataLocation":"/d3/t1/m","storageType":"hdfs","creationTime":1690000000000}` + "\n",
	} {
		check(t, os.WriteFile(filepath.Join(folder, name), []byte(rows), 0o600))
		to.ok(t, "import-rows", filepath.Join(folder, name))
		if out := to.ok(t, "import-rows", filepath.Join(folder, name)); !strings.HasPrefix(out, "0 are imported") {
			t.Errorf("%s again: %s", name, out)
		}
	}
	for id, want := range map[string]string{
		"databaseId=d1&tableId=t1": `"tableVersion":"/d1/t1/m","metadataLocation":"/d1/t1/m","storageType":"hdfs","creationTime":77`,
		"databaseId=d1&tableId=t2": `"metadataLocation":"/d1/t2,m","storageType":"s3","creationTime":null`,
		"databaseId=d2&tableId=t1": `"metadataLocation":"/d2/t1/m","storageType":"hdfs"`,
		"databaseId=d3&tableId=t1": `"creationTime":1690000000000`,
	} {
		if _, answer := to.send(t, "GET", "/hts/tables?"+id, ""); !strings.Contains(answer, want) {
			t.Errorf("%s: %s, want %s", id, answer, want)
		}
	}
	other := filepath.Join(folder, "b.csv")
	check(t, os.WriteFile(other, []byte("database_id,table_id,metadata_location\nd1,t1,/else\nd1,t3,/d1/t3\n"), 0o600))
	if out, err := to.run(t, "import-rows", other); err == nil || !strings.Contains(out, "its metadata is at /d1/t1/m, and not at /else") || !strings.Contains(err.Error(), "1 are imported") {
		t.Errorf("%s, %v", out, err)
	}
	check(t, os.WriteFile(other, []byte("database_id,table_id\nd1,t1\n"), 0o600))
	if _, err := to.run(t, "import-rows", other); err == nil || !strings.Contains(err.Error(), "row 1 has no metadatalocation") {
		t.Errorf("error %v", err)
	}
}
