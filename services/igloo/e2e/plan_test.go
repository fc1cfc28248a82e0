package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

const (
	manyFiles = 5000 // of the table that plan_table.py makes
	manyPath  = "/v1/namespaces/plans/tables/many"
)

// planKey is what replicas sign plans with; `igloo serve` makes its own.
var planKey = []string{"--plan-key", "a key of this test"}

// TestTasksOutliveTheProcess fetches the tasks of a plan after every process was
// killed and started again.
func TestTasksOutliveTheProcess(t *testing.T) {
	for shape, settings := range map[string][]string{"embedded": nil, "split": planKey} {
		t.Run(shape, func(t *testing.T) {
			d := startShape(t, shape, settings...)
			p := planMany(t, d)
			if p.Status != "completed" || len(p.Tasks) < 2 {
				t.Fatalf("status %q, %d tasks, want a completed plan of several", p.Status, len(p.Tasks))
			}
			d.Kill(t)
			d.Restart(t)
			wantAllFiles(t, d.URL, p.Tasks)
			wantRefusals(t, d.URL, p)
		})
	}
}

// TestPlansAreServedByReplicas submits a plan to one catalog, and asks another
// with the same key for what it says, and the first one after it was killed.
func TestPlansAreServedByReplicas(t *testing.T) {
	d := startShape(t, "split", append([]string{"--plan-submit-files", "5000"}, planKey...)...)
	replica := d.Replica(t)
	p := planMany(t, d)
	if p.Status != "submitted" || p.ID == "" {
		t.Fatalf("status %q, id %q, want a submitted plan", p.Status, p.ID)
	}
	wantAllFiles(t, d.URL, fetchPlan(t, replica, p.ID))
	wantAllFiles(t, replica, fetchPlan(t, d.URL, p.ID))
	d.Kill(t)
	d.Restart(t)
	wantAllFiles(t, d.URL, fetchPlan(t, d.URL, p.ID))
}

func startShape(t *testing.T, name string, settings ...string) *iglootest.Deployment {
	t.Helper()
	for _, shape := range iglootest.Shapes() {
		if shape.Name == name {
			return shape.Start(t, settings...)
		}
	}
	t.Fatalf("there is no shape %s", name)
	return nil
}

type planned struct {
	Status string            `json:"status"`
	ID     string            `json:"plan-id"`
	Tasks  []string          `json:"plan-tasks"`
	Files  []json.RawMessage `json:"file-scan-tasks"`
}

func askPlan(t *testing.T, method, url, body string) planned {
	t.Helper()
	status, text := ask(t, method, url, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, url, status, text)
	}
	var p planned
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func planMany(t *testing.T, d *iglootest.Deployment) planned {
	t.Helper()
	python(t, "plan_table.py", d.URL)
	return askPlan(t, http.MethodPost, d.URL+manyPath+"/plan", `{}`)
}

func fetchPlan(t *testing.T, url, id string) []string {
	t.Helper()
	p := askPlan(t, http.MethodGet, url+manyPath+"/plan/"+id, "")
	if p.Status != "completed" || len(p.Tasks) < 2 {
		t.Fatalf("status %q, %d tasks, want a completed plan of several", p.Status, len(p.Tasks))
	}
	return p.Tasks
}

func wantAllFiles(t *testing.T, url string, tasks []string) {
	t.Helper()
	files := 0
	for _, task := range tasks {
		files += len(askPlan(t, http.MethodPost, url+manyPath+"/tasks", `{"plan-task":`+jsonString(t, task)+`}`).Files)
	}
	if files != manyFiles {
		t.Errorf("the tasks have %d files, want %d", files, manyFiles)
	}
}

// wantRefusals asks for what is no task of the table that it is asked of.
func wantRefusals(t *testing.T, url string, p planned) {
	t.Helper()
	other := strings.Replace(manyPath, "many", "other", 1)
	for name, wrong := range map[string]struct{ table, task string }{
		"forged":           {manyPath, p.Tasks[0] + "AAAA"},
		"a plan's id":      {manyPath, p.ID},
		"of another table": {other, p.Tasks[0]},
	} {
		status, body := ask(t, http.MethodPost, url+wrong.table+"/tasks", `{"plan-task":`+jsonString(t, wrong.task)+`}`)
		if status != http.StatusNotFound || !strings.Contains(body, "NoSuchPlanTaskException") {
			t.Errorf("a task %s: %d %s", name, status, body)
		}
	}
	if status, body := ask(t, http.MethodGet, url+other+"/plan/"+p.ID, ""); status != http.StatusNotFound {
		t.Errorf("a plan of another table: %d %s", status, body)
	}
}
