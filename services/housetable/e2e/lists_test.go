package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
)

// TestListsOfTwoReplicasWithAStandby: what was made through one replica is in the
// next list of the other, whose lists come from a standby, or do not when that dies.
func TestListsOfTwoReplicasWithAStandby(t *testing.T) {
	pgtest.Binaries(t)
	primary, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Stop() })
	migrate(t, primary.URL("postgres"))
	standby, err := primary.Standby(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Stop() })
	replicas := serve(t, 2, primary.URL("postgres"), "--database-standby", standby.URL("postgres"))
	replicas[0].commit(t, newNamespace())
	const all = "/hts/tables/query?databaseId=db"
	for n := range 20 {
		name := fmt.Sprint("t", n)
		replicas[n%2].commit(t, newTable(name))
		if list := replicas[1-n%2].must(t, http.MethodGet, all, ""); !strings.Contains(list, `"tableId":"`+name+`"`) {
			t.Fatalf("%s is not in the list of the other replica: %s", name, list)
		}
	}
	for i, r := range replicas {
		until(t, fmt.Sprint("a list of replica ", i, " comes from the standby"), func() bool {
			r.must(t, http.MethodGet, all, "")
			return strings.Contains(r.must(t, http.MethodGet, "/metrics", ""), `igloo_housetable_standby_lists_total{outcome="served"}`)
		})
	}
	if err := standby.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, r := range replicas {
		for range 3 {
			if list := r.must(t, http.MethodGet, all, ""); strings.Count(list, `"tableId"`) < 20 {
				t.Errorf("without the standby: %s", list)
			}
		}
	}
}
