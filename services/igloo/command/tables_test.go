package command_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

// lines are what a command shows to people, without what differs each time.
func (s shell) lines(t *testing.T, args ...string) []string {
	t.Helper()
	out := regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`).ReplaceAllString(s.ok(t, args...), "TIME")
	out = regexp.MustCompile(`file://\S+/`).ReplaceAllString(out, "")
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}

// same fails where what is shown is not what is wanted, but for the width of columns.
func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i, line := range got {
		got[i] = strings.Join(strings.Fields(line), " ")
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("shown:\n%s\nwant:\n%s", g, w)
	}
}

func TestNamespaces(t *testing.T) {
	server, _ := serve(t, nil)
	s := at(server)
	s.ok(t, "namespaces", "create", "acc", "--property", "owner=x,y=z")
	s.ok(t, "namespaces", "create", "-p", "acc.in.2026%2E01", "--property", "k=v")
	s.refused(t, "409", "namespaces", "create", "acc")
	s.refused(t, "404", "namespaces", "create", "none.in")
	if got := s.ok(t, "namespaces", "list", "-r"); !strings.Contains(got, "\n  acc.in              0  ") || !strings.Contains(got, "\n    acc.in.2026%2E01  1  ") {
		t.Errorf("the tree:\n%s", got)
	}
	same(t, s.lines(t, "namespaces", "list"), "NAMESPACE PROPERTIES VERSION CREATED", "acc 1 1 TIME")
	same(t, s.lines(t, "namespaces", "list", "acc.in"), "NAMESPACE PROPERTIES VERSION CREATED", "acc.in.2026%2E01 1 1 TIME")
	s.ok(t, "namespaces", "set", "acc", "a=1", "b=2,c=3")
	s.ok(t, "namespaces", "unset", "acc", "owner", "never")
	if n := object(t, s.ok(t, "namespaces", "show", "acc", "-o", "json")); fmt.Sprint(n["properties"]) != "map[a:1 b:2,c=3]" {
		t.Errorf("properties: %v", n)
	}
	s.refused(t, "409", "namespaces", "set", "acc", "a=2", "--expected-version", "1")
	s.refused(t, "409", "namespaces", "drop", "acc", "--yes")
	s.refused(t, "needs --yes", "namespaces", "drop", "acc.in.2026%2E01")
	if out := s.ok(t, "namespaces", "drop", "acc.in.2026%2E01", "--yes"); out != "namespace acc.in.2026%2E01 is dropped\n" {
		t.Errorf("dropped: %q", out)
	}
	s.ok(t, "warehouses", "create", "other")
	same(t, s.lines(t, "namespaces", "list", "-w", "other"), "NAMESPACE PROPERTIES VERSION CREATED")
	for _, wrong := range []string{"a..b", "a%2", "", "a%2e"} {
		err := s.refused(t, "namespace: ", "namespaces", "show", "--", wrong)
		if _, usage := errors.AsType[*settings.UsageError](err); !usage {
			t.Errorf("%q: %v is no error of usage", wrong, err)
		}
	}
}

const aTable = `{"name":%q,"properties":{"a":"b"},"partition-spec":{"fields":[{"source-id":1,"transform":"bucket[4]","name":"xb"}]},
	"schema":{"type":"struct","fields":[{"id":1,"name":"x","type":"long","required":true,"doc":"an id"},
	{"id":2,"name":"s","required":false,"type":{"type":"struct","fields":[{"id":3,"name":"l","required":false,
	"type":{"type":"list","element-id":4,"element":"string","element-required":false}}]}}]}}`

// withTables has acc.t with two snapshots, acc.in.a\.b, and a view.
func withTables(t *testing.T) shell {
	t.Helper()
	server, _ := serve(t, nil)
	s := at(server)
	s.ok(t, "namespaces", "create", "-p", "acc.in")
	s.post(t, "/v1/namespaces/acc/tables", fmt.Sprintf(aTable, "t"))
	s.post(t, "/v1/namespaces/acc%1Fin/tables", fmt.Sprintf(aTable, "a.b"))
	parent := ""
	for i := 1; i <= 2; i++ {
		s.post(t, "/v1/namespaces/acc/tables/t", fmt.Sprintf(`{"requirements":[],"updates":[{"action":"add-snapshot","snapshot":{"snapshot-id":%[1]d,
			%[2]s"sequence-number":%[1]d,"timestamp-ms":%[3]d,"manifest-list":"file:///m","schema-id":0,
			"summary":{"operation":"append","added-records":"%[1]d","added-data-files":"1"}}},
			{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":%[1]d}]}`, i, parent, time.Now().UnixMilli()))
		parent = `"parent-snapshot-id":1,`
	}
	s.post(t, "/v1/namespaces/acc/views", `{"name":"v","schema":{"type":"struct","fields":[{"id":1,"name":"x","type":"long","required":true}]},"properties":{},
		"view-version":{"version-id":1,"schema-id":0,"timestamp-ms":1,"summary":{},"default-namespace":["acc"],"representations":[{"type":"sql","sql":"SELECT\n\tx FROM t","dialect":"spark"}]}}`)
	return s
}

func TestTablesAreListed(t *testing.T) {
	s := withTables(t)
	same(t, s.lines(t, "tables", "list"), "NAME KIND", "acc.t table", `acc.in.a\.b table`)
	same(t, s.lines(t, "tables", "list", "acc", "--kind", "table,view"), "NAME KIND", "acc.t table", "acc.v view")
	same(t, s.lines(t, "tables", "list", "acc", "-r", "--pattern", "a*"), "NAME KIND", `acc.in.a\.b table`)
	same(t, s.lines(t, "views", "list"), "NAME KIND", "acc.v view")
	same(t, s.lines(t, "tables", "list", "-o", "jsonl"), `{"id":"acc.t","namespace":["acc"],"name":"t","kind":"table"}`,
		`{"id":"acc.in.a\\.b","namespace":["acc","in"],"name":"a.b","kind":"table"}`)
	s.refused(t, "pattern: ", "tables", "list", "--pattern", "[")
	s.refused(t, "Namespace does not exist: none", "tables", "list", "none")
}

func TestTablesAreShown(t *testing.T) {
	s := withTables(t)
	shown := s.lines(t, "tables", "show", "acc.t")
	for _, want := range []string{
		"partitioned by bucket(4, x)", "sorted by -", "snapshots 2", "snapshot 2", "added-records 2", "1 x long true an id",
		"2 s struct<l: list<string>> false", "main branch 2", "a b", "owner -",
	} {
		if !strings.Contains("\n"+strings.Join(squeezed(shown), "\n")+"\n", "\n"+want+"\n") {
			t.Errorf("want %q:\n%s", want, strings.Join(shown, "\n"))
		}
	}
	all := object(t, s.ok(t, "tables", "show", "acc.t", "-o", "json"))
	if m, is := all["metadata"].(map[string]any); !is || fmt.Sprint(m["current-snapshot-id"]) != "2" || all["id"] != "acc.t" || all["metadata-bytes"].(float64) < 1000 {
		t.Errorf("shown to programs: %v", all)
	}
	view := strings.Join(squeezed(s.lines(t, "views", "show", "acc.v")), "\n")
	if !strings.Contains(view, "\nspark\nSELECT\nx FROM t") || !strings.Contains(view, "1 x long true") {
		t.Errorf("the view:\n%s", view)
	}
	s.refused(t, "must be a namespace, a dot and a name", "tables", "show", "t")
	s.refused(t, "404", "tables", "show", "acc.none")
	s.refused(t, "404", "views", "show", "acc.t")
}

func squeezed(lines []string) []string {
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return lines
}

func TestTablesHaveAHistory(t *testing.T) {
	s := withTables(t)
	history := squeezed(s.lines(t, "tables", "history", "acc.t"))
	for i, want := range []string{"VERSION AT ACTION BY METADATA", "3 TIME swap anonymous 00002-", "2 TIME swap anonymous 00001-", "1 TIME create anonymous 00000-"} {
		if !strings.HasPrefix(history[i], want) {
			t.Errorf("line %d of the history is %q, want %q…", i, history[i], want)
		}
	}
	same(t, s.lines(t, "tables", "snapshots", "acc.t"), "SNAPSHOT AT OPERATION RECORDS FILES PARENT", "2 TIME append +2 -0 +1 -0 1", "1 TIME append +1 -0 +1 -0 -")
	first := object(t, s.ok(t, "tables", "as-of", "acc.t", "--snapshot", "1", "-o", "json"))
	if fmt.Sprint(first["version"], first["snapshot-id"]) != "2 1" {
		t.Errorf("as of snapshot 1: %v", first)
	}
	when := fmt.Sprint(first["committed-at"])
	for want, args := range map[string][]string{
		"1 <nil>": {"--version", "1"}, "3 2": {"--at", "2100-01-01T00:00:00Z"},
	} {
		if got := object(t, s.ok(t, append([]string{"tables", "as-of", "acc.t", "-o", "json"}, args...)...)); fmt.Sprint(got["version"], got["snapshot-id"]) != want {
			t.Errorf("as of %v: %v, want version and snapshot %s", args, got, want)
		}
	}
	if _, err := time.Parse(time.RFC3339, when); err != nil {
		t.Errorf("committed at %q", when)
	}
	s.refused(t, "did not exist at 2020", "tables", "as-of", "acc.t", "--at", "2020-01-01T00:00:00Z")
	s.refused(t, "was never the table's current one", "tables", "as-of", "acc.t", "--snapshot", "77")
	s.refused(t, "missing flags", "tables", "as-of", "acc.t")
}

func TestTablesAreChanged(t *testing.T) {
	s := withTables(t)
	s.refused(t, "has no snapshot 7", "tables", "rollback", "acc.t", "--snapshot", "7", "--yes")
	s.ok(t, "tables", "rollback", "acc.t", "--snapshot", "1", "--yes")
	if shown := strings.Join(squeezed(s.lines(t, "tables", "show", "acc.t")), "\n"); !strings.Contains(shown, "snapshots 2\nsnapshot 1\n") {
		t.Errorf("after it is rolled back:\n%s", shown)
	}
	s.ok(t, "tables", "rename", "acc.t", `acc.in.t\.2`)
	s.refused(t, "needs --yes", "tables", "drop", `acc.in.t\.2`)
	last := object(t, s.ok(t, "tables", "drop", `acc.in.t\.2`, "--yes", "-o", "json"))["metadata-location"].(string)
	s.refused(t, "404", "tables", "drop", `acc.in.t\.2`, "--yes")
	s.refused(t, "no table acc.t was dropped so that it can be restored", "tables", "restore", "acc.t")
	s.ok(t, "tables", "register", "acc.t", last)
	s.refused(t, "409", "tables", "register", "acc.t", last)
	s.ok(t, "tables", "drop", "acc.t", "--keep", "--yes")
	if lines := squeezed(s.lines(t, "tables", "dropped", "acc")); len(lines) != 2 || !strings.HasPrefix(lines[1], "acc.t TIME TIME 1") {
		t.Errorf("what can be restored: %q", lines)
	}
	s.ok(t, "tables", "restore", "acc.t")
	s.ok(t, "tables", "drop", "acc.t", "--purge", "--yes")
	same(t, s.lines(t, "tables", "list"), "NAME KIND", `acc.in.a\.b table`)
}

func TestJobs(t *testing.T) {
	s := withTables(t)
	body := `{"entity":{"jobId":"j-1","state":"QUEUED","version":"1","jobName":"compact","clusterId":"c"}}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.env["IGLOO_SERVER"]+"/hts/jobs", strings.NewReader(body))
	check(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	check(t, response.Body.Close())
	if lines := squeezed(s.lines(t, "jobs", "list", "--name", "compact")); len(lines) != 2 || !strings.HasPrefix(lines[1], "j-1 compact QUEUED ") {
		t.Errorf("jobs: %q", lines)
	}
	s.refused(t, "needs --yes", "jobs", "cancel", "j-1")
	s.ok(t, "jobs", "cancel", "j-1", "--yes", "--reason", "not needed")
	if job := object(t, s.ok(t, "jobs", "show", "j-1", "-o", "json")); job["state"] != "CANCELLED" {
		t.Errorf("cancelled: %v", job)
	}
	s.refused(t, "409", "jobs", "cancel", "j-1", "--yes")
	var none []any
	check(t, json.Unmarshal([]byte(s.ok(t, "jobs", "list", "--state", "RUNNING", "-o", "json")), &none))
	if len(none) != 0 {
		t.Errorf("running: %v", none)
	}
}
