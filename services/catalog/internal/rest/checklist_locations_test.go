package rest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const tables = "/v1/namespaces/n/tables"

// The protocol's rules of what no two tables share, by their ids: CT creates, RG
// registers, DT drops.
func TestRulesOfLocations(t *testing.T) {
	t.Run("CT3 no table in, around or at another", overlapping)
	t.Run("CT3 no commit moves a table there", moving)
	t.Run("CT3 one place by any name", aliases)
	t.Run("CT3 a place is free when its table is gone", func(t *testing.T) {
		w := withTable(t)
		w.must(t, "POST", tables, w.placed("a", "/x/a"))
		w.must(t, "POST", "/v1/tables/rename", `{"source":{"namespace":["n"],"name":"a"},"destination":{"namespace":["n"],"name":"b"}}`)
		w.refused(t, 400, "BadRequestException", "POST", tables, w.placed("a", "/x/a"))
		w.must(t, "POST", tables, `{"name":"a","schema":`+schema+`}`)
		w.must(t, "DELETE", tables+"/b", "")
		w.must(t, "POST", tables, w.placed("c", "/x/a"))
	})
	t.Run("CT3 as the operator likes", func(t *testing.T) {
		w := withTable(t, func(c *choices) { c.settings.OverlappingLocations = true })
		for i, place := range []string{"/x/a", "/x/a", "/x", "/x/a/b"} {
			w.must(t, "POST", tables, w.placed(fmt.Sprint("a", i), place))
		}
	})
	t.Run("CT3 where nothing can be written", unwritable)
	t.Run("RG3 one uuid, one name", oneName)
	t.Run("CT3 a refusal is answered again under its key", func(t *testing.T) {
		w := withTable(t)
		w.must(t, "POST", tables, w.placed("a", "/x/a"))
		again := []string{"POST", tables, w.placed("b", "/x/a/b")}
		first := w.refused(t, 400, "BadRequestException", again[0], again[1], again[2], "Idempotency-Key", keyA)
		w.must(t, "DELETE", tables+"/a", "")
		if second := w.refused(t, 400, "BadRequestException", again[0], again[1], again[2], "Idempotency-Key", keyA); second != first {
			t.Errorf("%s\n%s", first, second)
		}
	})
	t.Run("DT1 gc.enabled=false: no purge, and dropped its files stay", func(t *testing.T) {
		w := withTable(t)
		w.must(t, "POST", table, setProperty("gc.enabled", "false"))
		w.refused(t, 400, "BadRequestException", "DELETE", table+"?purgeRequested=true", "")
		w.must(t, "GET", table, "")
		w.must(t, "DELETE", table, "")
		w.refused(t, 404, "NoSuchTableException", "GET", table, "")
		if files := w.metadataFiles(t); len(files) != 2 {
			t.Errorf("files: %q", files)
		}
	})
}

// placed is a creation at a place below the world's folder.
func (w *world) placed(name, place string) string {
	return fmt.Sprintf(`{"name":%q,"schema":%s,"location":"file://%s%s"}`, name, schema, w.folder, place)
}

// moves is a commit that moves a table.
func (w *world) moves(place string) string {
	return fmt.Sprintf(`{"requirements":[],"updates":[{"action":"set-location","location":"file://%s%s"}]}`, w.folder, place)
}

// overlaps wants a request to be refused over the place of n.a, and nothing to
// be left behind of it.
func (w *world) overlaps(t *testing.T, path, body string) {
	t.Helper()
	files := len(w.metadataFiles(t))
	message := w.refused(t, 400, "BadRequestException", "POST", path, body)
	if !strings.Contains(message, w.folder+`/x/a" of table n.a`) {
		t.Errorf("%s: %s", body, message)
	}
	if got := len(w.metadataFiles(t)); got != files {
		t.Errorf("%s: %d files, %d before", body, got, files)
	}
}

func overlapping(t *testing.T) {
	w := withTable(t)
	w.must(t, "POST", tables, w.placed("a", "/x/a/"))
	for _, place := range []string{"/x/a", "/x/a//", "/x/./a", "/x//a", "/x/a/b", "/x/a/b/c", "/x"} {
		w.overlaps(t, tables, w.placed("b", place))
		staged := w.must(t, "POST", tables, strings.Replace(w.placed("b", place), `{`, `{"stage-create":true,`, 1))
		w.overlaps(t, tables+"/b", createsStaged(staged))
		w.overlaps(t, transactions, transaction(change("b", createsStaged(staged)), change("t", setProperty("a", "b"))))
		viewed := strings.Replace(createsView("v"), `{`, fmt.Sprintf(`{"location":"file://%s%s",`, w.folder, place), 1)
		w.overlaps(t, "/v1/namespaces/n/views", viewed)
	}
	w.must(t, "POST", tables, w.placed("b", "/x/ab"))
	w.must(t, "POST", tables, w.placed("c", "/x/a-b"))
}

func moving(t *testing.T) {
	w := withTable(t)
	w.must(t, "POST", tables, w.placed("a", "/x/a"))
	for _, place := range []string{"/x/a", "/x/a/b", "/x"} {
		w.overlaps(t, table, w.moves(place))
		w.overlaps(t, transactions, transaction(change("t", w.moves(place))))
	}
	for _, place := range []string{"/x/b", "/x/b/c", "/x/b", "/x/d"} {
		w.must(t, "POST", table, w.moves(place))
	}
	w.must(t, "POST", tables, w.placed("b", "/x/b"))
	w.refused(t, 400, "BadRequestException", "POST", tables, w.placed("d", "/x/d"))
}

func aliases(t *testing.T) {
	w := withTable(t)
	w.must(t, "POST", tables, w.placed("a", "/x/a"))
	check(t, os.Symlink(filepath.Join(w.folder, "x"), filepath.Join(w.folder, "link")))
	for _, place := range []string{"/link/a", "/link/a/b", "/link"} {
		r := w.do(t, "POST", tables, w.placed("b", place))
		if message, _ := r.problem(t); r.status != 400 || !strings.Contains(message, "of table n.a") {
			t.Errorf("%s: %d %s", place, r.status, r.body)
		}
	}
	for _, location := range []string{w.folder + "/x/a", "file:" + w.folder + "/x/a", "file://localhost" + w.folder + "/x/a"} {
		w.overlaps(t, tables, fmt.Sprintf(`{"name":"b","schema":%s,"location":%q}`, schema, location))
	}
	w.refused(t, 400, "BadRequestException", "POST", tables, w.placed("b", "/x/../x/b"))
	w.must(t, "POST", tables, w.placed("b", "/link/b"))
	w.refused(t, 400, "BadRequestException", "POST", tables, w.placed("c", "/x/b/c"))
}

func unwritable(t *testing.T) {
	w := withTable(t)
	check(t, os.WriteFile(filepath.Join(w.folder, "file"), nil, 0o600))
	check(t, os.Symlink(filepath.Join(w.folder, "nothing"), filepath.Join(w.folder, "broken")))
	check(t, os.Mkdir(filepath.Join(w.folder, "closed"), 0o500))
	for place, kind := range map[string]string{
		"/file": "BadRequestException", "/file/a": "BadRequestException", "/broken/a": "BadRequestException", "/closed/a": "ForbiddenException",
		strings.Repeat("/a", 100): "BadRequestException", "/" + strings.Repeat("a", 300): "BadRequestException",
	} {
		status := 400
		if kind == "ForbiddenException" {
			if os.Geteuid() == 0 {
				continue // nothing is closed to root
			}
			status = 403
		}
		w.refused(t, status, kind, "POST", tables, w.placed("b", place))
		w.refused(t, status, kind, "POST", table, w.moves(place))
	}
	w.refused(t, 404, "NoSuchTableException", "GET", tables+"/b", "")
}

func oneName(t *testing.T) {
	w := withTable(t)
	loaded := w.must(t, "GET", table, "")
	location, uuid := text(loaded, "metadata-location"), text(loaded, "metadata", "table-uuid")
	copied := fmt.Sprintf(`{"name":"r","metadata-location":%q}`, location)
	message := w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/register", copied)
	if !strings.Contains(message, uuid) || !strings.Contains(message, "table n.t") {
		t.Error(message)
	}
	w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/register", strings.Replace(copied, `}`, `,"overwrite":true}`, 1))
	w.must(t, "POST", table, w.moves("/moved"))
	w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/register", copied)
	staged := w.must(t, "POST", tables, `{"name":"s","stage-create":true,"schema":`+schema+`}`)
	w.refused(t, 409, "AlreadyExistsException", "POST", tables+"/s", strings.Replace(createsStaged(staged), text(staged, "metadata", "table-uuid"), uuid, 1))
	w.must(t, "POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":"t","metadata-location":%q,"overwrite":true}`, location))
	w.refused(t, 400, "BadRequestException", "POST", tables, fmt.Sprintf(`{"name":"u","schema":%s,"location":%q}`, schema, text(loaded, "metadata", "location")))
	w.must(t, "POST", tables, w.placed("u", "/moved"))
	w.must(t, "DELETE", table, "")
	w.must(t, "POST", "/v1/namespaces/n/register", copied)
}
