package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

const (
	crashWriters = 8
	crashRounds  = 4
	crashAfter   = 400 * time.Millisecond
)

// TestKilledInTheMiddleOfWrites kills every process of Igloo again and again
// while writers create and change tables. After each restart every change that
// was acknowledged must be there, and every table must load.
func TestKilledInTheMiddleOfWrites(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			if status, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":["crash"]}`); status != http.StatusOK {
				t.Fatalf("create namespace: %d %s", status, body)
			}
			seen := &acknowledged{properties: map[string]map[string]string{}}
			for round := range crashRounds {
				writeUntilKilled(t, d, seen, round)
				d.Restart(t)
				verify(t, d, seen)
			}
			t.Logf("%d tables, %d acknowledged changes, %d kills", len(seen.properties), seen.changes, crashRounds)
			if seen.changes < crashRounds*crashWriters {
				t.Errorf("only %d changes were acknowledged: the test shows nothing", seen.changes)
			}
		})
	}
}

// acknowledged is what the writers were told is done.
type acknowledged struct {
	sync.Mutex
	properties map[string]map[string]string // table → property → value
	changes    int
}

func (a *acknowledged) note(table, key, value string) {
	a.Lock()
	defer a.Unlock()
	if a.properties[table] == nil {
		a.properties[table] = map[string]string{}
	}
	a.properties[table][key] = value
	a.changes++
}

func writeUntilKilled(t *testing.T, d *iglootest.Deployment, seen *acknowledged, round int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var writers sync.WaitGroup
	for writer := range crashWriters {
		writers.Go(func() { write(ctx, d.URL, seen, fmt.Sprintf("t%d_%d", round, writer)) })
	}
	select {
	case <-time.After(crashAfter):
	case <-ctx.Done():
	}
	d.Kill(t)
	cancel()
	writers.Wait()
}

// write creates a table and sets one property after another until the service
// is gone, noting what was acknowledged.
func write(ctx context.Context, url string, seen *acknowledged, table string) {
	const tables = "/v1/namespaces/crash/tables"
	status, _, err := send(ctx, http.MethodPost, url+tables,
		fmt.Sprintf(`{"name":%q,"schema":{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":false}]}}`, table))
	if err != nil || status != http.StatusOK {
		return
	}
	seen.note(table, "created", "")
	for i := range 10_000 {
		key, value := fmt.Sprintf("k%d", i), fmt.Sprintf("v%d", i)
		status, _, err := send(ctx, http.MethodPost, url+tables+"/"+table,
			fmt.Sprintf(`{"requirements":[],"updates":[{"action":"set-properties","updates":{%q:%q}}]}`, key, value))
		if err != nil || status != http.StatusOK {
			return
		}
		seen.note(table, key, value)
	}
}

func verify(t *testing.T, d *iglootest.Deployment, seen *acknowledged) {
	t.Helper()
	for _, table := range slices.Sorted(maps.Keys(seen.properties)) {
		status, body := ask(t, http.MethodGet, d.URL+"/v1/namespaces/crash/tables/"+table, "")
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", table, status, body)
			continue
		}
		stored := properties(t, body)
		for key, want := range seen.properties[table] {
			if got, ok := stored[key]; key != "created" && (!ok || got != want) {
				t.Errorf("%s: property %s = %q, acknowledged %q", table, key, got, want)
			}
		}
	}
	everyListedTableLoads(t, d)
}

// everyListedTableLoads finds what is half done: a name without its metadata.
func everyListedTableLoads(t *testing.T, d *iglootest.Deployment) {
	t.Helper()
	status, body := ask(t, http.MethodGet, d.URL+"/v1/namespaces/crash/tables", "")
	if status != http.StatusOK {
		t.Fatalf("list: %d %s", status, body)
	}
	var list struct {
		Identifiers []struct{ Name string }
	}
	if err := json.NewDecoder(strings.NewReader(body)).Decode(&list); err != nil {
		t.Fatal(err)
	}
	for _, id := range list.Identifiers {
		if status, body := ask(t, http.MethodGet, d.URL+"/v1/namespaces/crash/tables/"+id.Name, ""); status != http.StatusOK {
			t.Errorf("%s is listed and does not load: %d %s", id.Name, status, body)
		}
	}
}

func properties(t *testing.T, body string) map[string]string {
	t.Helper()
	var answer struct {
		Metadata struct {
			Properties map[string]string `json:"properties"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Metadata.Properties
}
