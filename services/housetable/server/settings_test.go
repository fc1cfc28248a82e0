package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// TestImplicitDatabases: what the setting lets be is 404 without it, as the
// transcript has it.
func TestImplicitDatabases(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			_, url := serveAs(t, server.Config{DatabaseURL: database, ImplicitDatabases: true})
			for _, e := range []exchange{
				{"PUT", "/hts/tables", `{"entity":{"tableId":"t","databaseId":"new","tableVersion":"/0","metadataLocation":"/1"}}`, 409, `~has been deleted by other processes`},
				{"GET", "/hts/namespaces/new", "", 404, `~NOT_FOUND`},
				{"PUT", "/hts/tables", `{"entity":{"tableId":"t","databaseId":"new","tableVersion":"INITIAL_VERSION","metadataLocation":"/1"}}`, 201, `~"databaseId":"new"`},
				{"PUT", "/hts/tables", `{"entity":{"tableId":"u","databaseId":"new","metadataLocation":"/1"}}`, 201, `~"tableId":"u"`},
				{"GET", "/hts/namespaces/new", "", 200, `~"version":1`},
				{"GET", "/hts/tables/query", "", 200, `~^\{"results":\[\{[^{}]*"databaseId":"new"[^{}]*\}\]`},
				// Only a table brings its database into being.
				{"PATCH", "/hts/tables/rename?fromDatabaseId=none&fromTableId=t&toDatabaseId=none&toTableId=u&metadataLocation=/2", "", 404, `~NOT_FOUND`},
				{"GET", "/hts/namespaces/none", "", 404, `~NOT_FOUND`},
			} {
				e.run(t, url)
			}
		})
	}
}

// TestSweeping: what need not be kept goes by itself, and what must be stays.
func TestSweeping(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			_, url := serveAs(t, server.Config{DatabaseURL: database, ImplicitDatabases: true, Upkeep: server.Upkeep{
				SweepInterval: 20 * time.Millisecond, JobRetention: time.Millisecond, SoftDeleteTTL: time.Millisecond,
			}})
			for _, e := range []exchange{
				{"PUT", "/hts/jobs", `{"entity":{"jobId":"on","state":"RUNNING","jobName":"n","clusterId":"c"}}`, 201, `~on`},
				{"PUT", "/hts/jobs", `{"entity":{"jobId":"over","state":"SUCCEEDED","jobName":"n","clusterId":"c"}}`, 201, `~over`},
				{"PUT", "/hts/tables", `{"entity":{"tableId":"kept","databaseId":"d","metadataLocation":"/1"}}`, 201, `~kept`},
				{"PUT", "/hts/tables", `{"entity":{"tableId":"t","databaseId":"d","metadataLocation":"/1"}}`, 201, `~"t"`},
				{"DELETE", "/v1/hts/tables?databaseId=d&tableId=t&isSoftDelete=true", "", 204, ``},
			} {
				e.run(t, url)
			}
			awaitBody(t, url, "/hts/jobs/query", `{"results":[{"jobId":"on"`)
			awaitBody(t, url, "/hts/tables/querySoftDeleted?databaseId=d", `{"results":null,"pageResults":{"content":[],`)
			(&exchange{"GET", "/hts/tables/query?databaseId=d", "", 200, `~^\{"results":\[\{[^{}]*"kept"[^{}]*\}\]`}).run(t, url)
		})
	}
}

// awaitBody asks until an answer begins as wanted.
func awaitBody(t *testing.T, url, target, want string) {
	t.Helper()
	limit, ticker := time.After(20*time.Second), time.NewTicker(20*time.Millisecond)
	defer ticker.Stop()
	for {
		got := (&exchange{"GET", target, "", 200, `~`}).run(t, url)
		if strings.HasPrefix(got, want) {
			return
		}
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatalf("%s is still %s", target, got)
		}
	}
}

// TestUpkeepIsChecked: settings that would lose what is in use are refused.
func TestUpkeepIsChecked(t *testing.T) {
	for want, u := range map[string]server.Upkeep{
		"operation-retention": {OperationRetention: 12*time.Hour - time.Second},
		"soft-delete-ttl":     {SoftDeleteTTL: -1},
		"job-retention":       {JobRetention: -1},
		"sweep-interval":      {SweepInterval: time.Millisecond},
		"job-reap-interval":   {ReapInterval: time.Millisecond},
	} {
		cfg := server.Config{DatabaseURL: "sqlite:///x", Upkeep: u}
		if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	least := server.Config{DatabaseURL: "sqlite:///x", Upkeep: server.Upkeep{OperationRetention: 12 * time.Hour}}
	if err := least.Check(); err != nil {
		t.Error(err)
	}
}

// TestStandbyIsOfPostgres: one file has no standby, and a standby is no file.
func TestStandbyIsOfPostgres(t *testing.T) {
	for _, c := range []struct {
		database, standby string
		fine              bool
	}{
		{"sqlite:///x", "postgres://b/igloo", false},
		{"postgres://a/igloo", "sqlite:///x", false},
		{"postgres://a/igloo", "postgres://b/igloo", true},
	} {
		cfg := server.Config{DatabaseURL: c.database, Standby: c.standby}
		if err := cfg.Check(); (err == nil) != c.fine {
			t.Errorf("%s beside %s: %v", c.standby, c.database, err)
		}
	}
}
