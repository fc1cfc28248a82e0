package server_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// TestVisibility: lists leave out what is not visible, and pages go on.
func TestVisibility(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			for _, id := range []string{"a", "b"} {
				if err := commitFor(t, s.Conn(), "corp:alice", id); err != nil {
					t.Fatal(err)
				}
			}
			tables, namespaces := htsv1.NewTableServiceClient(s.Conn()), htsv1.NewNamespaceServiceClient(s.Conn())
			table, err := tables.GetTable(t.Context(), &htsv1.GetTableRequest{Key: &htsv1.TableKey{DatabaseId: "a", TableId: "t"}})
			if err != nil || table.GetTable().GetOwner() != "corp:alice" {
				t.Fatalf("%v, %v", table, err)
			}
			given, none := &htsv1.Visibility{Uuids: [][]byte{table.GetTable().GetUuid()}}, &htsv1.Visibility{}
			for id, c := range map[string]struct {
				v      *htsv1.Visibility
				tables int
				code   codes.Code
			}{"a": {given, 1, codes.OK}, "b": {given, 0, codes.NotFound}} {
				page, err := tables.ListTables(t.Context(), &htsv1.ListTablesRequest{DatabaseId: id, Visibility: c.v})
				if err != nil || len(page.GetTables()) != c.tables {
					t.Errorf("%s: %v, %v", id, page, err)
				}
				if _, err := namespaces.GetNamespace(t.Context(), &htsv1.GetNamespaceRequest{DatabaseId: id, Visibility: c.v}); status.Code(err) != c.code {
					t.Errorf("%s: %v", id, err)
				}
			}
			for v, want := range map[*htsv1.Visibility]string{nil: "a b", given: "a", none: "", {Owner: "corp:alice"}: "a b", {DatabaseIds: []string{"b"}}: "b"} {
				page, err := namespaces.ListNamespaces(t.Context(), &htsv1.ListNamespacesRequest{Visibility: v})
				var ids []string
				for _, n := range page.GetNamespaces() {
					ids = append(ids, n.GetDatabaseId())
				}
				if got := strings.Join(ids, " "); err != nil || got != want {
					t.Errorf("%v: %q, want %q, %v", v, got, want, err)
				}
			}
			for _, v := range []*htsv1.Visibility{{Uuids: [][]byte{{1}}}, {Uuids: make([][]byte, 10_001)}, {DatabaseIds: []string{""}}, {Owner: "\x00"}} {
				if _, err := tables.ListTables(t.Context(), &htsv1.ListTablesRequest{DatabaseId: "a", Visibility: v}); status.Code(err) != codes.InvalidArgument {
					t.Errorf("%.80v: %v", v, err)
				}
			}
		})
	}
}
