package e2e_test

import (
	"net/http"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestHouseTablesOverREST goes through the pages of OpenHouse's House Tables API.
func TestHouseTablesOverREST(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			mustCreate(t, d, "/v1/namespaces", `{"namespace":["my_database"]}`)
			for _, step := range houseTableSteps() {
				status, body := ask(t, step.method, d.HTS+step.path, step.body)
				if status != step.status {
					t.Fatalf("%s %s: %d %s, want %d", step.method, step.path, status, body, step.status)
				}
				if step.answer != "" && body != step.answer {
					t.Errorf("%s %s:\n got %s\nwant %s", step.method, step.path, body, step.answer)
				}
			}
		})
	}
}

type houseTableStep struct {
	method, path, body string
	status             int
	answer             string
}

func houseTableSteps() []houseTableStep {
	const (
		tables = "/hts/tables"
		table  = tables + "?databaseId=my_database&tableId=my_table"
		jobs   = "/hts/jobs"
		first  = `{"deletedAtMs":null,"purgeAfterMs":null,"tableId":"my_table","databaseId":"my_database","tableVersion":"/m/1","metadataLocation":"/m/1","storageType":"hdfs","creationTime":77}`
		second = `{"deletedAtMs":null,"purgeAfterMs":null,"tableId":"my_table","databaseId":"my_database","tableVersion":"/m/2","metadataLocation":"/m/2","storageType":"hdfs","creationTime":77}`
		create = `{"entity":{"tableId":"my_table","databaseId":"my_database","tableVersion":"INITIAL_VERSION","metadataLocation":"/m/1","creationTime":77}}`
		swap   = `{"entity":{"tableId":"my_table","databaseId":"my_database","tableVersion":"/m/1","metadataLocation":"/m/2"}}`
		job    = `{"entity":{"jobId":"j-1","state":"QUEUED","jobName":"my_job","clusterId":"my_cluster","creationTimeMs":1651002318265}}`
		stored = `{"jobId":"j-1","state":"QUEUED","version":"1","jobName":"my_job","clusterId":"my_cluster","creationTimeMs":1651002318265,"startTimeMs":null,"finishTimeMs":null,"lastUpdateTimeMs":null,"jobConf":null,"heartbeatTimeMs":null,"executionId":null,"engineType":null,"retentionTimeSec":null}`
	)
	return []houseTableStep{
		{http.MethodGet, table, "", http.StatusNotFound, `{"status":"NOT_FOUND","error":"Not Found","message":"User table my_database.my_table cannot be found","stacktrace":null,"cause":null}`},
		{http.MethodPut, tables, `{"entity":{"tableId":"t","databaseId":"none","metadataLocation":"/m/1"}}`, http.StatusNotFound, ""},
		{http.MethodPut, tables, create, http.StatusCreated, `{"entity":` + first + `}`},
		{http.MethodPut, tables, create, http.StatusConflict, ""},
		{http.MethodPut, tables, swap, http.StatusOK, `{"entity":` + second + `}`},
		{http.MethodPut, tables, swap, http.StatusConflict, ""},
		{http.MethodGet, table, "", http.StatusOK, `{"entity":` + second + `}`},
		{http.MethodGet, tables + "/query?databaseId=my_database", "", http.StatusOK, `{"results":[` + second + `],"pageResults":null}`},
		{http.MethodGet, tables + "/query?databaseId=my_database&tableId=my%25", "", http.StatusOK, `{"results":[` + second + `],"pageResults":null}`},
		{http.MethodGet, tables + "?databaseId=d-1&tableId=t", "", http.StatusBadRequest, ""},
		{http.MethodDelete, "/v1" + table + "&isSoftDelete=true", "", http.StatusNoContent, ""},
		{http.MethodGet, "/v1/hts/tables/query?databaseId=my_database&size=0", "", http.StatusBadRequest, ""},
		{http.MethodPut, tables, create, http.StatusCreated, `{"entity":` + first + `}`},
		{http.MethodDelete, table, "", http.StatusNoContent, ""},
		{http.MethodDelete, table, "", http.StatusNotFound, ""},
		{http.MethodPut, jobs, job, http.StatusCreated, `{"entity":` + stored + `}`},
		{http.MethodGet, jobs + "?jobId=j-1", "", http.StatusOK, `{"entity":` + stored + `}`},
		{http.MethodGet, jobs + "/query?state=QUEUED", "", http.StatusOK, `{"results":[` + stored + `],"pageResults":null}`},
		{http.MethodGet, jobs + "/query?state=RUNNING", "", http.StatusOK, `{"results":[],"pageResults":null}`},
		{http.MethodDelete, jobs + "?jobId=j-1", "", http.StatusNoContent, ""},
		{http.MethodGet, jobs + "?jobId=j-1", "", http.StatusNotFound, ""},
		{http.MethodGet, tables + "//query?databaseId=my_database", "", http.StatusNotFound, `{"status":"NOT_FOUND","error":"Not Found","message":"nothing is served at /hts/tables//query","stacktrace":null,"cause":"Not Available"}`},
		{http.MethodGet, "/hts", "", http.StatusNotFound, `{"status":"NOT_FOUND","error":"Not Found","message":"nothing is served at /hts","stacktrace":null,"cause":"Not Available"}`},
		{http.MethodGet, "/v1/hts", "", http.StatusNotFound, `{"status":"NOT_FOUND","error":"Not Found","message":"nothing is served at /v1/hts","stacktrace":null,"cause":"Not Available"}`},
		{http.MethodPost, "/hts/namespaces", `{"namespace":{"databaseId":"another","properties":{"k":"v"}}}`, http.StatusCreated, ""},
		{http.MethodGet, "/hts/namespaces/another", "", http.StatusOK, ""},
		{http.MethodPatch, "/hts/namespaces/another", `{"removals":["k"]}`, http.StatusOK, ""},
		{http.MethodDelete, "/hts/namespaces/another", "", http.StatusNoContent, ""},
		{http.MethodDelete, "/hts/namespaces/another", "", http.StatusNotFound, ""},
	}
}
