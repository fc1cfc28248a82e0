package server_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// TestLostRaceNamesItsWinner: whoever loses is told who won, in a typed detail.
func TestLostRaceNamesItsWinner(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			seedDatabase(t, s, "d1")
			tables := htsv1.NewUserTableServiceClient(s.Conn())
			ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "the-winner")
			put := &htsv1.PutUserTableRequest{Entity: &htsv1.UserTable{DatabaseId: new("d1"), TableId: new("t"), MetadataLocation: new("/1")}}
			if _, err := tables.PutUserTable(ctx, put); err != nil {
				t.Fatal(err)
			}
			_, again := tables.PutUserTable(t.Context(), put)
			_, dropped := tables.DeleteUserTable(t.Context(), &htsv1.DeleteUserTableRequest{
				DatabaseId: "d1", TableId: "t", ExpectedMetadataLocation: new("/0"),
			})
			_, renamed := tables.RenameUserTable(t.Context(), &htsv1.RenameUserTableRequest{
				FromDatabaseId: "d1", FromTableId: "t", ToDatabaseId: "d1", ToTableId: "u", MetadataLocation: "/2", ExpectedMetadataLocation: new("/0"),
			})
			for what, err := range map[string]error{"put": again, "delete": dropped, "rename": renamed} {
				c := conflictOf(err)
				if status.Code(err) != codes.Aborted || c.GetWinner().GetRequestId() != "the-winner" ||
					c.GetWinner().GetVersion() != 1 || c.GetCurrent().GetMetadataLocation() != "/1" {
					t.Errorf("%s: %v with %v", what, err, c)
				}
			}
		})
	}
}

// conflictOf is the typed detail of an error.
func conflictOf(err error) *htsv1.ChangeConflict {
	for _, detail := range status.Convert(err).Details() {
		if c, ok := detail.(*htsv1.ChangeConflict); ok {
			return c
		}
	}
	return nil
}
