package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// keyed is one change under /hts, and what comes between it and its replay.
type keyed struct {
	method, target, body string
	status               int
	// meanwhile would make the change end otherwise if it were done again.
	meanwhile exchange
}

// keyedChanges are of every kind that there is; each finds what those before it left.
var keyedChanges = []keyed{
	{"POST", "/hts/warehouses", `{"warehouse":{"name":"w1"}}`, 201, exchange{}},
	{"POST", "/hts/warehouses", `{"warehouse":{"name":"w1"}}`, 409, exchange{}},
	{"PATCH", "/hts/warehouses/w1", `{"updates":{"a":"1"},"expectedVersion":1}`, 200, exchange{"PATCH", "/hts/warehouses/w1", `{"updates":{"a":"2"}}`, 200, `~`}},
	{"DELETE", "/hts/warehouses/w1", "", 204, exchange{"POST", "/hts/warehouses", `{"warehouse":{"name":"w1"}}`, 201, `~`}},
	{"DELETE", "/hts/warehouses/none", "", 404, exchange{}},
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n","properties":{"a":"b"}}}`, 201, exchange{"PATCH", "/hts/namespaces/n", `{"updates":{"a":"c"}}`, 200, `~`}},
	{"PATCH", "/hts/namespaces/n", `{"updates":{"x":"y"}}`, 200, exchange{"PATCH", "/hts/namespaces/n", `{"removals":["x"]}`, 200, `~`}},
	{"PATCH", "/hts/namespaces/n", `{"updates":{"x":"y"},"expectedVersion":1}`, 409, exchange{}},
	{"DELETE", "/hts/namespaces/n", "", 204, exchange{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n"}}`, 201, `~`}},
	{"PUT", "/hts/tables", `{"entity":{"databaseId":"n","tableId":"t","metadataLocation":"/1","storageType":"s3"}}`, 201, exchange{}},
	{
		"PUT", "/hts/tables", `{"entity":{"databaseId":"n","tableId":"t","metadataLocation":"/2","tableVersion":"/1"}}`, 200,
		exchange{"PUT", "/hts/tables", `{"entity":{"databaseId":"n","tableId":"t","metadataLocation":"/3","tableVersion":"/2","storageType":"hdfs"}}`, 200, `~`},
	},
	{
		"PUT", "/hts/tables", `{"entity":{"databaseId":"n","tableId":"t","metadataLocation":"/4","tableVersion":"/1"}}`, 409,
		exchange{"PUT", "/hts/tables", `{"entity":{"databaseId":"n","tableId":"t","metadataLocation":"/1","tableVersion":"/3"}}`, 200, `~`},
	},
	{"PUT", "/hts/tables", `{"entity":{"databaseId":"none","tableId":"t","metadataLocation":"/4"}}`, 404, exchange{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"none"}}`, 201, `~`}},
	{
		"PATCH", "/hts/tables/rename?fromDatabaseId=n&fromTableId=t&toDatabaseId=n&toTableId=u&metadataLocation=/5", "", 204,
		exchange{"PUT", "/hts/tables", `{"entity":{"databaseId":"n","tableId":"t","metadataLocation":"/1"}}`, 201, `~`},
	},
	{"DELETE", "/hts/tables?databaseId=n&tableId=u", "", 204, exchange{"PUT", "/hts/tables", `{"entity":{"databaseId":"n","tableId":"u","metadataLocation":"/1"}}`, 201, `~`}},
	{"DELETE", "/v1/hts/tables?databaseId=n&tableId=u&isSoftDelete=true", "", 204, exchange{"GET", "/hts/tables/querySoftDeleted?databaseId=n&tableId=u", "", 200, `~`}},
	{"PUT", "/hts/tables/restore?databaseId=n&tableId=u&deletedAtMs={deletedAtMs}", "", 200, exchange{"DELETE", "/hts/tables?databaseId=n&tableId=u", "", 204, ``}},
	{"PUT", "/hts/tables/restore?databaseId=n&tableId=u&deletedAtMs=1", "", 404, exchange{}},
	{"DELETE", "/hts/tables/purge?databaseId=n&tableId=u", "", 204, exchange{}},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"j","jobName":"n","clusterId":"c","state":"QUEUED"}}`, 201, exchange{}},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"j","jobName":"m","clusterId":"c","state":"QUEUED","version":"1"}}`, 200, exchange{}},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"j","jobName":"m","clusterId":"c","state":"QUEUED","version":"1"}}`, 409, exchange{}},
	{"POST", "/hts/jobs/claim?leaseSeconds=60", "", 200, exchange{"PUT", "/hts/jobs", `{"entity":{"jobId":"k","jobName":"n","clusterId":"c","state":"QUEUED"}}`, 201, `~`}},
	{"PATCH", "/hts/jobs/heartbeat?jobId=j", "", 200, exchange{"PATCH", "/hts/jobs/heartbeat?jobId=j", "", 200, `~`}},
	{"PATCH", "/hts/jobs/transition?jobId=j&toState=SUCCEEDED", "", 200, exchange{}},
	{"PATCH", "/hts/jobs/transition?jobId=j&toState=FAILED", "", 409, exchange{}},
	{"DELETE", "/hts/jobs?jobId=j", "", 204, exchange{"PUT", "/hts/jobs", `{"entity":{"jobId":"j","jobName":"n","clusterId":"c"}}`, 201, `~`}},
}

// keysMade is when the keys of this run were made.
var keysMade = time.Now()

func keyOf(n int) string { return keyAt(keysMade, n) }

func keyAt(at time.Time, n int) string {
	return fmt.Sprintf("%08x-%04x-7000-8000-%012d", at.UnixMilli()>>16, at.UnixMilli()&0xffff, n)
}

// TestReplaysUnderHTS: a change that comes again with its key is answered as it was
// the first time, whatever happened since, and another one under that key is refused.
func TestReplaysUnderHTS(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			_, url := serve(t, database)
			deletedAt := ""
			for n, change := range keyedChanges {
				target := strings.ReplaceAll(change.target, "{deletedAtMs}", deletedAt)
				status, first := send(t, change.method, url+target, change.body, keyOf(n))
				if status != change.status {
					t.Errorf("%s %s: status %d, want %d: %s", change.method, target, status, change.status, first)
				}
				if change.meanwhile.method != "" {
					body := change.meanwhile.run(t, url)
					if found := remembered.FindStringSubmatch(body); found != nil {
						deletedAt = found[2]
					}
				}
				again, second := send(t, change.method, url+target, change.body, keyOf(n))
				if again != status || first != second {
					t.Errorf("%s %s: replay %d %s\nfirst %d %s", change.method, target, again, second, status, first)
				}
				if status, answer := send(t, "PUT", url+"/hts/tables", `{"entity":{"databaseId":"n","tableId":"other","metadataLocation":"/x"}}`, ifDefault(target, n)); status != 400 {
					t.Errorf("%s %s: another request under its key: %d %s", change.method, target, status, answer)
				}
			}
			if status, answer := send(t, "DELETE", url+"/hts/jobs?jobId=j", "", "not-a-uuid"); status != 400 || !strings.Contains(answer, "Idempotency-Key") {
				t.Errorf("a bad key: %d %s", status, answer)
			}
			if status, answer := send(t, "GET", url+"/hts/tables?databaseId=n&tableId=other", "", ""); status != 404 {
				t.Errorf("a refused request did something: %d %s", status, answer)
			}
		})
	}
}

// ifDefault is the key of a change in the default warehouse: elsewhere a key is
// another one, and what comes with it too.
func ifDefault(target string, n int) string {
	if strings.HasPrefix(target, "/hts/warehouses") {
		return "bad"
	}
	return keyOf(n)
}

// TestDeliveriesAtOnceUnderHTS: of many deliveries of one request one does it, and
// all are answered the same.
func TestDeliveriesAtOnceUnderHTS(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			_, url := serve(t, database)
			exchange{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n"}}`, 201, `~`}.run(t, url)
			for round := range 10 {
				answers := make([]string, 8)
				var wait sync.WaitGroup
				for i := range answers {
					wait.Go(func() {
						status, body := send(t, "PATCH", url+"/hts/namespaces/n", `{"updates":{"a":"b"}}`, keyOf(round))
						answers[i] = fmt.Sprint(status, body)
					})
				}
				wait.Wait()
				for _, answer := range answers {
					if answer != answers[0] || !strings.HasPrefix(answer, "200") || !strings.Contains(answer, fmt.Sprintf(`"version":%d,`, round+2)) {
						t.Fatalf("round %d: %s\nand %s", round, answer, answers[0])
					}
				}
			}
		})
	}
}

// TestOldKeysUnderHTS: what came longer ago than records are kept is answered from
// its record or not at all.
func TestOldKeysUnderHTS(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			_, url := serve(t, database)
			long := keysMade.Add(-48 * time.Hour)
			for _, change := range []exchange{
				{"POST", "/hts/warehouses", `{"warehouse":{"name":"w"}}`, 503, `~`},
				{"DELETE", "/hts/warehouses/w", "", 503, `~`},
			} {
				if status, answer := send(t, change.method, url+change.target, change.body, keyAt(long, 1)); status != change.status || !strings.Contains(answer, "longer ago") {
					t.Errorf("%s: %d %s", change.method, status, answer)
				}
			}
			if status, answer := send(t, "GET", url+"/hts/warehouses/w", "", ""); status != 404 {
				t.Errorf("something was done: %d %s", status, answer)
			}
			if status, answer := send(t, "PUT", url+"/hts/jobs", `{"entity":{"jobId":"j","jobName":"n","clusterId":"c"}}`, keyAt(long, 2)); status != 201 {
				t.Errorf("a key from before there was the warehouse: %d %s", status, answer)
			}
		})
	}
}

// TestEveryChangeHasItsOperation: a change without a key has one of its own, and
// what changes nothing has none.
func TestEveryChangeHasItsOperation(t *testing.T) {
	database := databases(t)["postgres"]
	_, url := serve(t, database)
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, change := range []struct {
		exchange

		kinds string
	}{
		{exchange{"POST", "/hts/warehouses", `{"warehouse":{"name":"w1"}}`, 201, `~`}, "createWarehouse"},
		{exchange{"PATCH", "/hts/warehouses/w1", `{"updates":{"a":"1"}}`, 200, `~`}, "updateWarehouse"},
		{exchange{"PATCH", "/hts/warehouses/none", `{"updates":{"a":"1"}}`, 404, `~`}, ""},
		{exchange{"DELETE", "/hts/warehouses/w1", "", 204, ``}, "deleteWarehouse"},
		{exchange{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n"}}`, 201, `~`}, "createNamespace"},
		{exchange{"PUT", "/hts/tables", `{"entity":{"databaseId":"n","tableId":"t","metadataLocation":"/1"}}`, 201, `~`}, "putUserTable"},
		{exchange{"DELETE", "/v1/hts/tables?databaseId=n&tableId=t&isSoftDelete=true", "", 204, ``}, "dropUserTable"},
		{exchange{"DELETE", "/hts/tables/purge?databaseId=n&tableId=t", "", 204, ``}, "purgeUserTables"},
		{exchange{"POST", "/hts/jobs/claim?leaseSeconds=60", "", 200, `~`}, ""},
		{exchange{"PUT", "/hts/jobs", `{"entity":{"jobId":"j","jobName":"n","clusterId":"c","state":"QUEUED"}}`, 201, `~`}, "putJob"},
		{exchange{"POST", "/hts/jobs/claim?leaseSeconds=60", "", 200, `~"jobId":"j"`}, "claimJob"},
		{exchange{"PATCH", "/hts/jobs/heartbeat?jobId=j", "", 200, `~`}, "heartbeatJob"},
		{exchange{"PATCH", "/hts/jobs/transition?jobId=j&toState=SUCCEEDED", "", 200, `~`}, "transitionJob"},
		{exchange{"PATCH", "/hts/jobs/transition?jobId=j&toState=FAILED", "", 409, `~`}, ""},
		{exchange{"DELETE", "/hts/jobs?jobId=j", "", 204, ``}, "deleteJob"},
	} {
		change.run(t, url)
		rows, err := conn.Query(t.Context(), "DELETE FROM operation RETURNING kind")
		if err != nil {
			t.Fatal(err)
		}
		kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || strings.Join(kinds, " ") != change.kinds {
			t.Errorf("%s %s recorded %q, %v, want %q", change.method, change.target, kinds, err, change.kinds)
		}
	}
}

func send(t *testing.T, method, url, body, key string, header ...string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return response.StatusCode, string(read)
}
