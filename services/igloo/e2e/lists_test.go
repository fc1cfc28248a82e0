package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestListsOfTwins: what was made through one catalog is in the next list of
// another, and what was dropped is not, though both remember lists and have no
// service in common but the database.
func TestListsOfTwins(t *testing.T) {
	d := iglootest.Split(t, nil, nil)
	urls := []string{d.URL, d.Twin(t)}
	if status, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":["c"]}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	const tables = "/v1/namespaces/c/tables"
	var wait sync.WaitGroup
	for worker := range 6 {
		wait.Go(func() {
			name, here, there := fmt.Sprint("t", worker), urls[worker%2]+tables, urls[1-worker%2]+tables
			for range 8 {
				want(t, http.StatusOK, http.MethodPost, here, `{"name":"`+name+`","schema":`+oneColumn+`}`)
				wantListed(t, there, name, true)
				want(t, http.StatusNoContent, http.MethodDelete, here+"/"+name, "")
				wantListed(t, there, name, false)
			}
		})
	}
	wait.Wait()
	for _, url := range urls {
		wantRemembered(t, url, url+tables)
	}
}

// want sends a request that has to be answered with a status, and returns the body.
func want(t *testing.T, status int, method, url, body string) string {
	t.Helper()
	got, answer, err := send(t.Context(), method, url, body)
	if err != nil || got != status {
		t.Errorf("%s %s: %d %s %v, want %d", method, url, got, answer, err, status)
	}
	return answer
}

func wantListed(t *testing.T, list, name string, there bool) {
	t.Helper()
	for _, query := range []string{"", "?pageToken=&pageSize=1000"} {
		if body := want(t, http.StatusOK, http.MethodGet, list+query, ""); strings.Contains(body, `"name":"`+name+`"`) != there {
			t.Errorf("%s is there: %t; %s lists %s", name, there, list+query, body)
		}
	}
}

// wantRemembered wants a list to come from memory once nothing changes it.
func wantRemembered(t *testing.T, catalog, list string) {
	t.Helper()
	remembered := func() float64 {
		return telemetrytest.Fetch(t, catalog+"/metrics").Sum("igloo_cache_lookups_total", "cache", "lists", "result", "hit")
	}
	before := remembered()
	for end := time.Now().Add(time.Minute); remembered() == before; {
		if want(t, http.StatusOK, http.MethodGet, list, ""); time.Now().After(end) {
			t.Fatalf("of %s nothing is remembered: %v hits", list, before)
		}
	}
}
