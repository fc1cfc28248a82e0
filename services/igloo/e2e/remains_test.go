package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestWhatIsLeftOfATable: the files of a table that was dropped for good may still be
// removed, with a signature for each request, by who worked with it; those of one
// that can be restored may not, nor may a new table under the name have them.
func TestWhatIsLeftOfATable(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t, onS3(t).settings...)
			posted(t, d.URL+"/v1/namespaces", `{"namespace":["ns"]}`, http.StatusOK)
			for path, want := range map[string]int{
				d.URL + "/v1/namespaces/ns/tables/t":                                http.StatusOK,
				d.HTS + "/v1/hts/tables?databaseId=ns&tableId=t&isSoftDelete=false": http.StatusOK,
				d.HTS + "/v1/hts/tables?databaseId=ns&tableId=t&isSoftDelete=true":  http.StatusNotFound,
			} {
				sign, request, location := signable(t, d)
				if status, answer := ask(t, http.MethodPost, sign, request); status != http.StatusOK {
					t.Fatalf("%d %s", status, answer)
				}
				must(t, http.MethodDelete, path, "")
				if status, answer := ask(t, http.MethodPost, sign, request); status != want {
					t.Errorf("after DELETE %s: %d %s, want %d", path, status, answer, want)
				}
				if want != http.StatusOK {
					newcomer(t, d, location, request)
				}
			}
		})
	}
}

// signable makes a table, and is where a request to delete its metadata is signed.
func signable(t *testing.T, d *iglootest.Deployment) (sign, request, location string) {
	t.Helper()
	_, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces/ns/tables", table, "X-Iceberg-Access-Delegation", "remote-signing")
	var answer struct {
		File     string `json:"metadata-location"`
		Metadata struct{ Location string }
		Config   map[string]string
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Config["s3.signer.endpoint"] == "" {
		t.Fatalf("%s: %v", body, err)
	}
	uri := answer.Config["s3.endpoint"] + "/" + strings.TrimPrefix(answer.File, "s3://")
	request = `{"region":"` + s3test.Region + `","method":"DELETE","headers":{},"uri":"` + uri + `"}`
	return d.URL + "/" + answer.Config["s3.signer.endpoint"], request, answer.Metadata.Location
}

// newcomer makes a table under the name of one that can be restored, with its folder
// for data: that opens nothing of it.
func newcomer(t *testing.T, d *iglootest.Deployment, location, request string) {
	t.Helper()
	sign, _, _ := signable(t, d)
	posted(t, d.URL+"/v1/namespaces/ns/tables/t",
		`{"requirements":[],"updates":[{"action":"set-properties","updates":{"write.data.path":"`+location+`"}}]}`, http.StatusOK)
	if status, answer := ask(t, http.MethodPost, sign, request); status != http.StatusForbidden {
		t.Errorf("a new table under the name: %d %s", status, answer)
	}
	must(t, http.MethodDelete, d.URL+"/v1/namespaces/ns/tables/t", "")
}
