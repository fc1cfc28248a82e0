package rest_test

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// planning gives a world the routes of scan planning.
func planning(t *testing.T) func(*choices) {
	t.Helper()
	return planningWith(t, scan.Settings{Key: "a key of the tests"})
}

func planningWith(t *testing.T, settings scan.Settings) func(*choices) {
	t.Helper()
	return func(c *choices) {
		local, err := objectstore.OpenLocal()
		check(t, err)
		c.options.Scans, err = scan.New(everywhere{local}, settings, slog.New(slog.DiscardHandler))
		check(t, err)
	}
}

const planned = "/v1/namespaces/n/tables/t"

func TestPlanningRoutes(t *testing.T) {
	w := newWorld(t, planning(t))
	endpoints, _ := w.must(t, "GET", "/v1/config", "")["endpoints"].([]any)
	table := "/v1/{prefix}/namespaces/{namespace}/tables/{table}"
	for _, endpoint := range []string{"POST " + table + "/plan", "GET " + table + "/plan/{plan-id}", "DELETE " + table + "/plan/{plan-id}", "POST " + table + "/tasks"} {
		if !slices.Contains(endpoints, any(endpoint)) {
			t.Errorf("%s is not listed", endpoint)
		}
	}
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	w.refused(t, 404, "NoSuchTableException", "POST", planned+"/plan", `{}`)
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":{"type":"struct","fields":[{"id":1,"name":"x","type":"long","required":false}]}}`)
	answer := w.must(t, "POST", planned+"/plan", `{"filter":{"type":"eq","term":"x","value":1},"select":["x"]}`)
	id, _ := answer["plan-id"].(string)
	if answer["status"] != "completed" || id == "" {
		t.Fatal(answer)
	}
	w.must(t, "DELETE", planned+"/plan/"+id, "")
	w.refused(t, 404, "NoSuchPlanIdException", "GET", planned+"/plan/none", "")
	w.refused(t, 404, "NoSuchPlanIdException", "DELETE", planned+"/plan/none", "")
	w.refused(t, 404, "NoSuchPlanTaskException", "POST", planned+"/tasks", `{"plan-task":"none"}`)
}

func TestPlanningRefusesBadRequests(t *testing.T) {
	w := newWorld(t, planning(t))
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":{"type":"struct","fields":[{"id":1,"name":"x","type":"long","required":false}]}}`)
	for _, body := range []string{
		``, `[]`, `{"snapshot-id":7}`, `{"snapshot-id":"7"}`, `{"select":[1]}`, `{"select":["y"]}`, `{"filter":"x"}`,
		`{"filter":{"type":"eq","term":"y","value":1}}`, `{"start-snapshot-id":1}`, `{"snapshot-id":1,"end-snapshot-id":1}`, `{"case-sensitive":"no"}`,
	} {
		w.refused(t, 400, "BadRequestException", "POST", planned+"/plan", body)
	}
	w.refused(t, 400, "BadRequestException", "POST", planned+"/tasks", `{}`)
}
