package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestWarehousesOnTheirOwnStores: of two warehouses on two S3 servers, with one
// location each that is spelled alike but for the end, each finds its files in its
// own, beside the one on local files that has none of its own.
func TestWarehousesOnTheirOwnStores(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			servers := map[string]*s3test.Server{"east": s3test.New(t), "west": s3test.New(t)}
			for name, server := range servers {
				posted(t, d.HTS+"/hts/warehouses", warehouseOn(server, name, s3test.SecretAccessKey), http.StatusCreated)
				makeTable(t, d, name)
			}
			posted(t, d.URL+"/v1/namespaces", `{"namespace":["ns"]}`, http.StatusOK)
			for name, server := range servers {
				if found := objects(t, server); len(found) != 2 || !strings.HasPrefix(found[0], "s3://lake/w/ns/t-") {
					t.Errorf("%s holds %q", name, found)
				}
			}
			refusals(t, d, servers["east"])
			replaced(t, d, servers)
			for _, output := range []string{d.Output(), get(t, d.HTS+"/hts/warehouses")} {
				if strings.Contains(output, s3test.SecretAccessKey) {
					t.Error("the secret is shown")
				}
			}
		})
	}
}

func warehouseOn(server *s3test.Server, name, secret string) string {
	return fmt.Sprintf(`{"warehouse":{"name":%q,"location":"s3://lake/w","storage":{"s3":{
		"endpoint":%q,"region":%q,"pathStyle":true,"accessKeyId":%q,"secretAccessKey":%q}}}}`,
		name, server.Endpoint(), s3test.Region, s3test.AccessKeyID, secret)
}

const table = `{"name":"t","schema":{"type":"struct","fields":[{"id":1,"name":"n","type":"long","required":false}]}}`

// makeTable makes a table and commits to it once.
func makeTable(t *testing.T, d *iglootest.Deployment, warehouse string) {
	t.Helper()
	posted(t, d.URL+"/v1/"+warehouse+"/namespaces", `{"namespace":["ns"]}`, http.StatusOK)
	posted(t, d.URL+"/v1/"+warehouse+"/namespaces/ns/tables", table, http.StatusOK)
	posted(t, d.URL+"/v1/"+warehouse+"/namespaces/ns/tables/t", `{"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"v"}}]}`, http.StatusOK)
}

// refusals: what cannot be is refused, and says why.
func refusals(t *testing.T, d *iglootest.Deployment, server *s3test.Server) {
	t.Helper()
	for body, want := range map[string]string{
		warehouseOn(server, "third", s3test.SecretAccessKey):                                                                 "overlaps",
		strings.ReplaceAll(warehouseOn(server, "third", "wrong"), "s3://lake/w", "s3://lake/third"):                          "the right to write objects is missing at root s3://lake/third",
		strings.ReplaceAll(warehouseOn(server, "third", s3test.SecretAccessKey), "s3://lake/w", "gs://lake/third"):           "not in the store of the profile",
		strings.ReplaceAll(warehouseOn(server, "third", s3test.SecretAccessKey), "s3://lake/w", "s3://no-such-bucket/third"): "does not exist",
	} {
		status, answer := ask(t, http.MethodPost, d.HTS+"/hts/warehouses", body)
		if status < 400 || status >= 500 || !strings.Contains(answer, want) {
			t.Errorf("want %q: %d %s", want, status, answer)
		}
	}
	outside := strings.Replace(table, `"name":"t",`, `"name":"u","location":"s3://lake/elsewhere/u",`, 1)
	if status, answer := ask(t, http.MethodPost, d.URL+"/v1/east/namespaces/ns/tables", outside); status != http.StatusBadRequest {
		t.Errorf("a table outside of the roots: %d %s", status, answer)
	}
}

// replaced: a change of a profile holds soon, and without a restart.
func replaced(t *testing.T, d *iglootest.Deployment, servers map[string]*s3test.Server) {
	t.Helper()
	moved := fmt.Sprintf(`{"storage":{"s3":{"endpoint":%q,"region":%q,"pathStyle":true,"accessKeyId":%q},"allowedRoots":["s3://lake/more"]}}`,
		servers["east"].Endpoint(), s3test.Region, s3test.AccessKeyID)
	if status, answer := ask(t, http.MethodPatch, d.HTS+"/hts/warehouses/east", moved); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	posted(t, d.HTS+"/hts/warehouses/east/check", "", http.StatusOK)
	posted(t, d.HTS+"/hts/warehouses/east/reseal", "", http.StatusOK)
	more := strings.Replace(table, `"name":"t",`, `"name":"m","location":"s3://lake/more/m",`, 1)
	deadline := time.Now().Add(time.Minute)
	for {
		status, answer := ask(t, http.MethodPost, d.URL+"/v1/east/namespaces/ns/tables", more)
		if status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("in a root that was added: %d %s", status, answer)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func posted(t *testing.T, url, body string, want int) {
	t.Helper()
	if status, answer := ask(t, http.MethodPost, url, body); status != want {
		t.Fatalf("POST %s: %d %s", url, status, answer)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	_, answer := ask(t, http.MethodGet, url, "")
	return answer
}

// objects are the locations of all files of a server's bucket.
func objects(t *testing.T, server *s3test.Server) []string {
	t.Helper()
	var found []string
	for object, err := range openBucket(t, server).List(t.Context(), "s3://lake/") {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, object.Location)
	}
	return found
}

// openBucket reaches all that a server has.
func openBucket(t *testing.T, server *s3test.Server) objectstore.Store {
	t.Helper()
	store, err := s3.Open(t.Context(), s3.Config{
		Endpoint: server.Endpoint(), Region: s3test.Region, PathStyle: true,
		AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}
