package server_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// TestPointReadsThatGoTogether has many callers read through one client: what is
// there, spelled another way, what is not there, and what cannot be. Each gets
// the verdict that it would get alone.
func TestPointReadsThatGoTogether(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			fillFolded(t, s)
			together, alone := grpcclient.Tables(s.Conn()), htsv1.NewTableServiceClient(s.Conn())
			keys := []*htsv1.TableKey{
				{DatabaseId: "db", TableId: "t1"},
				{DatabaseId: "DB", TableId: "T2"},
				{DatabaseId: "db", TableId: "absent"},
				{DatabaseId: "db", TableId: "t1", Function: true},
				{DatabaseId: "db", TableId: strings.Repeat("x", 256)},
			}
			var wait sync.WaitGroup
			for caller := range 64 {
				wait.Go(func() {
					for n := range 20 {
						request := &htsv1.GetTableRequest{Warehouse: []string{"folded", "", "nowhere", "No!"}[caller%4], Key: keys[(caller/4+n)%len(keys)]}
						sameVerdict(t, request, together, alone)
					}
				})
			}
			wait.Wait()
		})
	}
}

// sameVerdict asks two clients the same, who have to answer the same.
func sameVerdict(t *testing.T, request *htsv1.GetTableRequest, one, other htsv1.TableServiceClient) {
	t.Helper()
	ctx := telemetry.WithRequestID(t.Context(), "r")
	got, err := one.GetTable(ctx, request)
	want, wanted := other.GetTable(ctx, request)
	if fmt.Sprint(got.GetTable().GetKey()) != fmt.Sprint(want.GetTable().GetKey()) || fmt.Sprint(err) != fmt.Sprint(wanted) {
		t.Errorf("%v: %v %v, alone %v %v", request, got, err, want, wanted)
	}
}

// fillFolded makes a warehouse that folds names, and two tables in it.
func fillFolded(t *testing.T, s *server.Server) {
	t.Helper()
	ctx := t.Context()
	if _, err := htsv1.NewWarehouseServiceClient(s.Conn()).CreateWarehouse(ctx, &htsv1.CreateWarehouseRequest{Warehouse: &htsv1.Warehouse{Name: "folded", CaseInsensitive: true}}); err != nil {
		t.Fatal(err)
	}
	commitFolded(ctx, t, s, 1, &htsv1.Change{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{DatabaseId: "db"}}})
	for n := range 2 {
		commitFolded(ctx, t, s, byte(2+n), &htsv1.Change{Change: &htsv1.Change_CreateTable{CreateTable: &htsv1.CreateTable{
			Key: &htsv1.TableKey{DatabaseId: "db", TableId: fmt.Sprint("t", 1+n)}, MetadataLocation: "/1",
		}}})
	}
}

func commitFolded(ctx context.Context, t *testing.T, s *server.Server, operation byte, change *htsv1.Change) {
	t.Helper()
	r, err := htsv1.NewCommitServiceClient(s.Conn()).Commit(ctx, &htsv1.CommitRequest{
		Warehouse:  "folded",
		Operations: []*htsv1.Operation{{Id: append([]byte{operation}, make([]byte, 15)...), Outcome: &htsv1.Outcome{Status: 200}}},
		Changes:    []*htsv1.Change{change},
	})
	if err != nil || r.GetCommitted() == nil {
		t.Fatal(r, err)
	}
}

// TestBatchSaysWhoseTableIsWhose reads in one call what is there twice and what
// is not.
func TestBatchSaysWhoseTableIsWhose(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			fillFolded(t, s)
			key := func(table string) *htsv1.TableKey { return &htsv1.TableKey{DatabaseId: "db", TableId: table} }
			tables := htsv1.NewTableServiceClient(s.Conn())
			r, err := tables.BatchGetTables(t.Context(), &htsv1.BatchGetTablesRequest{
				Warehouse: "folded", Keys: []*htsv1.TableKey{key("absent"), key("T2"), key("t1"), key("t2")},
			})
			if err != nil || len(r.GetTables()) != 3 || fmt.Sprint(r.GetIndexes()) != "[1 2 3]" || r.GetTables()[0].GetKey().GetTableId() != "t2" ||
				r.GetTables()[1].GetKey().GetTableId() != "t1" {
				t.Fatal(r, err)
			}
			_, err = tables.BatchGetTables(t.Context(), &htsv1.BatchGetTablesRequest{Keys: []*htsv1.TableKey{key("")}})
			if status.Code(err) != codes.InvalidArgument {
				t.Fatalf("an empty name: %v", err)
			}
		})
	}
}
