package command_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	"github.com/igloo-catalog/igloo/services/igloo"
)

// diagnosed is what doctor tells of, a finding and a name each, and the code that it
// ends with.
func (s shell) diagnosed(t *testing.T, args ...string) (found []string, code int) {
	t.Helper()
	out, err := s.run(t, append([]string{"doctor", "-o", "jsonl"}, args...)...)
	if coded, is := errors.AsType[settings.Coded](err); is {
		code = coded.ExitCode()
	} else if err != nil {
		t.Fatalf("igloo doctor: %v", err)
	}
	for line := range strings.Lines(out) {
		f := object(t, line)
		if f["finding"] == "summary" {
			continue
		}
		if f["detail"] == "" {
			t.Errorf("nothing is said of %v", f)
		}
		found = append(found, fmt.Sprint(f["finding"], " ", f["name"]))
	}
	slices.Sort(found)
	return found, code
}

// wants fails where something else is found.
func (s shell) wants(t *testing.T, code int, want []string, args ...string) {
	t.Helper()
	found, ended := s.diagnosed(t, args...)
	if slices.Sort(want); !slices.Equal(found, want) || ended != code {
		t.Errorf("found %q and ended with %d, want %q and %d", found, ended, want, code)
	}
}

// create makes a table and returns the file of its metadata.
func (s shell) create(t *testing.T, name, location string) string {
	t.Helper()
	body := fmt.Sprintf(aTable, name)
	if location != "" {
		body = fmt.Sprintf(`{"location":%q,`, location) + body[1:]
	}
	status, answer := s.send(t, http.MethodPost, "/v1/namespaces/acc/tables", body)
	if status != http.StatusOK {
		t.Fatalf("create %s: %d %s", name, status, answer)
	}
	return strings.TrimPrefix(fmt.Sprint(object(t, answer)["metadata-location"]), "file://")
}

// rewrite changes a file.
func rewrite(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	check(t, err)
	if !strings.Contains(string(text), from) {
		t.Fatalf("%s has no %s: %s", file, from, text)
	}
	check(t, os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o600))
}

// TestDoctorFindsNothing where all is well, and says so.
func TestDoctorFindsNothing(t *testing.T) {
	s := withTables(t)
	s.wants(t, 0, nil, "--orphans", "--orphan-age", "0s")
	lines := squeezed(s.lines(t, "doctor"))
	if len(lines) != 2 || lines[1] != "summary 2 tables and 1 views of 1 warehouses were looked at: nothing is wrong" {
		t.Errorf("told: %q", lines)
	}
	var all []map[string]any
	check(t, json.Unmarshal([]byte(s.ok(t, "doctor", "-o", "json")), &all))
	if len(all) != 1 || fmt.Sprint(all[0]["counts"]) != "map[tables:2 views:1 warehouses:1]" {
		t.Errorf("told: %v", all)
	}
	err := s.refused(t, "concurrency is 0", "doctor", "--concurrency", "0")
	if _, usage := errors.AsType[*settings.UsageError](err); !usage {
		t.Errorf("%v is no error of usage", err)
	}
}

// TestDoctorFindsWhatIsBroken, each in its own way, in files that the catalog knows
// by heart; and the others are looked at all the same.
func TestDoctorFindsWhatIsBroken(t *testing.T) {
	server, _ := serve(t, func(c *igloo.Config) { c.OverlappingLocations = true })
	s, root := at(server), "file://"+t.TempDir()
	s.ok(t, "warehouses", "create", "default2", "--location", root, "--store", "local")
	s.ok(t, "namespaces", "create", "acc")
	s.create(t, "fine", "")
	check(t, os.Remove(s.create(t, "gone", "")))
	check(t, os.Truncate(s.create(t, "cut", ""), 100))
	rewrite(t, s.create(t, "schema", ""), `"current-schema-id":0`, `"current-schema-id":7`)
	rewrite(t, s.create(t, "spec", ""), `"default-spec-id":0`, `"default-spec-id":7`)
	rewrite(t, s.create(t, "order", ""), `"default-sort-order-id":0`, `"default-sort-order-id":7`)
	rewrite(t, s.create(t, "later", ""), `"format-version":2`, `"format-version":9`)
	rewrite(t, s.create(t, "moved", ""), `"location":"file:///`, `"location":"file:///elsewhere/`)
	s.wants(t, 1, []string{
		"missing-file acc.gone", "damaged-file acc.cut", "invalid-metadata acc.schema", "invalid-metadata acc.spec",
		"invalid-metadata acc.order", "unknown-format acc.later", "metadata-elsewhere acc.moved",
	})
	s.wants(t, 0, nil, "-w", "default2")
	s.wants(t, 2, []string{"not-checked <nil>"}, "-w", "nowhere")
}

// TestDoctorComparesIdentities of metadata and pointers.
func TestDoctorComparesIdentities(t *testing.T) {
	server, _ := serve(t, nil)
	s := at(server)
	s.ok(t, "namespaces", "create", "acc")
	s.create(t, "fine", "")
	file := s.create(t, "other", "")
	text, err := os.ReadFile(file)
	check(t, err)
	rewrite(t, file, fmt.Sprint(object(t, string(text))["table-uuid"]), "5b1c4bd3-4b6c-4a8a-9d5e-1a2b3c4d5e6f")
	s.wants(t, 1, []string{"other-uuid acc.other"})
}

// TestDoctorFindsOverlaps in one warehouse, and between those that share a store.
func TestDoctorFindsOverlaps(t *testing.T) {
	server, folder := serve(t, func(c *igloo.Config) { c.OverlappingLocations = true })
	s, root := at(server), "file://"+folder+"/warehouse"
	s.ok(t, "warehouses", "create", "west")
	s.ok(t, "namespaces", "create", "acc")
	s.ok(t, "namespaces", "create", "acc", "-w", "west")
	s.create(t, "outer", root+"/a")
	s.create(t, "inner", root+"/a/b/c")
	s.create(t, "beside", root+"/ab")
	s.create(t, "twin", root+"/ab/")
	file := s.create(t, "there", "")
	s.ok(t, "tables", "register", "acc.here", "file://"+file, "-w", "west")
	s.wants(t, 1, []string{"location-within acc.inner", "same-location acc.twin", "same-location acc.here"}, "--concurrency", "1")
}

// TestDoctorFindsOrphans: what neither the table nor its history names, when it is old
// enough; and it leaves them where they are.
func TestDoctorFindsOrphans(t *testing.T) {
	s := withTables(t)
	metadata := strings.TrimPrefix(fmt.Sprint(object(t, s.ok(t, "tables", "show", "acc.t", "-o", "json"))["metadata-location"]), "file://")
	orphan := filepath.Join(filepath.Dir(metadata), "00009-lost.metadata.json")
	check(t, os.WriteFile(orphan, []byte("{}"), 0o600))
	check(t, os.WriteFile(filepath.Join(filepath.Dir(metadata), "snap-1.avro"), nil, 0o600))
	s.post(t, "/v1/namespaces/acc/tables/t", `{"requirements":[],"updates":[{"action":"set-properties","updates":{"write.metadata.previous-versions-max":"1"}}]}`)
	s.wants(t, 0, nil)
	s.wants(t, 0, nil, "--orphans")
	s.wants(t, 1, []string{"orphan acc.t"}, "--orphans", "--orphan-age", "0s")
	old := time.Now().Add(-25 * time.Hour)
	check(t, os.Chtimes(orphan, old, old))
	s.wants(t, 1, []string{"orphan acc.t"}, "--orphans")
	if _, err := os.Stat(orphan); err != nil {
		t.Error(err)
	}
}

// TestDoctorTellsWhatItCannotCheck, and goes on: one table's answer is 503, another's
// no answer of a catalog at all.
func TestDoctorTellsWhatItCannotCheck(t *testing.T) {
	s := withTables(t)
	s.ok(t, "namespaces", "create", "zoo")
	s.create(t, "away", "")
	s.create(t, "odd", "")
	proxied := in(t, s, func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/away"):
			http.Error(w, `{"error":{"message":"later","type":"SlowDownException","code":503}}`, http.StatusServiceUnavailable)
		case strings.HasSuffix(r.URL.Path, "/odd"):
			_, _ = w.Write([]byte("<html>"))
		case r.URL.Path == "/readyz":
			http.Error(w, "database schema is at version 11, this build needs 12", http.StatusServiceUnavailable)
		default:
			return false
		}
		return true
	})
	s.wants(t, 0, nil)
	proxied.wants(t, 1, []string{"not-checked acc.away", "not-checked acc.odd", "not-ready " + proxied.env["IGLOO_SERVER"]})
	nobody := at("http://127.0.0.1:1")
	nobody.wants(t, 2, []string{"not-checked http://127.0.0.1:1", "not-checked http://127.0.0.1:1"})
}

// TestDoctorPassesOverWhatIsForbidden: a warehouse of somebody else is walked as far as
// it can be listed.
func TestDoctorPassesOverWhatIsForbidden(t *testing.T) {
	s := withTables(t)
	check(t, os.Remove(s.create(t, "gone", "")))
	proxied := in(t, s, func(w http.ResponseWriter, r *http.Request) bool {
		forbidden := strings.HasPrefix(r.URL.Path, "/hts/export/") || strings.HasSuffix(r.URL.Path, "/acc\x1fin/tables") || strings.HasSuffix(r.URL.Path, "/views/v")
		if forbidden {
			http.Error(w, `{"error":{"message":"no","type":"ForbiddenException","code":403}}`, http.StatusForbidden)
		}
		return forbidden
	})
	proxied.wants(t, 1, []string{"not-checked <nil>", "not-checked acc.in", "not-checked acc.v", "missing-file acc.gone"})
}

// in is a shell before a proxy that answers some requests itself.
func in(t *testing.T, s shell, answers func(http.ResponseWriter, *http.Request) bool) shell {
	t.Helper()
	to, err := url.Parse(s.env["IGLOO_SERVER"])
	check(t, err)
	forward := httputil.NewSingleHostReverseProxy(to)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answers(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close)
	return at(proxy.URL)
}

// TestDoctorAsksNoMoreThanItMust: a load for each table, a page for each thousand, and
// never more at a time than it was told.
func TestDoctorAsksNoMoreThanItMust(t *testing.T) {
	const tables, atOnce = 2500, 3
	server, _ := serve(t, nil)
	s := at(server)
	s.ok(t, "namespaces", "create", "acc")
	file := s.create(t, "t", "")
	text, err := os.ReadFile(file)
	check(t, err)
	for from := 1; from < tables; from += 250 {
		var changes []string
		for i := from; i < min(from+250, tables); i++ {
			changes = append(changes, fmt.Sprintf(`{"createTable":{"key":{"databaseId":"acc","tableId":"t%d"},"kind":"TABLE_KIND_TABLE","metadataLocation":"file://%s"}}`, i, file))
		}
		s.commit(t, "default", 0, strings.Join(changes, ","))
	}
	var loads, others, now, most atomic.Int64
	proxied := in(t, s, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/v1/default/namespaces/acc/tables/") {
			others.Add(1)
			return false
		}
		loads.Add(1)
		if running := now.Add(1); running > most.Load() {
			most.Store(running)
		}
		defer now.Add(-1)
		_, _ = fmt.Fprintf(w, `{"metadata-location":"file://%s","metadata":%s}`, file, text)
		return true
	})
	found, code := proxied.diagnosed(t, "--concurrency", fmt.Sprint(atOnce))
	if len(found) != tables-1 || code != 1 {
		t.Errorf("%d lie in the same place, %d are told of", tables, len(found))
	}
	if loads.Load() != tables || others.Load() > 5+tables/1000 || most.Load() > atOnce {
		t.Errorf("%d loads, %d other requests, %d at a time", loads.Load(), others.Load(), most.Load())
	}
}
