package rest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// The protocol's rules by their ids: CT creates, LT loads, T entity tags, DT
// drops, RG registers, RN renames, VW views, V references, MD metadata. Those that
// other tests are named by are not repeated.
func TestRulesOfTables(t *testing.T) {
	t.Run("CT1 what the server assigns", func(t *testing.T) {
		w := newWorld(t)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
		created := w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","properties":{"format-version":"1","uuid":"x","k":"v"},
			"schema":{"type":"struct","fields":[{"id":70,"name":"a","type":{"type":"struct","fields":[{"id":71,"name":"b","type":"long","required":false}]},"required":false},
				{"id":72,"name":"c","type":"long","required":true}]},
			"partition-spec":{"fields":[{"name":"c","transform":"identity","source-id":72}]}}`)["metadata"]
		if got := at(created, "format-version"); got != 1.0 || at(created, "last-column-id") != 3.0 || at(created, "last-partition-id") != 1000.0 {
			t.Errorf("%v", created)
		}
		if diff := cmp.Diff(map[string]any{"k": "v", "write.parquet.compression-codec": "zstd"}, at(created, "properties")); diff != "" {
			t.Error(diff)
		}
		spec := at(created, "partition-specs").([]any)[0]
		if field := at(spec, "fields").([]any)[0]; at(field, "source-id") != 2.0 || at(field, "field-id") != 1000.0 {
			t.Errorf("%v", spec)
		}
	})
	t.Run("CT2 defaults under the request, overrides over it", propertiesInLayers)
	t.Run("CT4 two may stage one name, one creates it", func(t *testing.T) {
		w := withTable(t)
		body := `{"name":"s","stage-create":true,"schema":` + schema + `}`
		mine, theirs := w.must(t, "POST", "/v1/namespaces/n/tables", body), w.must(t, "POST", "/v1/namespaces/n/tables", body)
		if text(mine, "metadata", "location") == text(theirs, "metadata", "location") {
			t.Error("two staged tables at one location")
		}
		w.must(t, "POST", "/v1/namespaces/n/tables/s", createsStaged(theirs))
		w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/tables/s", createsStaged(mine))
	})
	t.Run("CT6 staged again under its key, though the table exists", func(t *testing.T) {
		w := withTable(t)
		second := newWorld(t, func(c *choices) { c.hts, c.settings.WarehouseRoot = w.hts, "file://"+w.folder })
		body := `{"name":"s","stage-create":true,"schema":` + schema + `}`
		staged := w.must(t, "POST", "/v1/namespaces/n/tables", body, "Idempotency-Key", keyA)
		w.must(t, "POST", "/v1/namespaces/n/properties", `{"updates":{"location":"file://`+w.folder+`/moved"}}`)
		w.must(t, "POST", "/v1/namespaces/n/tables/s", createsStaged(staged))
		for _, replica := range []*world{w, second} {
			again := replica.must(t, "POST", "/v1/namespaces/n/tables", body, "Idempotency-Key", keyA)
			for _, part := range []string{"table-uuid", "location"} {
				if text(again, "metadata", part) != text(staged, "metadata", part) {
					t.Errorf("%s: %v, first %v", part, at(again, "metadata", part), at(staged, "metadata", part))
				}
			}
		}
		w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/tables", body, "Idempotency-Key", keyB)
		w.must(t, "DELETE", "/v1/namespaces/n/tables/s", "")
		w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/tables", body, "Idempotency-Key", keyB)
	})
	t.Run("LT1 statistics of snapshots that are left out", func(t *testing.T) {
		w := withTable(t)
		for id := int64(1); id <= 2; id++ {
			w.must(t, "POST", table, appends(id, id-1, fmt.Sprintf("file:///m%d", id)))
			w.must(t, "POST", table, fmt.Sprintf(`{"requirements":[],"updates":[{"action":"set-statistics","snapshot-id":%d,"statistics":
				{"snapshot-id":%d,"statistics-path":"file:///s","file-size-in-bytes":1,"file-footer-size-in-bytes":1,"blob-metadata":[]}}]}`, id, id))
		}
		for mode, want := range map[string]int{"all": 2, "refs": 1} {
			got := w.must(t, "GET", table+"?snapshots="+mode, "")
			if n := len(at(got, "metadata", "statistics").([]any)); n != want || at(got, "metadata", "current-snapshot-id") != 2.0 || at(got, "metadata", "refs", "main") == nil {
				t.Errorf("%s: %d statistics: %v", mode, n, got)
			}
		}
	})
	t.Run("LT4 who plans scans is the client's choice", func(t *testing.T) {
		w := withFiles(t, 1, scan.Settings{})
		if got := at(w.must(t, "GET", table, ""), "config", "scan-planning-mode"); got != nil {
			t.Errorf("%v", got)
		}
	})
	t.Run("UR2 unregistering is served, and clients are told", func(t *testing.T) {
		w := withTable(t)
		endpoints, _ := w.must(t, "GET", "/v1/config", "")["endpoints"].([]any)
		if !slices.Contains(endpoints, any("POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/unregister")) {
			t.Errorf("%v", endpoints)
		}
		w.must(t, "POST", table+"/unregister", "")
		if files := w.metadataFiles(t); len(files) != 1 {
			t.Errorf("files: %q", files)
		}
	})
	t.Run("T4 T8 what has a tag holds no credentials", func(t *testing.T) {
		w := withTable(t)
		for _, header := range []string{"", "vended-credentials", "remote-signing"} {
			r := w.do(t, "GET", table, "", "X-Iceberg-Access-Delegation", header)
			if got := r.json(t); got["storage-credentials"] != nil && r.header.Get("ETag") != "" && r.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %v %v", header, r.header, got)
			}
		}
	})
	t.Run("T7 who keeps a table asks whether it is the same", func(t *testing.T) {
		w := withTable(t)
		for i := range 3 {
			tag := w.do(t, "GET", table, "").header.Get("ETag")
			if r := w.do(t, "GET", table, "", "If-None-Match", tag); r.status != 304 {
				t.Errorf("unchanged: %d", r.status)
			}
			w.must(t, "POST", table, setProperty("k", fmt.Sprint(i)))
			if r := w.do(t, "GET", table, "", "If-None-Match", tag); r.status != 200 || text(r.json(t), "metadata", "properties", "k") != fmt.Sprint(i) {
				t.Errorf("changed: %d %s", r.status, r.body)
			}
		}
	})
	t.Run("VW4 views have no configuration", func(t *testing.T) {
		if got := withView(t).must(t, "GET", view, "")["config"]; !cmp.Equal(got, map[string]any{}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("MD1 what each format version says of no snapshot", formatVersions)
	t.Run("MD1 legacy fields of format version 1", legacyFields)
	t.Run("LT3 no configuration, or Java makes a FileIO for each table", func(t *testing.T) {
		if got := withTable(t).must(t, "GET", table, "")["config"]; !cmp.Equal(got, map[string]any{}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("T1 which answers carry a tag", whoHasTags)
	t.Run("T3 a tag that matches has no body", func(t *testing.T) {
		w := withTable(t)
		tag := w.do(t, "GET", table, "").header.Get("ETag")
		if r := w.do(t, "GET", table, "", "If-None-Match", tag); r.status != 304 || len(r.body) > 0 || r.header.Get("Content-Length") != "" {
			t.Errorf("%d %v %s", r.status, r.header, r.body)
		}
		if r := w.do(t, "GET", table, ""); r.status != 200 {
			t.Errorf("without a condition: %d", r.status)
		}
	})
	t.Run("DT1 files stay", func(t *testing.T) {
		for _, query := range []string{"", "?purgeRequested=false", "?purgeRequested=True"} {
			w := withTable(t)
			w.must(t, "DELETE", table+query, "")
			if files := w.metadataFiles(t); len(files) != 1 {
				t.Errorf("%q: files: %q", query, files)
			}
		}
	})
	t.Run("RG1 overwriting a view", func(t *testing.T) {
		w := withView(t)
		location := text(w.must(t, "GET", table, ""), "metadata-location")
		w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":"v","metadata-location":%q,"overwrite":true}`, location))
	})
	t.Run("RN1 the uuid, the location and the files are the same", func(t *testing.T) {
		w := withTable(t)
		before := w.do(t, "GET", table, "")
		w.must(t, "POST", "/v1/tables/rename", `{"source":{"namespace":["n"],"name":"t"},"destination":{"namespace":["n"],"name":"u"}}`)
		if after := w.do(t, "GET", "/v1/namespaces/n/tables/u", ""); string(after.body) != string(before.body) {
			t.Errorf("%s\n%s", before.body, after.body)
		}
		w.refused(t, 404, "NoSuchTableException", "POST", table, setProperty("a", "b"))
	})
	t.Run("V1 views that refer to a table", func(t *testing.T) {
		w := withView(t)
		w.must(t, "GET", table+"?referenced-by=n%1Fv,n%1Fa%2Cb", "")
		w.must(t, "GET", view+"?referenced-by=n%1Fv", "")
	})
	t.Run("VW1 the schema of the request, one representation a dialect", func(t *testing.T) {
		w := withTable(t)
		last := strings.Replace(createsView("v"), `"schema-id":0,"summary"`, `"schema-id":-1,"summary"`, 1)
		created := w.must(t, "POST", "/v1/namespaces/n/views", last)
		if got := at(at(created, "metadata", "versions").([]any)[0], "schema-id"); got != 0.0 {
			t.Errorf("schema %v", got)
		}
		twice := strings.Replace(createsView("w"), `[{"type":"sql"`, `[{"type":"sql","sql":"select 0","dialect":"SPARK"},{"type":"sql"`, 1)
		w.refused(t, 400, "IllegalArgumentException", "POST", "/v1/namespaces/n/views", twice)
	})
	t.Run("VW2 the history is trimmed", func(t *testing.T) {
		w := withView(t)
		w.must(t, "POST", view, `{"updates":[{"action":"set-properties","updates":{"version.history.num-entries":"2"}}]}`)
		var replaced map[string]any
		for i := range 4 {
			replaced = w.must(t, "POST", view, replacesView(fmt.Sprintf("select %d", i+5)))
		}
		if n := len(at(replaced, "metadata", "versions").([]any)); n != 2 {
			t.Errorf("%d versions", n)
		}
	})
	t.Run("B5 what is not known is kept", func(t *testing.T) {
		w := withTable(t)
		w.registers(t, "r", `"vendor-field":{"a":[1.50,9223372036854775807,"\u00e9"]},`)
		if body := string(w.do(t, "POST", "/v1/namespaces/n/tables/r", setProperty("a", "b")).body); !strings.Contains(body, `"vendor-field":{"a":[1.50,9223372036854775807,"\u00e9"]}`) {
			t.Error(body)
		}
	})
	t.Run("MD2 a location without slashes behind it", func(t *testing.T) {
		w := withTable(t)
		moved := w.must(t, "POST", table, `{"requirements":[],"updates":[{"action":"set-location","location":"file://`+w.folder+`/x//"}]}`)
		if got := text(moved, "metadata", "location"); got != "file://"+w.folder+"/x" {
			t.Error(got)
		}
	})
	t.Run("MD3 metadata that is compressed, under either name", func(t *testing.T) {
		w := withTable(t)
		location := text(w.must(t, "POST", table, setProperty("write.metadata.compression-codec", "gzip")), "metadata-location")
		data, err := os.ReadFile(strings.TrimPrefix(location, "file://"))
		check(t, err)
		w.must(t, "DELETE", table, "")
		for i, name := range []string{"00007-x.gz.metadata.json", "00007-x.metadata.json.gz"} {
			check(t, os.WriteFile(filepath.Join(w.folder, name), data, 0o600))
			w.must(t, "POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":"r%d","metadata-location":"file://%s/%s"}`, i, w.folder, name))
			w.must(t, "DELETE", fmt.Sprintf("/v1/namespaces/n/tables/r%d", i), "")
		}
	})
}

func formatVersions(t *testing.T) {
	for version, want := range map[string]struct{ current, sequence, row any }{
		"1": {-1.0, nil, nil}, "2": {-1.0, 0.0, nil}, "3": {nil, 0.0, 0.0},
	} {
		w := newWorld(t)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
		w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":`+schema+`,"properties":{"format-version":"`+version+`"}}`)
		metadata := at(w.must(t, "GET", table, ""), "metadata")
		if at(metadata, "current-snapshot-id") != want.current || at(metadata, "next-row-id") != want.row {
			t.Errorf("format version %s: %v", version, metadata)
		}
		if got := at(metadata, "last-sequence-number"); got != want.sequence && (version != "1" || got != 0.0) {
			t.Errorf("format version %s: last-sequence-number %v", version, got)
		}
	}
}

// legacyFields registers a table as the oldest writers left them, and commits to it.
func legacyFields(t *testing.T) {
	w := withTable(t)
	document := `{"format-version":1,"location":"file://` + w.folder + `/old","last-updated-ms":1600000000000,"last-column-id":2,"schema":` + schema + `,
		"partition-spec":[{"name":"p","transform":"identity","source-id":1,"field-id":1000}],"properties":{},"current-snapshot-id":-1,"snapshots":[]}`
	file := filepath.Join(w.folder, "v7.metadata.json")
	check(t, os.WriteFile(file, []byte(document), 0o600))
	w.must(t, "POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":"old","metadata-location":"file://%s"}`, file))
	const old = "/v1/namespaces/n/tables/old"
	w.must(t, "POST", old, setProperty("a", "b"))
	upgraded := w.must(t, "POST", old, `{"requirements":[],"updates":[{"action":"assign-uuid","uuid":"5f1e7a60-0000-4000-8000-000000000001"},{"action":"upgrade-format-version","format-version":2}]}`)
	specs, _ := at(upgraded, "metadata", "partition-specs").([]any)
	if len(specs) != 1 || len(at(upgraded, "metadata", "schemas").([]any)) != 1 || at(upgraded, "metadata", "format-version") != 2.0 {
		t.Errorf("%v", upgraded)
	}
}

// createsStaged is the commit that creates what was staged.
func createsStaged(staged map[string]any) string {
	return fmt.Sprintf(`{"requirements":[{"type":"assert-create"}],"updates":[{"action":"assign-uuid","uuid":%q},{"action":"upgrade-format-version","format-version":2},
		{"action":"add-schema","schema":%s},{"action":"set-current-schema","schema-id":-1},{"action":"add-spec","spec":{"spec-id":0,"fields":[]}},
		{"action":"set-default-spec","spec-id":-1},{"action":"add-sort-order","sort-order":{"order-id":0,"fields":[]}},
		{"action":"set-default-sort-order","sort-order-id":-1},{"action":"set-location","location":%q}]}`,
		text(staged, "metadata", "table-uuid"), schema, text(staged, "metadata", "location"))
}

// registers makes a table of a copy of n.t's metadata that has more in it.
func (w *world) registers(t *testing.T, name, more string) {
	t.Helper()
	data, err := os.ReadFile(w.metadataFiles(t)[0])
	check(t, err)
	w.must(t, "DELETE", table, "")
	file := filepath.Join(w.folder, "copy.metadata.json")
	check(t, os.WriteFile(file, []byte("{"+more+string(data[1:])), 0o600))
	w.must(t, "POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":%q,"metadata-location":"file://%s"}`, name, file))
}

func propertiesInLayers(t *testing.T) {
	w := newWorld(t)
	w.hts.SetWarehouseProperties("default", map[string]string{
		"table-default.a": "default", "table-default.b": "default", "table-default.format-version": "3", "table-default.": "x",
		"table-override.b": "override", "table-override.c": "override", "view-default.d": "default", "view-override.k": "override", "secret": "x",
	})
	config := w.must(t, "GET", "/v1/config", "")
	for key, want := range map[string]map[string]any{
		"defaults":  {"table-default.a": "default", "table-default.b": "default", "table-default.format-version": "3", "view-default.d": "default"},
		"overrides": {"table-override.b": "override", "table-override.c": "override", "view-override.k": "override", "prefix": "default", "namespace-separator": "%1F"},
	} {
		if diff := cmp.Diff(any(want), config[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	for _, stage := range []string{"true", "false"} {
		created := w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","stage-create":`+stage+`,"schema":`+schema+`,"properties":{"a":"asked","b":"asked"}}`)
		want := map[string]any{"a": "asked", "b": "override", "c": "override", "write.parquet.compression-codec": "zstd"}
		if diff := cmp.Diff(any(want), at(created, "metadata", "properties")); diff != "" || at(created, "metadata", "format-version") != 3.0 {
			t.Errorf("staged %s: %s, %v", stage, diff, created)
		}
	}
	created := w.must(t, "POST", "/v1/namespaces/n/views", createsView("v"))
	if diff := cmp.Diff(any(map[string]any{"k": "override", "d": "default"}), at(created, "metadata", "properties")); diff != "" {
		t.Error(diff)
	}
}

func whoHasTags(t *testing.T) {
	w := withView(t)
	location := text(w.must(t, "GET", table, ""), "metadata-location")
	for _, step := range []struct {
		method, path, body string
		tagged             bool
	}{
		{"POST", "/v1/namespaces/n/tables", `{"name":"x","schema":` + schema + `}`, true},
		{"GET", table, "", true},
		{"POST", table, setProperty("a", "1"), true},
		{"POST", transactions, transaction(change("t", setProperty("b", "1"))), false},
		{"POST", table + "/unregister", "", false},
		{"POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":"t","metadata-location":%q}`, location), true},
		{"POST", "/v1/namespaces/n/tables", `{"name":"y","stage-create":true,"schema":` + schema + `}`, false},
		{"GET", view, "", false},
		{"POST", view, replacesView("select 2"), false},
	} {
		if r := w.do(t, step.method, step.path, step.body); r.status > 204 || (r.header.Get("ETag") != "") != step.tagged {
			t.Errorf("%s %s: %d, tag %q", step.method, step.path, r.status, r.header.Get("ETag"))
		}
	}
}
