package command_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/services/igloo/backup"
)

// hts asks the house table service for a change.
func (s shell) hts(t *testing.T, method, path, body string) {
	t.Helper()
	status, answer := s.send(t, method, "/hts"+path, body)
	if status >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
}

// populate fills a warehouse with what a generator makes up.
func (s shell) populate(t *testing.T, r *rand.Rand, warehouse string) {
	t.Helper()
	wanted := 3 + r.IntN(4)
	namespaces := make([]string, 0, wanted)
	for n := range wanted {
		id := fmt.Sprint("n", n)
		if len(namespaces) > 0 && r.IntN(2) == 0 {
			id = namespaces[r.IntN(len(namespaces))] + "." + id
		}
		namespaces = append(namespaces, id)
		s.hts(t, "POST", "/namespaces", fmt.Sprintf(`{"warehouse":%q,"namespace":{"databaseId":%q,"properties":{"owner":"o%d","<a&b>":"\u2028"}}}`, warehouse, id, r.IntN(9)))
	}
	for n := range 30 {
		s.populateTable(t, r, warehouse, namespaces[r.IntN(len(namespaces))], n)
	}
	s.hts(t, "POST", "/access/grants", fmt.Sprintf(`{"grants":[
		{"object":{"kind":"namespace","warehouse":%[1]q,"databaseId":%[2]q},"grantee":"role:readers","privilege":"select"},
		{"object":{"kind":"warehouse","warehouse":%[1]q},"grantee":"everyone","privilege":"list"}]}`, warehouse, namespaces[0]))
	s.hts(t, "PUT", "/jobs", fmt.Sprintf(`{"warehouse":%q,"entity":{"jobId":"j%d","jobName":"compact","clusterId":"c","state":"SUCCEEDED","retentionTimeSec":7}}`, warehouse, r.IntN(100)))
}

// populateTable makes a table, a view or a function, which may hold something, may
// be somebody's, and may be dropped softly, once or more often.
func (s shell) populateTable(t *testing.T, r *rand.Rand, warehouse, namespace string, n int) {
	t.Helper()
	kind := []string{"TABLE", "VIEW", "FUNCTION"}[r.IntN(3)]
	key := fmt.Sprintf(`{"databaseId":%q,"tableId":"t.%d","function":%t}`, namespace, n, kind == "FUNCTION")
	for generation := range 1 + r.IntN(3) {
		id, _ := uuid.NewRandomFromReader(seeded{r})
		table := fmt.Sprintf(`{"key":%s,"kind":"TABLE_KIND_%s","metadataLocation":"s3://w/%s/%d/%d"`, key, kind, id, n, generation)
		if r.IntN(2) == 0 {
			table += fmt.Sprintf(`,"location":"s3://w/%s","metadataUuid":"%s","storageType":"s3","creationTimeMs":%d`, id, base64Of(id), r.IntN(1000))
		}
		s.commit(t, warehouse, r.IntN(3), `{"createTable":`+table+`}}`)
		if generation > 0 || r.IntN(3) == 0 {
			s.commit(t, warehouse, 0, fmt.Sprintf(`{"dropTable":{"key":%s,"soft":true,"purgeAfterMs":%d}}`, key, 4_000_000_000_000+r.IntN(1000)))
			continue
		}
		return
	}
}

func (s shell) commit(t *testing.T, warehouse string, principal int, change string) {
	t.Helper()
	names := []string{"", "corp:alice", "corp:bob"}
	status, answer := s.send(t, "POST", "/hts/commit", fmt.Sprintf(`{"warehouse":%q,"principal":%q,"operations":[{"id":"%s","outcome":{"status":200}}],"changes":[%s]}`,
		warehouse, names[principal], base64Of(uuid.New()), change))
	if status != 200 || strings.Contains(answer, `"conflict":{`) {
		t.Fatalf("commit %s: %d %s", change, status, answer)
	}
}

// remade are the fields that an import makes anew; see docs/backup.md.
var remade = []string{"uuid", "version", "createdAt", "updatedAt", "deletedAtMs", "grantedBy", "grantedAt", "position"}

// content is what a file says, without what an import makes anew.
func content(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	check(t, err)
	defer file.Close()
	var lines []string
	for line, err := range backup.Lines(file) {
		check(t, err)
		if line.Type == backup.TypeHeader || line.Type == backup.TypeTrailer {
			continue
		}
		var value any
		check(t, json.Unmarshal(line.Value, &value))
		text, err := json.Marshal(without(value, remade))
		check(t, err)
		lines = append(lines, line.Type+" "+line.Warehouse+" "+string(text))
	}
	return lines
}

func without(value any, fields []string) any {
	switch v := value.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(key string, _ any) bool { return slices.Contains(fields, key) })
		for key, inner := range v {
			v[key] = without(inner, fields)
		}
	case []any:
		for i, inner := range v {
			v[i] = without(inner, fields)
		}
	}
	return value
}

// TestWhatIsImportedIsWhatWasExported, but for what is made anew; and what is
// imported once more changes nothing.
func TestWhatIsImportedIsWhatWasExported(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			from, to, folder := at(first(serve(t, nil))), at(first(serve(t, nil))), t.TempDir()
			from.ok(t, "roles", "create", "readers", "--description", "who reads")
			from.ok(t, "roles", "add-member", "readers", "group:corp:g")
			from.ok(t, "warehouses", "create", "sales", "--property", "a=b", "--case-insensitive")
			for _, warehouse := range []string{"default", "sales"} {
				from.populate(t, r, warehouse)
			}
			one, two := filepath.Join(folder, "one"), filepath.Join(folder, "two")
			if out := from.ok(t, "export", one); !strings.Contains(out, "nothing changed meanwhile") {
				t.Errorf("exported: %s", out)
			}
			out := to.ok(t, "import", one)
			if !strings.Contains(out, "and 1 were there already") {
				t.Errorf("imported: %s", out)
			}
			to.ok(t, "export", two)
			if diff := cmp.Diff(content(t, one), content(t, two)); diff != "" {
				t.Fatalf("(-exported +imported):\n%s", diff)
			}
			to.ok(t, "import", one)
			again := filepath.Join(folder, "again")
			to.ok(t, "export", again)
			if diff := cmp.Diff(content(t, two), content(t, again)); diff != "" {
				t.Fatalf("imported twice (-once +twice):\n%s", diff)
			}
		})
	}
}

// TestImportsOverwriteNothing: what is there and differs stays, is told of, and
// keeps nothing else from being imported.
func TestImportsOverwriteNothing(t *testing.T) {
	from, to, file := at(first(serve(t, nil))), at(first(serve(t, nil))), filepath.Join(t.TempDir(), "file")
	table := func(s shell, location, held string) {
		s.commit(t, "default", 0, fmt.Sprintf(`{"createTable":{"key":{"databaseId":"n","tableId":"t%s"},"metadataLocation":%q,"location":%q}}`, held, location, held))
	}
	for s, property := range map[*shell]string{&from: "1", &to: "2"} {
		s.hts(t, "POST", "/namespaces", `{"namespace":{"databaseId":"n","properties":{"p":"`+property+`"}}}`)
		s.ok(t, "roles", "create", "readers", "--description", property)
	}
	table(from, "/1", "")
	table(to, "/2", "")
	table(from, "/a", "a/b")
	table(to, "/b", "a")
	table(from, "/fine", "c")
	from.ok(t, "export", file)
	out, err := to.run(t, "import", file)
	if err == nil || !strings.Contains(err.Error(), "and 4 are not as in the file") {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{`is there with the description "2"`, "is there, with other properties", "its metadata is at /2, and not at /1", "location taken: a, by n.ta"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q:\n%s", want, out)
		}
	}
	if _, answer := to.send(t, "GET", "/hts/export/tables", ""); strings.Count(answer, `"metadataLocation"`) != 3 || !strings.Contains(answer, `"/fine"`) || !strings.Contains(answer, `"/2"`) {
		t.Errorf("there are %s", answer)
	}
}

// TestSecretsStayAtHome: a warehouse that needs some is made by who has them.
func TestSecretsStayAtHome(t *testing.T) {
	line := `{"type":"warehouse","warehouse":"w","value":{"warehouse":{"name":"w","location":"s3://b/w","storage":{"s3":{"accessKeyId":"k"},"secrets":["s3.secret_access_key"]}},"position":""}}`
	to, path := at(first(serve(t, nil))), filepath.Join(t.TempDir(), "file")
	file, err := os.Create(path)
	check(t, err)
	w, err := backup.NewWriter(file, backup.Header{Format: backup.Format, ID: uuid.New()})
	check(t, err)
	var warehouse backup.Line
	check(t, json.Unmarshal([]byte(line), &warehouse))
	check(t, w.Write(warehouse.Type, "w", warehouse.Value))
	check(t, w.Write(backup.TypeNamespace, "w", map[string]string{"databaseId": "n"}))
	_, err = w.End()
	check(t, err)
	check(t, file.Close())
	out, err := to.run(t, "import", path, "-o", "jsonl")
	if err == nil || !strings.Contains(out, "make it by igloo warehouses create") || strings.Contains(out, "namespace") {
		t.Errorf("%s, %v", out, err)
	}
	to.refused(t, "is there already", "export", path)
	check(t, os.WriteFile(path, []byte("{}"), 0o600))
	to.refused(t, "is not whole", "import", path)
	to.refused(t, `there is no warehouse ["none"]`, "export", path+"2", "-w", "none")
	if left, _ := filepath.Glob(path + "2*"); len(left) > 0 {
		t.Errorf("an export that failed leaves %q", left)
	}
}

// first is the URL of what serves.
func first(url, _ string) string { return url }

func base64Of(id uuid.UUID) string { return base64.StdEncoding.EncodeToString(id[:]) }

// seeded makes bytes by a generator.
type seeded struct{ *rand.Rand }

// Read implements io.Reader.
func (s seeded) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s.Uint32())
	}
	return len(p), nil
}
