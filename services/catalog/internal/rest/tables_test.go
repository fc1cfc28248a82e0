package rest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const schema = `{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","type":"long","required":true},{"id":2,"name":"data","type":"string","required":false}]}`

// withTable makes a world that has the table n.t.
func withTable(t testing.TB, change ...func(*choices)) *world {
	t.Helper()
	w := newWorld(t, change...)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":`+schema+`}`)
	return w
}

const table = "/v1/namespaces/n/tables/t"

// at walks into a JSON value by keys.
func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func text(v any, path ...string) string {
	s, _ := at(v, path...).(string)
	return s
}

// metadataFiles are the metadata files there are.
func (w *world) metadataFiles(t *testing.T) []string {
	t.Helper()
	var found []string
	check(t, filepath.Walk(w.folder, func(path string, _ os.FileInfo, err error) error {
		if strings.HasSuffix(path, ".metadata.json") {
			found = append(found, path)
		}
		return err
	}))
	return found
}

func setProperty(key, value string) string {
	return `{"requirements":[],"updates":[{"action":"set-properties","updates":{` + quote(key) + `:` + quote(value) + `}}]}`
}

// appends is a commit of one snapshot to main, with its id for a sequence number.
func appends(id, parent int64, manifests string) string { return appendsAt(id, parent, id, manifests) }

func appendsAt(id, parent, sequence int64, manifests string) string {
	expected, ancestor := "null", ""
	if parent != 0 {
		expected, ancestor = fmt.Sprint(parent), fmt.Sprintf(`"parent-snapshot-id":%d,`, parent)
	}
	return fmt.Sprintf(`{"requirements":[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":%s}],"updates":[
		{"action":"add-snapshot","snapshot":{"snapshot-id":%d,%s"sequence-number":%d,"timestamp-ms":%d,"manifest-list":%q,"summary":{"operation":"append"},"schema-id":0}},
		{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":%d}]}`,
		expected, id, ancestor, sequence, time.Now().UnixMilli(), manifests, id)
}

func TestTableLife(t *testing.T) {
	w := newWorld(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	r := w.do(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":`+schema+`,"properties":{"k":"v"}}`)
	created := r.json(t)
	if r.status != 200 || text(created, "metadata", "table-uuid") == "" || at(created, "config") == nil {
		t.Fatalf("create: %d %s", r.status, r.body)
	}
	location := text(created, "metadata", "location")
	if want := "file://" + w.folder + "/n/t-" + text(created, "metadata", "table-uuid")[:8]; location != want {
		t.Errorf("location %s, want %s", location, want)
	}
	if got := text(created, "metadata-location"); !strings.HasPrefix(got, location+"/metadata/00000-") || !strings.HasSuffix(got, ".metadata.json") {
		t.Errorf("metadata location %s", got)
	}
	stored, err := os.ReadFile(strings.TrimPrefix(text(created, "metadata-location"), "file://"))
	check(t, err)
	loaded := w.do(t, "GET", table, "")
	if want := fmt.Sprintf(`{"metadata-location":%q,"metadata":%s,"config":{}}`, text(created, "metadata-location"), stored); string(loaded.body) != want {
		t.Errorf("LT5 load is not made of the stored bytes: %s", loaded.body)
	}
	if diff := cmp.Diff(map[string]any{"identifiers": []any{map[string]any{"namespace": []any{"n"}, "name": "t"}}, "next-page-token": nil},
		w.must(t, "GET", "/v1/namespaces/n/tables", "")); diff != "" {
		t.Error(diff)
	}
	w.must(t, "HEAD", table, "")
	committed := w.must(t, "POST", table, setProperty("x", "y"))
	if _, has := committed["config"]; has || text(committed, "metadata", "properties", "x") != "y" || text(committed, "metadata", "properties", "k") != "v" {
		t.Errorf("commit: %v", committed)
	}
	if !strings.HasPrefix(text(committed, "metadata-location"), location+"/metadata/00001-") {
		t.Errorf("metadata location %v", committed["metadata-location"])
	}
	w.must(t, "POST", "/v1/tables/rename", `{"source":{"namespace":["n"],"name":"t"},"destination":{"namespace":["n"],"name":"u"}}`)
	w.refused(t, 404, "NoSuchTableException", "GET", table, "")
	if got := w.must(t, "GET", "/v1/namespaces/n/tables/u", ""); text(got, "metadata", "location") != location {
		t.Errorf("renamed: %v", got)
	}
	w.must(t, "DELETE", "/v1/namespaces/n/tables/u?purgeRequested=True", "")
	w.refused(t, 404, "NoSuchTableException", "DELETE", "/v1/namespaces/n/tables/u", "")
	w.must(t, "DELETE", "/v1/namespaces/n", "")
}

func TestTableRefusals(t *testing.T) {
	w := withTable(t)
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"u","schema":`+schema+`}`)
	create := func(rest string) string { return `{"name":"x","schema":` + schema + rest + `}` }
	rename := func(from, to string) string {
		return fmt.Sprintf(`{"source":{"namespace":["n"],"name":%q},"destination":%s}`, from, to)
	}
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		kind, mentions     string
	}{
		"E7 exists":             {"POST", "/v1/namespaces/n/tables", `{"name":"t","schema":` + schema + `}`, 409, "AlreadyExistsException", "Table already exists: n.t"},
		"E7 no namespace":       {"POST", "/v1/namespaces/x/tables", create(""), 404, "NoSuchNamespaceException", "Namespace does not exist: x"},
		"CT5 staged exists":     {"POST", "/v1/namespaces/n/tables", `{"name":"t","stage-create":true,"schema":` + schema + `}`, 409, "AlreadyExistsException", "Table already exists: n.t"},
		"CT5 staged nowhere":    {"POST", "/v1/namespaces/x/tables", create(`,"stage-create":true`), 404, "NoSuchNamespaceException", "x"},
		"list in no namespace":  {"GET", "/v1/namespaces/x/tables", "", 404, "NoSuchNamespaceException", "x"},
		"E7 missing":            {"GET", "/v1/namespaces/n/tables/x", "", 404, "NoSuchTableException", "Table does not exist: n.x"},
		"P5 metadata table":     {"GET", "/v1/namespaces/n%1Ft/tables/files", "", 404, "NoSuchTableException", "Table does not exist: n.t.files"},
		"commit to missing":     {"POST", "/v1/namespaces/n/tables/x", setProperty("a", "b"), 404, "NoSuchTableException", "Table does not exist: n.x"},
		"CM1 other identifier":  {"POST", table, `{"identifier":{"namespace":["n"],"name":"u"},"requirements":[],"updates":[]}`, 400, "BadRequestException", "identifier"},
		"B1 unknown update":     {"POST", table, `{"requirements":[],"updates":[{"action":"melt"}]}`, 400, "BadRequestException", "melt"},
		"B1 requirement":        {"POST", table, `{"requirements":[{"type":"assert-cold"}],"updates":[]}`, 400, "BadRequestException", "assert-cold"},
		"update wrong type":     {"POST", table, `{"requirements":[],"updates":[{"action":"set-properties","updates":7}]}`, 400, "BadRequestException", "updates"},
		"updates an object":     {"POST", table, `{"requirements":[],"updates":{}}`, 400, "BadRequestException", "updates"},
		"no requirements":       {"POST", table, `{"updates":[]}`, 400, "BadRequestException", "requirements"},
		"no updates":            {"POST", table, `{"requirements":[]}`, 400, "BadRequestException", "updates"},
		"E7 uuid":               {"POST", table, `{"requirements":[{"type":"assert-table-uuid","uuid":"00000000-0000-0000-0000-000000000000"}],"updates":[]}`, 409, "CommitFailedException", "Requirement failed: UUID does not match"},
		"CM9 standing":          {"POST", table, `{"requirements":[{"type":"assert-current-schema-id","current-schema-id":7}],"updates":[]}`, 409, "CommitFailedException", "current is version 1, committed at 20"},
		"CM2 exists":            {"POST", table, `{"requirements":[{"type":"assert-create"}],"updates":[]}`, 409, "AlreadyExistsException", "Requirement failed: table already exists"},
		"CM2 mixed":             {"POST", table, `{"requirements":[{"type":"assert-create"},{"type":"assert-table-uuid","uuid":"00000000-0000-0000-0000-000000000000"}],"updates":[]}`, 400, "BadRequestException", "assert-create"},
		"no schema":             {"POST", "/v1/namespaces/n/tables", `{"name":"x"}`, 400, "BadRequestException", "schema: is missing"},
		"unknown type":          {"POST", "/v1/namespaces/n/tables", `{"name":"x","schema":{"type":"struct","fields":[{"id":1,"name":"a","type":"lung","required":true}]}}`, 400, "BadRequestException", "lung"},
		"no name":               {"POST", "/v1/namespaces/n/tables", `{"schema":` + schema + `}`, 400, "BadRequestException", "name: is missing"},
		"empty name":            {"POST", "/v1/namespaces/n/tables", `{"name":"","schema":` + schema + `}`, 400, "BadRequestException", "name: must not be empty"},
		"control in name":       {"POST", "/v1/namespaces/n/tables", `{"name":"a\u0000","schema":` + schema + `}`, 400, "BadRequestException", "name: contains a control"},
		"over-long name":        {"POST", "/v1/namespaces/n/tables", `{"name":"` + strings.Repeat("x", 256) + `","schema":` + schema + `}`, 400, "BadRequestException", "name: is longer"},
		"name a number":         {"POST", "/v1/namespaces/n/tables", `{"name":1,"schema":` + schema + `}`, 400, "BadRequestException", "name: must be a string, found a number"},
		"CT3 outside":           {"POST", "/v1/namespaces/n/tables", create(`,"location":"file:///etc/x"`), 400, "BadRequestException", w.folder},
		"CT3 dots":              {"POST", "/v1/namespaces/n/tables", create(`,"location":"file://` + w.folder + `/../x"`), 400, "BadRequestException", ".."},
		"CT3 other scheme":      {"POST", "/v1/namespaces/n/tables", create(`,"location":"s3://bucket/x"`), 400, "BadRequestException", w.folder},
		"metadata path outside": {"POST", "/v1/namespaces/n/tables", create(`,"properties":{"write.metadata.path":"/etc"}`), 400, "BadRequestException", w.folder},
		"set-location outside":  {"POST", table, `{"requirements":[],"updates":[{"action":"set-location","location":"file:///etc/x"}]}`, 400, "BadRequestException", w.folder},
		"set path outside":      {"POST", table, setProperty("write.metadata.path", "/etc"), 400, "BadRequestException", w.folder},
		"unknown codec":         {"POST", table, setProperty("write.metadata.compression-codec", "lzma"), 400, "BadRequestException", "lzma"},
		"snapshots mode":        {"GET", table + "?snapshots=some", "", 400, "BadRequestException", "snapshots"},
		"purge flag":            {"DELETE", table + "?purgeRequested=perhaps", "", 400, "BadRequestException", "purgeRequested"},
		"E7 rename onto":        {"POST", "/v1/tables/rename", rename("t", `{"namespace":["n"],"name":"u"}`), 409, "AlreadyExistsException", "Cannot rename n.t to n.u. Table already exists"},
		"RN1 onto itself":       {"POST", "/v1/tables/rename", rename("t", `{"namespace":["n"],"name":"t"}`), 409, "AlreadyExistsException", "Cannot rename"},
		"rename missing":        {"POST", "/v1/tables/rename", rename("x", `{"namespace":["n"],"name":"y"}`), 404, "NoSuchTableException", "Table does not exist: n.x"},
		"rename nowhere":        {"POST", "/v1/tables/rename", rename("t", `{"namespace":["y"],"name":"y"}`), 404, "NoSuchNamespaceException", "Namespace does not exist: y"},
		"rename without name":   {"POST", "/v1/tables/rename", rename("t", `{"namespace":["y"]}`), 400, "BadRequestException", "destination.name"},
		"metrics of no type":    {"POST", table + "/metrics", `{}`, 400, "BadRequestException", "report-type"},
		"RG2 outside":           {"POST", "/v1/namespaces/n/register", `{"name":"r","metadata-location":"file:///etc/passwd"}`, 400, "BadRequestException", w.folder},
		"RG2 no file":           {"POST", "/v1/namespaces/n/register", `{"name":"r","metadata-location":"file://` + w.folder + `/none"}`, 400, "BadRequestException", "cannot be read"},
		"RG no namespace":       {"POST", "/v1/namespaces/x/register", `{"name":"r","metadata-location":"file://` + w.folder + `/none"}`, 404, "NoSuchNamespaceException", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(w.metadataFiles(t))
			message := w.refused(t, test.status, test.kind, test.method, test.path, test.body)
			if !strings.Contains(message, test.mentions) {
				t.Errorf("message %q does not mention %q", message, test.mentions)
			}
			if after := len(w.metadataFiles(t)); after != before {
				t.Errorf("%d metadata files, %d before", after, before)
			}
		})
	}
}

func TestMetricsAreTakenAsTheyCome(t *testing.T) {
	w := withTable(t)
	w.must(t, "POST", table+"/metrics", `{"report-type":"scan-report","metrics":{"any":1}}`)
	w.must(t, "POST", table+"/metrics", `{"report-type":"of the future"}`)
}

// CT4, CT6: nothing is kept of a staged table; sent again under its key it is
// the same one.
func TestStagedCreate(t *testing.T) {
	w := withTable(t)
	body := `{"name":"s","stage-create":true,"schema":` + schema + `}`
	staged := w.do(t, "POST", "/v1/namespaces/n/tables", body, "Idempotency-Key", keyA)
	again := w.must(t, "POST", "/v1/namespaces/n/tables", body, "Idempotency-Key", keyA)
	other := w.must(t, "POST", "/v1/namespaces/n/tables", body)
	if staged.header.Get("ETag") != "" || staged.json(t)["metadata-location"] != nil {
		t.Errorf("staged: %v %s", staged.header, staged.body)
	}
	id, location := text(staged.json(t), "metadata", "table-uuid"), text(staged.json(t), "metadata", "location")
	if text(again, "metadata", "table-uuid") != id || text(again, "metadata", "location") != location || text(other, "metadata", "table-uuid") == id {
		t.Errorf("staged %v, again %v, other %v", staged.json(t), again, other)
	}
	w.refused(t, 404, "NoSuchTableException", "GET", "/v1/namespaces/n/tables/s", "")
	commit := fmt.Sprintf(`{"requirements":[{"type":"assert-create"}],"updates":[{"action":"assign-uuid","uuid":%q},{"action":"upgrade-format-version","format-version":2},
		{"action":"add-schema","schema":%s,"last-column-id":2},{"action":"set-current-schema","schema-id":-1},
		{"action":"add-spec","spec":{"spec-id":0,"fields":[]}},{"action":"set-default-spec","spec-id":-1},
		{"action":"add-sort-order","sort-order":{"order-id":0,"fields":[]}},{"action":"set-default-sort-order","sort-order-id":-1},
		{"action":"set-location","location":%q},{"action":"set-properties","updates":{}}]}`, id, schema, location)
	outside := strings.Replace(commit, location, "file:///etc/x", 1)
	w.refused(t, 400, "BadRequestException", "POST", "/v1/namespaces/n/tables/s", outside)
	w.refused(t, 404, "NoSuchNamespaceException", "POST", "/v1/namespaces/x/tables/s", commit)
	created := w.must(t, "POST", "/v1/namespaces/n/tables/s", commit)
	if text(created, "metadata", "table-uuid") != id || text(created, "metadata", "location") != location {
		t.Errorf("created: %v", created)
	}
	w.must(t, "POST", "/v1/namespaces/n/tables/s", setProperty("later", "1"))
	if again := w.must(t, "POST", "/v1/namespaces/n/tables/s", commit); text(again, "metadata", "properties", "later") != "1" {
		t.Errorf("I13: created again: %v", again)
	}
	w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/tables/s", strings.Replace(commit, id, text(other, "metadata", "table-uuid"), 1))
}

func TestEntityTags(t *testing.T) {
	w := withTable(t)
	all, refs := w.do(t, "GET", table, ""), w.do(t, "GET", table+"?snapshots=refs", "")
	tag := all.header.Get("ETag")
	if tag == "" || refs.header.Get("ETag") == tag || w.do(t, "GET", table+"?snapshots=all", "").header.Get("ETag") != tag {
		t.Errorf("T2 tags: all %s, refs %s", tag, refs.header.Get("ETag"))
	}
	for condition, status := range map[string]int{
		tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, refs.header.Get("ETag"): 200, strings.Trim(tag, `"`): 200,
	} {
		r := w.do(t, "GET", table, "", "If-None-Match", condition)
		if r.status != status || (status == 304 && (len(r.body) > 0 || r.header.Get("ETag") != tag)) {
			t.Errorf("T6 %s: %d %s", condition, r.status, r.body)
		}
	}
	committed := w.do(t, "POST", table, setProperty("a", "b"))
	if got := committed.header.Get("ETag"); got == tag || w.do(t, "GET", table, "", "If-None-Match", got).status != 304 {
		t.Errorf("T5 tag of a commit: %s", got)
	}
	if r := w.do(t, "POST", table, unchanging); r.header.Get("ETag") != committed.header.Get("ETag") {
		t.Errorf("CM6 tag of a commit without change: %s", r.header.Get("ETag"))
	}
}

// B3: Java looks for "ETag" in exactly this spelling.
func TestEntityTagIsSpelledForJava(t *testing.T) {
	w := withTable(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	check(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", table)
	check(t, err)
	lines := bufio.NewScanner(conn)
	for lines.Scan() && lines.Text() != "" {
		if strings.HasPrefix(lines.Text(), "ETag: ") {
			return
		}
	}
	t.Error("no header ETag")
}

// LT1: snapshots that nothing points at are left out, and nothing else.
func TestLoadRefs(t *testing.T) {
	w := withTable(t)
	w.must(t, "POST", table, appends(1, 0, "file:///m1"))
	w.must(t, "POST", table, appends(2, 1, "file:///m2"))
	if n := len(at(w.must(t, "GET", table, ""), "metadata", "snapshots").([]any)); n != 2 {
		t.Errorf("all: %d snapshots", n)
	}
	refs := w.must(t, "GET", table+"?snapshots=refs", "")
	if n := len(at(refs, "metadata", "snapshots").([]any)); n != 1 {
		t.Errorf("refs: %d snapshots", n)
	}
	if n := len(at(refs, "metadata", "snapshot-log").([]any)); n != 2 {
		t.Errorf("refs: %d log entries", n)
	}
}

// LT2, LT2b: a table whose metadata file vanished is not one that does not exist.
func TestVanishedMetadata(t *testing.T) {
	w := withTable(t)
	tag := w.do(t, "GET", table, "").header.Get("ETag")
	for _, file := range w.metadataFiles(t) {
		check(t, os.Rename(file, file+".away"))
	}
	for _, path := range []string{table, table + "?snapshots=refs"} {
		if message := w.refused(t, 404, "NotFoundException", "GET", path, ""); !strings.Contains(message, "Failed to open input stream for file: file:///") {
			t.Error(message)
		}
	}
	w.refused(t, 404, "NotFoundException", "GET", table, "", "If-None-Match", tag)
	w.must(t, "DELETE", table, "")
}

// LT6: what is remembered of a file is no answer to who wants none of it, and stays
// for the others.
func TestMetadataIsReadAfresh(t *testing.T) {
	w := withTable(t)
	w.must(t, "POST", "/v1/namespaces/n/views", createsView("v"))
	tag := w.do(t, "GET", table, "").header.Get("ETag")
	fresh := []string{"Cache-Control", "max-age=0, No-Cache"}
	if r := w.do(t, "GET", table, "", fresh[0], fresh[1], "If-None-Match", tag); r.status != 200 {
		t.Errorf("read afresh: %d %s", r.status, r.body)
	}
	for _, file := range w.metadataFiles(t) {
		check(t, os.Truncate(file, 20))
	}
	for _, path := range []string{table, "/v1/namespaces/n/views/v"} {
		w.must(t, "GET", path, "")
		if message := w.refused(t, 500, "DamagedFileException", "GET", path, "", fresh...); !strings.Contains(message, ".metadata.json cannot be read") {
			t.Error(message)
		}
		w.must(t, "GET", path, "")
	}
}

func TestRegister(t *testing.T) {
	w := withTable(t)
	first := text(w.must(t, "GET", table, ""), "metadata-location")
	second := text(w.must(t, "POST", table, setProperty("a", "b")), "metadata-location")
	register := func(name, location, rest string) string {
		return fmt.Sprintf(`{"name":%q,"metadata-location":%q%s}`, name, location, rest)
	}
	w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/register", register("t", first, ""))
	over := w.do(t, "POST", "/v1/namespaces/n/register", register("t", first, `,"overwrite":true`))
	if over.status != 200 || text(over.json(t), "metadata-location") != first || over.header.Get("ETag") == "" {
		t.Errorf("overwrite: %d %s", over.status, over.body)
	}
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"other","schema":`+schema+`}`)
	w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/register", register("other", first, `,"overwrite":true`))
	unregistered := w.must(t, "POST", table+"/unregister", "", "Idempotency-Key", keyA)
	if text(unregistered, "metadata-location") != first {
		t.Errorf("unregister: %v", unregistered)
	}
	w.refused(t, 404, "NoSuchTableException", "POST", table, setProperty("c", "d"))
	if diff := cmp.Diff(unregistered, w.must(t, "POST", table+"/unregister", "", "Idempotency-Key", keyA)); diff != "" {
		t.Errorf("UR1 replay: %s", diff)
	}
	w.refused(t, 404, "NoSuchTableException", "POST", table+"/unregister", "")
	w.must(t, "POST", "/v1/namespaces/n/register", register("t", second, ""))
	if got := w.must(t, "POST", table, setProperty("e", "f")); !strings.Contains(text(got, "metadata-location"), "/metadata/00002-") {
		t.Errorf("version goes on counting: %v", got["metadata-location"])
	}
}

// RG2: to register is not a way to read files.
func TestRegisterTellsNothing(t *testing.T) {
	w := withTable(t, func(c *choices) { c.settings.AnyLocation = true })
	secret := filepath.Join(t.TempDir(), "secret")
	for _, content := range []string{"hunter2", `{"password":"hunter2"}`, "\x1f\x8bhunter2", `{"format-version":2,"hunter2":`, `["hunter2"]`} {
		check(t, os.WriteFile(secret, []byte(content), 0o600))
		r := w.do(t, "POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":"r","metadata-location":%q}`, secret))
		if message, _ := r.problem(t); r.status != 400 || strings.Contains(message, "hunter2") {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	for _, location := range []string{"/dev/zero", "/etc", secret + "/x", "s3://bucket/x"} {
		if r := w.do(t, "POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":"r","metadata-location":%q}`, location)); r.status != 400 && r.status != 406 {
			t.Errorf("%s: %d %s", location, r.status, r.body)
		}
	}
}

func TestGzippedMetadata(t *testing.T) {
	w := withTable(t)
	committed := w.must(t, "POST", table, setProperty("write.metadata.compression-codec", "gzip"))
	location := text(committed, "metadata-location")
	if !strings.HasSuffix(location, ".gz.metadata.json") {
		t.Error(location)
	}
	data, err := os.ReadFile(strings.TrimPrefix(location, "file://"))
	check(t, err)
	if r, err := gzip.NewReader(bytes.NewReader(data)); err != nil {
		t.Error(err)
	} else if err := json.NewDecoder(r).Decode(&map[string]any{}); err != nil {
		t.Error(err)
	}
	// MD3: another replica, which has it not in memory.
	second := newWorld(t, func(c *choices) { c.hts, c.settings.WarehouseRoot = w.hts, "file://"+w.folder })
	if diff := cmp.Diff(committed["metadata"], second.must(t, "GET", table, "")["metadata"]); diff != "" {
		t.Error(diff)
	}
}

// No table owns the whole disk.
func TestRootIsNoLocation(t *testing.T) {
	w := withTable(t, func(c *choices) { c.settings.AnyLocation = true })
	for _, root := range []string{"file:///", "/", "file:/", "///", "file:////."} {
		w.refused(t, 400, "BadRequestException", "POST", "/v1/namespaces/n/tables", `{"name":"r","stage-create":true,"location":"`+root+`","schema":`+schema+`}`)
		w.refused(t, 400, "BadRequestException", "POST", table, `{"requirements":[],"updates":[{"action":"set-location","location":"`+root+`"}]}`)
	}
}

func TestRequestedLocations(t *testing.T) {
	w := newWorld(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"],"properties":{"location":"file://`+w.folder+`/elsewhere/"}}`)
	for name, test := range map[string]struct{ rest, want string }{
		"given":     {`,"location":"file://` + w.folder + `/given///"`, "file://" + w.folder + "/given"},
		"plain":     {`,"location":"` + w.folder + `/plain"`, w.folder + "/plain"},
		"namespace": {"", "file://" + w.folder + "/elsewhere/namespace-"},
	} {
		created := w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"`+name+`","schema":`+schema+test.rest+`}`)
		if got := text(created, "metadata", "location"); !strings.HasPrefix(got, test.want) || (test.rest != "" && got != test.want) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"../../a/b","schema":`+schema+`}`)
	long := strings.Repeat("é", 127)
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"`+long+`","schema":`+schema+`}`)
}

// L1, L3: a list is whole unless a token was sent; Java sends an empty one.
func TestPages(t *testing.T) {
	w := newWorld(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	want := make([]any, 0, 5)
	for i := range 5 {
		name := fmt.Sprintf("t%d", i)
		w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"`+name+`","schema":`+schema+`}`)
		want = append(want, map[string]any{"namespace": []any{"n"}, "name": name})
	}
	const list = "/v1/namespaces/n/tables"
	if got := w.must(t, "GET", list+"?pageSize=2", ""); !cmp.Equal(got["identifiers"], any(want)) || got["next-page-token"] != nil {
		t.Errorf("without token: %v", got)
	}
	var got []any
	token, pages := "", 0
	for {
		page := w.must(t, "GET", list+"?pageSize=2&pageToken="+token, "")
		got = append(got, page["identifiers"].([]any)...)
		pages++
		next, more := page["next-page-token"].(string)
		if !more {
			break
		}
		token = next
		w.refused(t, 400, "BadRequestException", "GET", "/v1/namespaces?pageToken="+token, "")
	}
	if pages != 3 || !cmp.Equal(got, want) {
		t.Errorf("%d pages: %v", pages, got)
	}
}
