package server_test

import (
	"cmp"
	"fmt"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// renames go through the checks in their order.
var renames = []exchange{
	{"PUT", "/hts/tables", `{"entity":{"tableId":"r1","databaseId":"d1","metadataLocation":"/r/1","storageType":"s3","creationTime":5}}`, 201, `~"r1"`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"taken","databaseId":"d1","metadataLocation":"/t/1"}}`, 201, `~"taken"`},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=r1&toDatabaseId=d1&metadataLocation=/r/2", "", 400, `~toTableId: cannot be empty`},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=r1&toDatabaseId=d1&toTableId=r-2&metadataLocation=/r/2", "", 400, `~only alphanumerics`},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=none&toDatabaseId=D1&toTableId=NONE&metadataLocation=/r/2", "", 400, `~same name`},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=none&toDatabaseId=d2&toTableId=r2&metadataLocation=/r/2", "", 400, `~Cross database rename is not supported: from d1 to d2`},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=r1&toDatabaseId=D1&toTableId=r2&metadataLocation=/r/2", "", 400, `~Cross database rename`},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=r1&toDatabaseId=d1&toTableId=r2", "", 400, `~metadataLocation: must not be empty`},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=none&toDatabaseId=d1&toTableId=taken&metadataLocation=/r/2", "", 404, `~User table d1.none cannot be found","stacktrace":null,"cause":"Not Available"`},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=r1&toDatabaseId=d1&toTableId=taken&metadataLocation=/r/2", "", 409, `~Table taken already exists`},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=r1&toDatabaseId=d1&toTableId=r2&metadataLocation=/r/2&expectedMetadataLocation=/r/0", "", 409, `~has been modified by other processes: it is not renamed; version 1 is a create at `},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=r1&toDatabaseId=d1&toTableId=r2&metadataLocation=/r/2&expectedMetadataLocation=/r/1", "", 204, ``},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=r1&toDatabaseId=d1&toTableId=r2&metadataLocation=/r/2", "", 404, `~NOT_FOUND`},
	{
		"GET", "/hts/tables?databaseId=d1&tableId=r2", "", 200,
		`{"entity":{"deletedAtMs":null,"purgeAfterMs":null,"tableId":"r2","databaseId":"d1","tableVersion":"/r/2","metadataLocation":"/r/2","storageType":"s3","creationTime":5}}`,
	},
	{"PATCH", "/hts/tables/rename/?fromDatabaseId=d1&fromTableId=r2&toDatabaseId=d1&toTableId=r1&metadataLocation=/r/3", "", 204, ``},
	{"PATCH", "/hts/tables/rename?fromDatabaseId=d1&fromTableId=v&toDatabaseId=d1&toTableId=w&metadataLocation=/r/3", "", 404, `~NOT_FOUND`},
	{"PUT", "/hts/tables/rename", "", 405, `~METHOD_NOT_ALLOWED`},
}

// TestRenameAgainstPut: of a rename and a put from one base, one wins and the
// other is told so; nothing that was acknowledged is lost.
func TestRenameAgainstPut(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			tables := htsv1.NewUserTableServiceClient(s.Conn())
			seedDatabase(t, s, "d1")
			for round := range 20 {
				from, to := fmt.Sprint("a", round), fmt.Sprint("b", round)
				put := func(location, version string) error {
					_, err := tables.PutUserTable(t.Context(), &htsv1.PutUserTableRequest{Entity: &htsv1.UserTable{
						DatabaseId: new("d1"), TableId: &from, TableVersion: &version, MetadataLocation: &location,
					}})
					return err
				}
				if err := put("/1", "INITIAL_VERSION"); err != nil {
					t.Fatal(err)
				}
				var renamed, written error
				var both sync.WaitGroup
				both.Go(func() { written = put("/2", "/1") })
				both.Go(func() {
					_, renamed = tables.RenameUserTable(t.Context(), &htsv1.RenameUserTableRequest{
						FromDatabaseId: "d1", FromTableId: from, ToDatabaseId: "d1", ToTableId: to,
						MetadataLocation: "/r", ExpectedMetadataLocation: new("/1"),
					})
				})
				both.Wait()
				if (renamed == nil) == (written == nil) {
					t.Fatalf("round %d: rename %v, put %v", round, renamed, written)
				}
				if lost := cmp.Or(status.Code(renamed), status.Code(written)); lost != codes.Aborted {
					t.Fatalf("round %d: rename %v, put %v", round, renamed, written)
				}
			}
		})
	}
}

func seedDatabase(t *testing.T, s *server.Server, id string) {
	t.Helper()
	_, err := htsv1.NewCommitServiceClient(s.Conn()).Commit(t.Context(), &htsv1.CommitRequest{
		Operations: []*htsv1.Operation{{Id: make([]byte, 16), Outcome: &htsv1.Outcome{Status: 200}}},
		Changes:    []*htsv1.Change{{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{DatabaseId: id}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
}
