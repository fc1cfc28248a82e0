package server_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// warehouses leave the warehouse w1 behind.
var warehouses = []exchange{
	{
		"POST", "/hts/warehouses", `{"warehouse":{"name":"w1","location":"s3://b","properties":{"a":"1","b":"2"}}}`, 201,
		`~^\{"warehouse":\{"name":"w1","location":"s3://b","properties":\{"a":"1","b":"2"\},"caseInsensitive":false,"createdAt":"[^"]+Z","version":1,"storage":null\}\}$`,
	},
	{
		"POST", "/hts/warehouses/", `{"warehouse":{"name":"w1"}}`, 409,
		`{"status":"CONFLICT","error":"Conflict","message":"warehouse \"w1\" exists already"` + notAvailable,
	},
	{"POST", "/hts/warehouses", `{"warehouse":{"name":"No"}}`, 400, `~warehouse.name: \\"No\\" is not a warehouse name`},
	{"POST", "/hts/warehouses", `{}`, 400, `~warehouse.name`},
	{"POST", "/hts/warehouses", `{"warehouse":{"name":"w2","caseInsensitive":true}}`, 201, `~"caseInsensitive":true`},
	{"GET", "/hts/warehouses/w1/", "", 200, `~"name":"w1"`},
	{"HEAD", "/hts/warehouses/w1", "", 200, ``},
	{"GET", "/hts/warehouses/none", "", 404, `{"status":"NOT_FOUND","error":"Not Found","message":"warehouse \"none\" does not exist"` + notAvailable},
	{"GET", "/hts/warehouses?pageSize=2", "", 200, `~"name":"default".*"name":"w1".*"nextPageToken":"\w+`},
	{"GET", "/hts/warehouses?pageSize=2&pageToken={nextPageToken}", "", 200, `~^\{"warehouses":\[\{"name":"w2".*\],"nextPageToken":""\}$`},
	{"GET", "/hts/warehouses?pageSize=-1", "", 400, `~page_size: must not be negative`},
	{"PATCH", "/hts/warehouses/w1", `{"updates":{"a":"9","c":"3"},"removals":["b","never"],"expectedVersion":1}`, 200, `~"properties":\{"a":"9","c":"3"\},.*"version":2`},
	{"PATCH", "/hts/warehouses/w1", `{"updates":{"a":"10"},"expectedVersion":1}`, 409, `~warehouse \\"w1\\" is at version 2, not at 1`},
	{"PATCH", "/hts/warehouses/w1", `{"updates":{"a":"1"},"removals":["a"]}`, 422, `~removals\[0\]: \\"a\\" is among the updates too`},
	{"PATCH", "/hts/warehouses/w1", `{"removals":["\u0000"]}`, 400, `~removals\[0\]`},
	{"PATCH", "/hts/warehouses/none", `{}`, 404, `~NOT_FOUND`},
	{"PUT", "/hts/warehouses/w1", `{}`, 405, `~METHOD_NOT_ALLOWED`},
	{"DELETE", "/hts/warehouses", "", 405, `~METHOD_NOT_ALLOWED`},
	{"DELETE", "/hts/warehouses/w2?expectedVersion=2", "", 409, `~warehouse \\"w2\\" is at version 1, not at 2`},
	{"DELETE", "/hts/warehouses/w2?expectedVersion=1", "", 204, ``},
	{"DELETE", "/hts/warehouses/w2", "", 404, `~warehouse \\"w2\\" does not exist`},
	{"DELETE", "/hts/warehouses/default", "", 409, `~still holds namespaces or jobs`},
}

// namespaces are those of the warehouse w1, and those of the default one.
var namespaces = []exchange{
	{
		"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n1","properties":{"owner":"me"},"version":9},"warehouse":"w1"}`, 201,
		`~^\{"namespace":\{"databaseId":"n1","properties":\{"owner":"me"\},"version":1,"createdAt":"[^"]+Z"\}\}$`,
	},
	{
		"POST", "/hts/namespaces/", `{"namespace":{"databaseId":"n1"},"warehouse":"w1"}`, 409,
		`{"status":"CONFLICT","error":"Conflict","message":"namespace \"n1\" exists already"` + notAvailable,
	},
	{
		"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n2.inner"},"warehouse":"w1"}`, 404,
		`{"status":"NOT_FOUND","error":"Not Found","message":"namespace \"n2\" does not exist"` + notAvailable,
	},
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n1.inner"},"warehouse":"w1"}`, 201, `~"databaseId":"n1.inner","properties":\{\}`},
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n2"},"warehouse":"w1"}`, 201, `~n2`},
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n3"},"warehouse":"w1"}`, 201, `~n3`},
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"n1"},"warehouse":"none"}`, 404, `~warehouse \\"none\\" does not exist`},
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":""}}`, 400, `~namespace.database_id: must not be empty`},
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"a\u0007"}}`, 400, `~control character`},
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"x","properties":{"":"v"}}}`, 400, `~namespace.properties: has an empty key`},
	{"POST", "/hts/namespaces", `{"namespace":5}`, 400, `~^\{"status":"BAD_REQUEST"`},
	{"GET", "/hts/namespaces/n1?warehouse=w1", "", 200, `~"owner":"me"`},
	{"GET", "/hts/namespaces/n1.inner/?warehouse=w1", "", 200, `~n1.inner`},
	{"GET", "/hts/namespaces/n1", "", 404, `{"status":"NOT_FOUND","error":"Not Found","message":"namespace \"n1\" does not exist"` + notAvailable},
	{"HEAD", "/hts/namespaces/n1?warehouse=w1", "", 200, ``},
	{"GET", "/hts/namespaces?warehouse=w1&pageSize=2", "", 200, `~^\{"namespaces":\[\{"databaseId":"n1",.*"databaseId":"n2".*\],"nextPageToken":"\w+`},
	{"GET", "/hts/namespaces?pageSize=2&pageToken={nextPageToken}", "", 400, `~belongs to another list`},
	{"GET", "/hts/namespaces?warehouse=w1&pageSize=2&pageToken={nextPageToken}", "", 200, `~^\{"namespaces":\[\{"databaseId":"n3"[^\]]*\],"nextPageToken":""\}$`},
	{"GET", "/hts/namespaces?warehouse=w1&parentDatabaseId=n1", "", 200, `~^\{"namespaces":\[\{"databaseId":"n1.inner"[^\]]*\],"nextPageToken":""\}$`},
	{"GET", "/hts/namespaces?warehouse=w1&parentDatabaseId=none", "", 404, `~NOT_FOUND`},
	{"PATCH", "/hts/namespaces/n1", `{"updates":{"owner":"you","k":"v"},"removals":["never"],"warehouse":"w1"}`, 200, `~"properties":\{"k":"v","owner":"you"\},"version":2`},
	{"PATCH", "/hts/namespaces/n1", `{"removals":["k"],"warehouse":"w1"}`, 200, `~"properties":\{"owner":"you"\},"version":3`},
	{"PATCH", "/hts/namespaces/n1", `{"updates":{"owner":"she"},"expectedVersion":2,"warehouse":"w1"}`, 409, `~"namespace \\"n1\\" is at version 3, not at 2"`},
	{"PATCH", "/hts/namespaces/n1", `{"updates":{"owner":"she"},"expectedVersion":3,"warehouse":"w1"}`, 200, `~"owner":"she".*"version":4`},
	{"DELETE", "/hts/namespaces/n1?warehouse=w1&expectedVersion=3", "", 409, `~is at version 4, not at 3`},
	{"PATCH", "/hts/namespaces/n1", `{"updates":{"k":"v"},"removals":["k"],"warehouse":"w1"}`, 422, `~removals\[0\]: \\"k\\" is among the updates too`},
	{"PATCH", "/hts/namespaces/none", `{"updates":{"k":"v"},"warehouse":"w1"}`, 404, `~namespace \\"none\\" does not exist`},
	// Any id that a catalog may make is one segment of the path.
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"a%2Eb/c ü?"},"warehouse":"w1"}`, 201, `~a%2Eb/c ü\?`},
	{"GET", "/hts/namespaces/a%252Eb%2Fc%20%C3%BC%3F?warehouse=w1", "", 200, `~"databaseId":"a%2Eb/c ü\?"`},
	{"GET", "/hts/namespaces/a%252Eb/c?warehouse=w1", "", 404, `~nothing is served at`},
	{"PATCH", "/hts/namespaces/a%252Eb%2Fc%20%C3%BC%3F/", `{"updates":{"k":"v"},"warehouse":"w1"}`, 200, `~"version":2`},
	{"POST", "/hts/namespaces/a%252Eb%2Fc", `{}`, 405, `~METHOD_NOT_ALLOWED`},
	{"DELETE", "/hts/namespaces/a%252Eb%2Fc%20%C3%BC%3F?warehouse=w1", "", 204, ``},
	{"PUT", "/hts/namespaces/n1", `{}`, 405, `~METHOD_NOT_ALLOWED`},
	{"DELETE", "/hts/namespaces", "", 405, `~METHOD_NOT_ALLOWED`},
	{
		"DELETE", "/hts/namespaces/n1?warehouse=w1", "", 409,
		`{"status":"CONFLICT","error":"Conflict","message":"namespace \"n1\" is not empty"` + notAvailable,
	},
	{"DELETE", "/hts/namespaces/n1.inner?warehouse=w1", "", 204, ``},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"t","databaseId":"n1","metadataLocation":"/1"},"warehouse":"w1"}`, 201, `~"n1"`},
	{"DELETE", "/hts/namespaces/n1?warehouse=w1", "", 409, `~is not empty`},
	{"DELETE", "/hts/tables?warehouse=w1&databaseId=n1&tableId=t", "", 204, ``},
	{"DELETE", "/hts/warehouses/w1", "", 409, `~still holds namespaces or jobs`},
	{"DELETE", "/hts/namespaces/n1/?warehouse=w1", "", 204, ``},
	{"DELETE", "/hts/namespaces/n1?warehouse=w1", "", 404, `~namespace \\"n1\\" does not exist`},
	{"DELETE", "/hts/namespaces/n2?warehouse=w1", "", 204, ``},
	{"DELETE", "/hts/namespaces/n3?warehouse=w1", "", 204, ``},
	{"DELETE", "/hts/warehouses/w1", "", 204, ``},
}

// TestNamespacesOverGRPC: the codes that callers of the services tell apart.
func TestNamespacesOverGRPC(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			client := htsv1.NewNamespaceServiceClient(s.Conn())
			create := func(id string) error {
				_, err := client.CreateNamespace(t.Context(), &htsv1.CreateNamespaceRequest{Namespace: &htsv1.Namespace{DatabaseId: id}})
				return err
			}
			drop := func(id string) error {
				_, err := client.DropNamespace(t.Context(), &htsv1.DropNamespaceRequest{DatabaseId: id})
				return err
			}
			update := func(id string) error {
				_, err := client.UpdateNamespace(t.Context(), &htsv1.UpdateNamespaceRequest{DatabaseId: id, Updates: map[string]string{"k": "v"}})
				return err
			}
			stale := func(id string) error {
				_, err := client.UpdateNamespace(t.Context(), &htsv1.UpdateNamespaceRequest{DatabaseId: id, ExpectedVersion: 1})
				return err
			}
			for _, c := range []struct {
				err  error
				want codes.Code
			}{
				{create("a"), codes.OK},
				{create("a"), codes.AlreadyExists},
				{create("b.c"), codes.NotFound},
				{create("a.c"), codes.OK},
				{update("a"), codes.OK},
				{update("b"), codes.NotFound},
				{stale("a"), codes.Aborted},
				{drop("a"), codes.FailedPrecondition},
				{drop("a.c"), codes.OK},
				{drop("a"), codes.OK},
				{drop("a"), codes.NotFound},
				{drop(""), codes.InvalidArgument},
			} {
				if status.Code(c.err) != c.want {
					t.Errorf("%v, want %s", c.err, c.want)
				}
			}
		})
	}
}
