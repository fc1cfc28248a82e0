package server_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// exchange is one request under /hts and its whole answer; an answer that
// begins with "~" is matched as a pattern. "{deletedAtMs}" or "{nextPageToken}"
// in a target is what the last answer that had one of them said.
type exchange struct {
	method, target, body string
	status               int
	answer               string
}

const notAvailable = `,"stacktrace":null,"cause":"Not Available"}`

var transcript = []exchange{
	{"POST", "/hts/commit", `{"operations":[{"id":"AAAAAAAAAAAAAAAAAAAAAQ==","outcome":{"status":200}}],"changes":[{"createNamespace":{"databaseId":"d1"}}]}`, 200, `~"committed":\{"results":\[\{"table":null,"namespace":\{"databaseId":"d1"`},
	// Tables: create, compare-and-swap, conflicts.
	{
		"PUT", "/hts/tables", `{"entity":{"tableId":"A1","databaseId":"d1","tableVersion":"INITIAL_VERSION","metadataLocation":"/e/a1/0","storageType":"s3","creationTime":"11","unknown":1}}`, 201,
		`{"entity":{"deletedAtMs":null,"purgeAfterMs":null,"tableId":"A1","databaseId":"d1","tableVersion":"/e/a1/0","metadataLocation":"/e/a1/0","storageType":"s3","creationTime":11}}`,
	},
	{
		"PUT", "/hts/tables/", `{"entity":{"tableId":"A1","databaseId":"d1","tableVersion":"/e/a1/0","metadataLocation":"/e/a1/1"}}`, 200,
		`{"entity":{"deletedAtMs":null,"purgeAfterMs":null,"tableId":"A1","databaseId":"d1","tableVersion":"/e/a1/1","metadataLocation":"/e/a1/1","storageType":"s3","creationTime":11}}`,
	},
	{
		"PUT", "/hts/tables", `{"entity":{"tableId":"A1","databaseId":"d1","tableVersion":"/e/a1/0","metadataLocation":"/e/a1/2"}}`, 409,
		`~^\{"status":"CONFLICT","error":"Conflict","message":"user table d1.A1 has been modified/created by other processes: its version is /e/a1/1; version 2 is a swap at [^ ]+Z, request [0-9a-f]+","stacktrace":null,"cause":"Not Available"\}$`,
	},
	{"DELETE", "/hts/tables?databaseId=d1&tableId=A1&expectedMetadataLocation=/e/a1/0", "", 409, `~has been modified by other processes: its version is /e/a1/1; version 2 is a swap at [^ ]+Z, request [0-9a-f]+"`},
	{"DELETE", "/v1/hts/tables?databaseId=d1&tableId=A1&isSoftDelete=true&expectedMetadataLocation=/e/a1/0", "", 409, `~its version is /e/a1/1; version 2`},
	{"DELETE", "/hts/tables?databaseId=d1&tableId=A1&expectedMetadataLocation=", "", 400, `~expectedMetadataLocation: must not be empty`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"A1","databaseId":"d1","metadataLocation":"/e/a1/2"}}`, 409, `~^\{"status":"CONFLICT"`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"gone","databaseId":"d1","tableVersion":"/x","metadataLocation":"/y"}}`, 409, `~has been deleted by other processes`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"a_c","databaseId":"d1","metadataLocation":"/1"}}`, 201, `~"storageType":"hdfs","creationTime":null`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"abc","databaseId":"d1","metadataLocation":"/1"}}`, 201, `~"tableId":"abc"`},
	{
		"PUT", "/hts/tables", `{"entity":{"tableId":"t","databaseId":"nowhere","metadataLocation":"/1"}}`, 404,
		`{"status":"NOT_FOUND","error":"Not Found","message":"database nowhere cannot be found"` + notAvailable,
	},
	{"PUT", "/hts/tables", `{"entity":{"tableId":null,"databaseId":"d1"}}`, 400, `~entity.metadataLocation: must not be empty; entity.tableId: cannot be empty`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"t??","databaseId":"d1","metadataLocation":"/1"}}`, 400, `~only alphanumerics and underscore`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"` + strings.Repeat("x", 129) + `","databaseId":"d1","metadataLocation":"/1"}}`, 400, `~128 are allowed`},
	{"PUT", "/hts/tables", `{"entity":null}`, 400, `~entity: must not be null`},
	{"PUT", "/hts/tables", `{"entity":`, 400, `~^\{"status":"BAD_REQUEST","error":"Bad Request","message":"the body is not a JSON object`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":5}}`, 400, `~^\{"status":"BAD_REQUEST"`},
	{"PUT", "/hts/tables", `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, 413, `~over the limit`},
	{
		"GET", "/hts/tables?databaseId=d1&tableId=A1&foo=bar", "", 200,
		`{"entity":{"deletedAtMs":null,"purgeAfterMs":null,"tableId":"A1","databaseId":"d1","tableVersion":"/e/a1/1","metadataLocation":"/e/a1/1","storageType":"s3","creationTime":11}}`,
	},
	{"HEAD", "/hts/tables?databaseId=d1&tableId=A1", "", 200, ``},
	{
		"GET", "/hts/tables?databaseId=d1&tableId=t1", "", 404,
		`{"status":"NOT_FOUND","error":"Not Found","message":"User table d1.t1 cannot be found","stacktrace":null,"cause":null}`,
	},
	{"GET", "/hts/tables?databaseId=d1", "", 400, `~tableId: cannot be empty`},
	{
		"GET", "/hts/tables/query", "", 200,
		`{"results":[{"deletedAtMs":null,"purgeAfterMs":null,"tableId":null,"databaseId":"d1","tableVersion":null,"metadataLocation":null,"storageType":null,"creationTime":null}],"pageResults":null}`,
	},
	{"GET", "/hts/tables/query?databaseId=d1", "", 200, `~"tableId":"A1".*"tableId":"a_c".*"tableId":"abc"`},
	{"GET", "/hts/tables/query?databaseId=d1&tableId=a_c", "", 200, `~^\{"results":\[\{[^{}]*"tableId":"a_c"[^{}]*\}\],"pageResults":null\}$`},
	{"GET", "/hts/tables/query?databaseId=d1&tableId=a%25", "", 200, `~"tableId":"a_c".*"tableId":"abc"`},
	{"GET", "/hts/tables/query?databaseId=none", "", 200, `{"results":[],"pageResults":null}`},
	{"GET", "/hts/tables/query?tableId=x", "", 400, `~tableId cannot be provided without databaseId`},
	{"GET", "/hts/tables/query?databaseId=d1&tableId=%25", "", 400, `~BAD_REQUEST`},
	{"GET", "/hts/tables/query?databaseId=d1&creationTime=1", "", 400, `~Only databaseId and tableId are supported for the query`},
	{"GET", "/hts/tables/query?creationTime=abc", "", 400, `~BAD_REQUEST`},
	{"DELETE", "/hts/tables?databaseId=d1&tableId=A1&expectedMetadataLocation=/e/a1/1", "", 204, ``},
	{"DELETE", "/hts/tables?databaseId=d1&tableId=A1", "", 404, `~User table d1.A1 cannot be found","stacktrace":null,"cause":"Not Available"`},
	// A view is no table here, and its name is taken.
	{"POST", "/hts/commit", `{"operations":[{"id":"AAAAAAAAAAAAAAAAAAAAAg==","outcome":{"status":200}}],"changes":[{"createTable":{"key":{"databaseId":"d1","tableId":"v"},"kind":"TABLE_KIND_VIEW","metadataLocation":"/v"}}]}`, 200, `~"version":1`},
	{"GET", "/hts/tables?databaseId=d1&tableId=v", "", 404, `~NOT_FOUND`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"v","databaseId":"d1","metadataLocation":"/1"}}`, 409, `~d1.v is a view`},
	{"DELETE", "/hts/tables?databaseId=d1&tableId=v", "", 404, `~NOT_FOUND`},
	// Jobs.
	{
		"PUT", "/hts/jobs", `{"entity":{"jobId":"j-1","state":"QUEUED","version":"539482","jobName":"n","clusterId":"c","creationTimeMs":1651002318265}}`, 201,
		`{"entity":{"jobId":"j-1","state":"QUEUED","version":"1","jobName":"n","clusterId":"c","creationTimeMs":1651002318265,"startTimeMs":null,"finishTimeMs":null,"lastUpdateTimeMs":null,"jobConf":null,"heartbeatTimeMs":null,"executionId":null,"engineType":null,"retentionTimeSec":null}}`,
	},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"j-1","state":"RUNNING","version":"1","jobName":"n","clusterId":"c"}}`, 200, `~"version":"2"`},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"j-1","state":"FAILED","version":"1","jobName":"n","clusterId":"c"}}`, 409, `~CONFLICT`},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"j-1","jobName":"n","clusterId":"c"}}`, 409, `~CONFLICT`},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"j-1","version":"abc","jobName":"n","clusterId":"c"}}`, 400, `~entity.version`},
	{"PUT", "/hts/jobs", `{"entity":{"executionId":"e"}}`, 400, `~entity.clusterId: cannot be empty; entity.jobId: cannot be empty; entity.jobName: cannot be empty`},
	{"GET", "/hts/jobs?jobId=j-1", "", 200, `~"state":"RUNNING"`},
	{"GET", "/hts/jobs?jobId=j%3F1", "", 400, `~BAD_REQUEST`},
	{"GET", "/hts/jobs/query?state=RUNNING", "", 200, `~^\{"results":\[\{"jobId":"j-1",.*"pageResults":null\}$`},
	{"GET", "/hts/jobs/query?heartbeatTimeMs=5", "", 200, `{"results":[],"pageResults":null}`},
	{"DELETE", "/hts/jobs?jobId=j-1&version=1", "", 409, `~CONFLICT`},
	{"DELETE", "/hts/jobs?jobId=j-1&version=x", "", 400, `~version: \\"x\\" is not a number`},
	{"DELETE", "/hts/jobs?jobId=j-1&version=2", "", 204, ``},
	{"GET", "/hts/jobs?jobId=j-1", "", 404, `{"status":"NOT_FOUND","error":"Not Found","message":"job j-1 cannot be found"` + notAvailable},
	// Routing.
	{"GET", "/hts/nothing", "", 404, `{"status":"NOT_FOUND","error":"Not Found","message":"nothing is served at /hts/nothing"` + notAvailable},
	{"POST", "/hts/tables", `{}`, 405, `~^\{"status":"METHOD_NOT_ALLOWED"`},
}

var remembered = regexp.MustCompile(`"(deletedAtMs)":(\d+)|"(nextPageToken)":"([\w-]+)"`)

// databases are one of each store.
func databases(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"sqlite":   "sqlite://" + filepath.Join(t.TempDir(), "igloo.db"),
		"postgres": pgtest.New(t, nil),
	}
}

// serve starts a server whose gateway is at url.
func serve(t *testing.T, database string) (s *server.Server, url string) {
	t.Helper()
	return serveAs(t, server.Config{DatabaseURL: database, Upkeep: server.Upkeep{ReapInterval: 50 * time.Millisecond}})
}

func serveAs(t *testing.T, cfg server.Config) (s *server.Server, url string) {
	t.Helper()
	cfg.Migrate = true
	s, err := server.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Gateway())
	t.Cleanup(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, web.URL
}

func TestTranscript(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, url := serve(t, database)
			putToggleRules(t, s)
			seen := map[string]string{}
			for _, e := range slices.Concat(transcript, softDeletions, renames, pages, histories, toggles, warehouses, namespaces, jobPages, jobWorkers, accesses) {
				for name, value := range seen {
					e.target = strings.ReplaceAll(e.target, name, value)
				}
				for _, found := range remembered.FindAllStringSubmatch(e.run(t, url), -1) {
					seen["{"+found[1]+found[3]+"}"] = found[2] + found[4]
				}
			}
		})
	}
}

func (e exchange) run(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), e.method, url+e.target, strings.NewReader(e.body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	what := e.method + " " + e.target + " " + e.body[:min(len(e.body), 120)]
	if response.StatusCode != e.status {
		t.Errorf("%s: status %d, want %d: %s", what, response.StatusCode, e.status, body)
	}
	if pattern, ok := strings.CutPrefix(e.answer, "~"); ok {
		if !regexp.MustCompile(pattern).Match(body) {
			t.Errorf("%s:\n got %s\nwant %s", what, body, pattern)
		}
	} else if string(body) != e.answer {
		t.Errorf("%s:\n got %s\nwant %s", what, body, e.answer)
	}
	if e.status == http.StatusMethodNotAllowed && response.Header.Get("Allow") == "" {
		t.Errorf("%s: no Allow header", what)
	}
	return string(body)
}
