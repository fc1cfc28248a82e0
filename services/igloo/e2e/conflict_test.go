package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestAConflictNamesItsWinner: who loses is told what is there now, since when,
// who put it there, and in which request.
func TestAConflictNamesItsWinner(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			const table = "/v1/namespaces/c/tables/t"
			for _, c := range []struct{ path, body string }{
				{"/v1/namespaces", `{"namespace":["c"]}`},
				{"/v1/namespaces/c/tables", `{"name":"t","schema":` + oneColumn + `}`},
				{table, `{"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"1"}}]}`},
			} {
				if status, body := ask(t, http.MethodPost, d.URL+c.path, c.body, "X-Request-Id", "the-winner"); status != http.StatusOK {
					t.Fatalf("%s: %d %s", c.path, status, body)
				}
			}
			status, body := ask(t, http.MethodPost, d.URL+table,
				`{"requirements":[{"type":"assert-current-schema-id","current-schema-id":7}],"updates":[{"action":"set-properties","updates":{"a":"2"}}]}`)
			if status != http.StatusConflict {
				t.Fatalf("%d %s", status, body)
			}
			for _, part := range []string{"current is version 2, committed at 20", " by anonymous in request the-winner, at file://", ".metadata.json"} {
				if !strings.Contains(body, part) {
					t.Errorf("%s does not say %q", body, part)
				}
			}
		})
	}
}
